"""Currencies, and amounts as people write them."""

import re
from decimal import Decimal

#: A number and, if it is written, its currency.
_WRITTEN = re.compile(r"(?P<number>[0-9][0-9 .,']*?) ?(?P<code>[A-Za-z]{3})?")
_PLAIN = re.compile(r"(?P<whole>[0-9]{1,12})(?:[.,](?P<decimals>[0-9]+))?")
#: Groups of three digits with one separator, and another one before the decimals: `1.000,00`, `1 000 000`.
_GROUPED = re.compile(
    r"(?P<whole>[1-9][0-9]{0,2}(?P<separator>[ .,'])[0-9]{3}(?:(?P=separator)[0-9]{3}){0,2})"
    r"(?:(?!(?P=separator))[.,](?P<decimals>[0-9]+))?"
)
#: One or a thousand: the separator stands before three decimals or between thousands.
_AMBIGUOUS = re.compile(r"[1-9][0-9]{0,2}[.,][0-9]{3}")
#: What separates thousands in print: a narrow or non-breaking space, a typographic apostrophe.
_PRINTED = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2019": "'"})

#: Currencies without decimals (docs.stripe.com/currencies#zero-decimal).
ZERO_DECIMAL = frozenset(
    "bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf".split()  # noqa: SIM905 - a list to compare by eye
)
#: Currencies with three decimals.
THREE_DECIMAL = frozenset(("bhd", "jod", "kwd", "omr", "tnd"))


def decimals(currency: str) -> int:
    """Return the number of decimals of a currency at Stripe: 2 for `eur`, 0 for `jpy`."""
    if currency in ZERO_DECIMAL:
        return 0
    return 3 if currency in THREE_DECIMAL else 2


def format_amount(amount: int, currency: str) -> str:
    """Format an amount in minor units: 4700 `eur` is `47.00 EUR`, 4700 `jpy` is `4700 JPY`."""
    places = decimals(currency)
    if places == 0:
        return f"{amount} {currency.upper()}"
    whole, rest = divmod(abs(amount), 10**places)
    sign = "-" if amount < 0 else ""
    return f"{sign}{whole}.{rest:0{places}d} {currency.upper()}"


def plain_amount(amount: int, currency: str, *, comma: bool = False) -> str:
    """Return an amount in minor units as a field or a cell has it: 4700 `eur` is `47.00`, or `47,00` with a comma."""
    number = f"{Decimal(amount).scaleb(-decimals(currency)):f}"
    return number.replace(".", ",") if comma else number


def parse_amount(text: str, currency: str) -> int:
    """Return the minor units of an amount as people write it: `10`, `10,00` and `1 000,00 EUR`, in major units.

    Raises `ValueError` with a sentence that says how to write it: another currency, another number of decimals, or an
    amount that could be read in two ways, such as `1,000`. With its currency, `1.500 KWD` is read as it is shown.
    """
    written = _WRITTEN.fullmatch(text.translate(_PRINTED).strip())
    if written is not None and (written["code"] or currency).lower() != currency:
        raise ValueError(f"{text!r} is not an amount in {currency.upper()}")
    places = decimals(currency)
    if written is not None and places and _AMBIGUOUS.fullmatch(written["number"]):
        _refuse_ambiguous(text, written["number"], currency, has_code=written["code"] is not None)
    for form in (_PLAIN, _GROUPED):
        match = form.fullmatch(written["number"]) if written is not None else None
        if match is not None and len(match["decimals"] or "0" * places) == places:
            whole, unit = int(re.sub("[^0-9]", "", match["whole"])), int(10**places)
            return whole * unit + int(match["decimals"] or 0)
    raise ValueError(f"{text!r} is not an amount: write {format_amount(10 ** (places + 1), currency)}")


def _refuse_ambiguous(text: str, number: str, currency: str, *, has_code: bool) -> None:
    whole, rest = re.split("[.,]", number)
    places = decimals(currency)
    if places == len(rest) and has_code and "." in number:
        return
    readings = [int(whole + rest) * 10**places]
    # With two decimals, `1,250` is no amount of money unless it is a thousand two hundred and fifty.
    if not rest[places:].strip("0"):
        readings.insert(0, int(whole) * 10**places + int(rest[:places]))
    advice = " or ".join(format_amount(reading, currency) for reading in readings)
    raise ValueError(f"{text!r} can be read in two ways: write {advice}")
