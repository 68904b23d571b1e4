"""Closes each day, month and year that has passed: totals by VAT rate, and the perpetual total, chained."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from lumira.clock import utc_now
from lumira.database import atomic, retried
from lumira.domain.days import end_of
from lumira.domain.receipt_totals import (
    Closing,
    Total,
    Totals,
    add,
    days_between,
    ends_month,
    ends_year,
    from_rows,
    month_of,
)
from lumira.models import ClosingPeriod, ReceiptClosing
from lumira.repositories import hash_chains
from lumira.repositories.hash_chains import CLOSINGS
from lumira.repositories.receipts import receipt_closings
from lumira.repositories.tenants import tenants

#: A day is closed so long after its end: a document that was numbered before midnight is committed by then.
_CLOSED_AFTER = timedelta(hours=1)


def close_periods(tenant_id: int, *, is_stopping: Callable[[], bool] = lambda: False) -> int:
    """Close the periods that have ended since the first document of live mode, and return how many there were."""
    closed = 0
    while not is_stopping() and (count := _close_month(tenant_id)):
        closed += count
    return closed


@retried
def _close_month(tenant_id: int) -> int:
    """Close the days that have ended in the month of the first open day, and the month and year if they have."""
    now = utc_now()
    with atomic(tenant_id):
        zone = ZoneInfo(tenants.get(tenant_id).time_zone)
        last_day = (now - _CLOSED_AFTER).astimezone(zone).date() - timedelta(days=1)
        # Looked up before the lock: mostly, nothing has ended since the last run.
        if _first_open_day(tenant_id, zone, receipt_closings.find_last(tenant_id), last_day) is None:
            return 0
        hash_chains.lock(CLOSINGS, tenant_id)
        last = receipt_closings.find_last(tenant_id)
        first_day = _first_open_day(tenant_id, zone, last, last_day)
        if first_day is None:
            return 0
        until = min(last_day, _end_of_month(first_day))
        closings = list(_closings(tenant_id, zone, last, first_day, until))
        contents = ((receipt_closings.columns_of(closing), closing.text()) for closing in closings)
        hash_chains.append(CLOSINGS, tenant_id, contents, now)
        return len(closings)


def _first_open_day(
    tenant_id: int, zone: ZoneInfo, last: ReceiptClosing | None, last_day: date
) -> date | None:
    if last is not None:
        day: date | None = last.first_day + timedelta(days=1)
    else:
        issued_at: datetime | None = receipt_closings.find_first_issue(tenant_id)
        day = issued_at.astimezone(zone).date() if issued_at else None
    return day if day is not None and day <= last_day else None


def _end_of_month(day: date) -> date:
    return (month_of(day) + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def _closings(
    tenant_id: int, zone: ZoneInfo, last: ReceiptClosing | None, first_day: date, last_day: date
) -> Iterator[Closing]:
    numbers: Mapping[str, int] = last.last_numbers if last else {}
    perpetual = from_rows(last.perpetual_totals) if last else ()
    summed = receipt_closings.sum_by_day(
        tenant_id, numbers, first_day=first_day, until=end_of(last_day, zone), time_zone=str(zone)
    )
    of_month = _sum_closed(tenant_id, ClosingPeriod.DAY, month_of(first_day), first_day)

    def closing(period: ClosingPeriod, day: date, totals: Totals) -> Closing:
        return Closing(tenant_id, str(period), day, str(zone), numbers, totals, perpetual)

    for day in days_between(first_day, last_day):
        totals, numbers = _of_day(summed, day, numbers)
        perpetual = add((*perpetual, *totals))
        of_month = add((*of_month, *totals))
        yield closing(ClosingPeriod.DAY, day, totals)
        if ends_month(day):
            yield closing(ClosingPeriod.MONTH, month_of(day), of_month)
        if ends_year(day):
            year = day.replace(month=1, day=1)
            months = _sum_closed(tenant_id, ClosingPeriod.MONTH, year, month_of(day) - timedelta(days=1))
            yield closing(ClosingPeriod.YEAR, year, add((*months, *of_month)))


def _of_day(
    summed: Sequence[tuple[date, str, int, Total]], day: date, numbers: Mapping[str, int]
) -> tuple[Totals, Mapping[str, int]]:
    """Return the totals of a day, and the last numbers of all series at its end."""
    of_day = [each for each in summed if each[0] == day]
    reached = dict(numbers)
    for _, series, number, _ in of_day:
        reached[series] = max(number, reached.get(series, 0))
    return add(total for *_, total in of_day), reached


def _sum_closed(tenant_id: int, period: ClosingPeriod, since: date, until: date) -> Totals:
    closed = receipt_closings.list_closings(tenant_id, period, since=since, until=until)
    return add(total for closing in closed for total in from_rows(closing.totals))
