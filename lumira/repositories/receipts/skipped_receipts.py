"""Numbers of receipts and credit notes that are left out, because a document that is lost may have them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from itertools import product
from zoneinfo import ZoneInfo

from lumira.clock import utc_now
from lumira.models import ReceiptKind, Tenant, receipt_label
from lumira.repositories.audit import audit
from lumira.repositories.audit.audit import AuditFilter
from lumira.repositories.receipts import receipts

_ACTION = "receipt_numbers_skipped"
#: More than a tenant restores backups.
_MOST = 10_000


@dataclass(frozen=True, slots=True)
class SkippedNumbers:
    """Numbers of one series, from `first` to `last`, that no document has."""

    kind: str
    livemode: bool
    year: int
    first: int
    last: int


def skip(tenant: Tenant, count: int, *, actor: str, note: str) -> list[SkippedNumbers]:
    """Leave out the next numbers of every series of the current year, and record it in the audit log."""
    now = utc_now()
    year = now.astimezone(ZoneInfo(tenant.time_zone)).year
    skipped = [
        _skip(tenant.id, (kind, livemode, year), now, count)
        for kind, livemode in product(ReceiptKind, (True, False))
    ]
    for numbers in skipped:
        first, last = (
            receipt_label(
                tenant.order_prefix, ReceiptKind(numbers.kind), year, number, livemode=numbers.livemode
            )
            for number in (numbers.first, numbers.last)
        )
        subject = f"receipts:{first}..{last}"
        audit.record(
            tenant.id, actor=actor, action=_ACTION, subject=subject, note=note, numbers=asdict(numbers)
        )
    return skipped


def _skip(tenant_id: int, series: tuple[ReceiptKind, bool, int], now: datetime, count: int) -> SkippedNumbers:
    kind, livemode, year = series
    last, _ = receipts.reserve_numbers(tenant_id, series, now, count)
    return SkippedNumbers(str(kind), livemode, year, last - count + 1, last)


def list_skipped(tenant_id: int) -> list[SkippedNumbers]:
    """Return the numbers that were left out; those that follow each other as one entry."""
    entries = audit.list_entries(tenant_id, AuditFilter(action=_ACTION), limit=_MOST)
    return _joined([SkippedNumbers(**entry.details["numbers"]) for entry in entries])


def _joined(skipped: Sequence[SkippedNumbers]) -> list[SkippedNumbers]:
    joined: list[SkippedNumbers] = []
    for numbers in sorted(skipped, key=lambda each: (each.kind, each.livemode, each.year, each.first)):
        last = joined[-1] if joined else None
        if last is not None and numbers == replace(
            numbers, kind=last.kind, livemode=last.livemode, year=last.year, first=last.last + 1
        ):
            joined[-1] = replace(last, last=numbers.last)
        else:
            joined.append(numbers)
    return joined
