"""CSV for spreadsheets: delimiters by language, and no cell that is taken for a formula."""

import csv
import io
from collections.abc import Iterable, Sequence

from lumira.models import Language
from lumira.money import plain_amount

#: Without it, Excel reads UTF-8 as the code page of the machine.
BYTE_ORDER_MARK = "\ufeff"
#: A spreadsheet takes a cell that begins with one of these for a formula. The last four are full-width forms.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def lines(rows: Iterable[Sequence[str]], language: Language) -> str:
    """Return rows as CSV. French spreadsheets expect semicolons."""
    text = io.StringIO()
    delimiter = ";" if language is Language.FRENCH else ","
    csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerows(rows)
    return text.getvalue()


def harmless(text: str) -> str:
    """Return a text that a spreadsheet shows and never calculates."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def amount_cell(amount: int | None, currency: str, language: Language) -> str:
    """Return an amount in major units as a spreadsheet of this language reads it, without its currency."""
    return "" if amount is None else plain_amount(amount, currency, comma=language is Language.FRENCH)
