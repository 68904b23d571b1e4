"""What an operator searches orders by: the text of one box, and what kind of name it is."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from lumira.formats import ORDER_NUMBER_PATTERN, parse_uuid

#: Longer than any name or id; a longer text finds nothing.
MAX_LENGTH = 200


class SearchKind(StrEnum):
    """What a text names."""

    ORDER_NUMBER = "order_number"
    ORDER_ID = "order_id"
    EMAIL = "email"
    PAYMENT = "payment"
    SESSION = "session"
    CHARGE = "charge"
    REFUND = "refund"
    DISPUTE = "dispute"
    EVENT = "event"
    CUSTOMER = "customer"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class SearchTerm:
    """A text, and what it names."""

    kind: SearchKind
    text: str


@dataclass(frozen=True, slots=True)
class OrderSearch:
    """The orders to find; days are those of the tenant's time zone, the last one included."""

    text: str = ""
    status: str | None = None
    product_id: str | None = None
    first_day: date | None = None
    last_day: date | None = None
    #: The id of the last order of the previous page.
    after: UUID | None = None


_PREFIXES = {
    "pi_": SearchKind.PAYMENT,
    "cs_": SearchKind.SESSION,
    "ch_": SearchKind.CHARGE,
    "py_": SearchKind.CHARGE,
    "re_": SearchKind.REFUND,
    "pyr_": SearchKind.REFUND,
    "du_": SearchKind.DISPUTE,
    "dp_": SearchKind.DISPUTE,
    "evt_": SearchKind.EVENT,
    "cus_": SearchKind.CUSTOMER,
}


def read_term(text: str) -> SearchTerm | None:
    """Return what a text names; `None` for an empty text. Every text that is no id or address is a name."""
    text = " ".join(text.replace("\x00", "").split())[:MAX_LENGTH]
    if not text:
        return None
    if ORDER_NUMBER_PATTERN.fullmatch(text.upper()):
        return SearchTerm(SearchKind.ORDER_NUMBER, text.upper())
    if parse_uuid(text) is not None:
        return SearchTerm(SearchKind.ORDER_ID, text)
    for prefix, kind in _PREFIXES.items():
        if text.startswith(prefix):
            return SearchTerm(kind, text)
    return SearchTerm(SearchKind.EMAIL if "@" in text else SearchKind.NAME, text)
