"""How a record in Dolibarr differs from what was written there: pure comparisons, amounts in minor units."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID


class DriftKind(StrEnum):
    """How the two sides differ."""

    #: It belongs into Dolibarr, and is neither there nor enqueued.
    MISSING = "missing"
    #: It is enqueued, and not written yet.
    WAITING = "waiting"
    #: It was not accepted, and waits for an operator.
    PARKED = "parked"
    #: It was written, and is not in Dolibarr any more.
    DELETED = "deleted"
    #: Its total differs from what was written.
    TOTAL = "total"
    #: Its payment, or the payout of a credit note, is missing.
    UNPAID = "unpaid"
    #: It is a draft, or was canceled or abandoned.
    STATE = "state"
    #: It has no longer the id that Lumira gave it: it was merged, or edited manually.
    UNLINKED = "unlinked"
    #: Values of a customer differ from those that both sides agreed on.
    EDITED = "edited"
    #: It has an id of Lumira's and is linked to nothing here.
    UNKNOWN = "unknown"


#: What a repeated sync repairs: it looks each record up, and writes what is missing. All else is for a person.
REPAIRABLE = frozenset((DriftKind.MISSING, DriftKind.DELETED, DriftKind.UNPAID, DriftKind.PARKED))


@dataclass(frozen=True, slots=True)
class Drift:
    """One difference."""

    kind: DriftKind
    #: `customer`, `order`, `invoice` or `credit_note`.
    record: str
    #: Lumira's id of the record.
    subject: str
    order_id: UUID | None = None
    order_number: str | None = None
    #: Dolibarr's number, or its id if it has none.
    ref: str | None = None
    #: With VAT; negative for a credit note.
    ours: int | None = None
    theirs: int | None = None
    #: Names of fields, a reason, or a status; never the values of a customer.
    detail: str = ""
    #: Whether it is a record of a lost dispute, or of one that was won after that.
    is_dispute: bool = False

    @property
    def is_repairable(self) -> bool:
        """Whether `flask crm sync` repairs it."""
        return self.kind in REPAIRABLE


def edited_fields(agreed: Mapping[str, Any] | None, theirs: Mapping[str, Any]) -> list[str]:
    """Return the names of the values that differ from those that both sides agreed on; an empty value is none."""
    if agreed is None:
        return []
    return sorted(name for name, value in theirs.items() if (value or None) != (agreed.get(name) or None))
