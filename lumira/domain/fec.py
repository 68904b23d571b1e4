"""The FEC: the file of accounting entries of article A47 A-1 of the French "livre des procédures fiscales".

Makes no query and changes nothing.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import date
from zoneinfo import ZoneInfo

from lumira.domain.accounts import Accounts, Role
from lumira.models import Journal, LedgerEntry, LedgerEvent
from lumira.money import decimals

#: The eighteen columns in their order (A47 A-1, VII, 1°).
COLUMNS = (
    *("JournalCode", "JournalLib", "EcritureNum", "EcritureDate", "CompteNum", "CompteLib"),
    *("CompAuxNum", "CompAuxLib", "PieceRef", "PieceDate", "EcritureLib", "Debit", "Credit"),
    *("EcritureLet", "DateLet", "ValidDate", "Montantdevise", "Idevise"),
)
ENCODING = "iso8859-15"
_SEPARATOR = "\t"
_LINE_END = "\r\n"
#: What would end a value or a line, and the other separator that the article permits.
_NOT_IN_VALUES = re.compile(r"[\x00-\x1f\x7f-\x9f|\u2028\u2029]+")
_JOURNALS = {Journal.SALES: "Ventes", Journal.STRIPE: "Stripe", Journal.BANK: "Banque"}
_LABELS = {
    LedgerEvent.SALE: "Vente",
    LedgerEvent.CREDIT_NOTE: "Avoir",
    LedgerEvent.REFUND_CORRECTION: "Annulation d'avoir",
    LedgerEvent.PAYMENT: "Encaissement",
    LedgerEvent.REFUND: "Remboursement",
    LedgerEvent.DISPUTE: "Litige bancaire",
    LedgerEvent.FEE: "Frais du compte Stripe",
    LedgerEvent.PAYOUT: "Virement de Stripe",
    LedgerEvent.OTHER: "Autre mouvement Stripe",
    LedgerEvent.ARRIVAL: "Virement de Stripe reçu",
}
_CORRECTION = "Rectification : "


def heading() -> str:
    """Return the first line, with the names of the columns."""
    return _line(COLUMNS)


def file_name(siren: str, last_day: date, *, livemode: bool) -> str:
    """Return the name that the article prescribes: SIREN, `FEC` and the last day; one of test mode says so."""
    return f"{'' if livemode else 'TEST-'}{siren}FEC{_date(last_day)}.txt"


def lines_of(entry: LedgerEntry, accounts: Accounts, zone: ZoneInfo) -> Iterator[str]:
    """Yield the lines of one entry of books in euros, debits first."""
    label = (
        f"{_CORRECTION if entry.revision else ''}{_LABELS[entry.event]} {entry.order_number or entry.piece}"
    )
    number = entry_number(entry)
    validated = _date(entry.posted_at.astimezone(zone).date())
    amounts = sorted(zip(entry.roles, entry.amounts, strict=True), key=lambda each: each[1] < 0)
    for role, amount in amounts:
        account, account_name = accounts.account_of(role)
        customer = entry.order_number or "" if role == Role.CUSTOMER else ""
        yield _line(
            (
                *(entry.journal, _JOURNALS[entry.journal], number, _date(entry.entry_date)),
                *(account, account_name),
                *(customer, f"Commande {customer}" if customer else ""),
                *(entry.piece, _date(entry.piece_date), label),
                *(_amount(max(amount, 0)), _amount(max(-amount, 0))),
                *("", "", validated),
                *_foreign(entry, role, amount),
            )
        )


def entry_number(entry: LedgerEntry) -> str:
    """Return the number of an entry, such as `VE2026-000123`: each journal and year counts from 1."""
    return f"{entry.journal}{entry.year}-{entry.number:06d}"


def _foreign(entry: LedgerEntry, role: str, amount: int) -> tuple[str, str]:
    """The amount in the document's currency stands with the customer's line, whose amount it is."""
    if entry.foreign_amount is None or entry.foreign_currency is None or role != Role.CUSTOMER:
        return "", ""
    sign = -1 if amount < 0 else 1
    currency = entry.foreign_currency
    return _amount(sign * entry.foreign_amount, decimals(currency)), currency.upper()


def _line(values: Sequence[str]) -> str:
    return _SEPARATOR.join(map(_clean, values)) + _LINE_END


def _clean(value: str) -> str:
    """Return a value without separators and line breaks, in characters that the file's encoding has."""
    text = unicodedata.normalize("NFC", _NOT_IN_VALUES.sub(" ", value)).strip()
    return text.encode(ENCODING, "replace").decode(ENCODING)


def _date(day: date) -> str:
    return f"{day:%Y%m%d}"


def _amount(minor_units: int, places: int = 2) -> str:
    whole, rest = divmod(abs(minor_units), 10**places)
    number = f"{whole},{rest:0{places}d}" if places else str(whole)
    return f"-{number}" if minor_units < 0 else number
