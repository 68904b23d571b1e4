"""The totals of receipts and credit notes of any period, and the closings of a year."""

from collections.abc import Sequence
from datetime import date
from zoneinfo import ZoneInfo

from lumira.database import atomic
from lumira.domain.days import begin_of, end_of
from lumira.domain.receipt_totals import Closing, Totals
from lumira.models import ClosingPeriod
from lumira.repositories.receipts import receipt_closings
from lumira.repositories.tenants import tenants


def view_totals(tenant_id: int, *, first_day: date, last_day: date, livemode: bool) -> Totals:
    """Return the totals of the documents that are dated on these days of the tenant's time zone, both included."""
    with atomic(tenant_id):
        zone = ZoneInfo(tenants.get(tenant_id).time_zone)
        return receipt_closings.sum_of_period(
            tenant_id, livemode=livemode, since=begin_of(first_day, zone), until=end_of(last_day, zone)
        )


def view_closings(tenant_id: int, period: ClosingPeriod, year: int) -> Sequence[Closing]:
    """Return the closings of one kind of period that begin in a year, the first one first."""
    with atomic(tenant_id):
        rows = receipt_closings.list_closings(
            tenant_id, period, since=date(year, 1, 1), until=date(year, 12, 31)
        )
        return [receipt_closings.closing_of(row) for row in rows]
