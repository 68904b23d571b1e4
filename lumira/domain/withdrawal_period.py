"""Until when a buyer may withdraw: the last day of the period, in the tenant's time zone."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from dateutil.easter import easter

from lumira.domain.goods import parcels
from lumira.domain.refund_lines import unshipped_units
from lumira.models import Order, ProductKind

#: The public holidays of France with a fixed date, as (month, day): code du travail, L3133-1.
_FIXED = ((1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25))
#: Those that follow Easter: Easter Monday, Ascension Day and Whit Monday, in days after Easter.
_AFTER_EASTER = (1, 39, 50)
_SATURDAY = 5


def last_day(order: Order, zone: ZoneInfo) -> date | None:
    """Return the last day of the period; `None` before the order is completed, when it has not begun.

    Digital content counts from the completion (L221-18, 1°). An order with goods counts from the delivery (2°), all of
    it, because a sale of both is a sale of goods (L221-1, II), and of several parcels from that of the last. A parcel
    whose delivery is not recorded counts as delivered after the days that the order froze; so do goods whose shipment
    is not recorded, counted from the completion. The first day is not counted, and a period that would end on a
    Saturday, a Sunday or a public holiday ends on the next working day (L221-19).
    """
    if order.completed_at is None:
        return None
    first = order.completed_at.astimezone(zone).date()
    if any(line.kind is ProductKind.PHYSICAL for line in order.lines):
        first = max(first, _delivered_on(order, first, zone))
    return _next_working_day(first + timedelta(days=order.withdrawal_days))


def _delivered_on(order: Order, completed: date, zone: ZoneInfo) -> date:
    """When the last goods of the order were delivered, or count as delivered."""
    longest = timedelta(days=order.delivery_days)
    sent = parcels.sent_shipments(order)
    delivered = [
        shipment.shipped_at.astimezone(zone).date() + longest
        if shipment.delivered_at is None
        else shipment.delivered_at.astimezone(zone).date()
        for shipment in sent
    ]
    is_outstanding = any(unshipped_units(order, line) for line in parcels.goods_of(order))
    return max([*delivered, completed + longest] if is_outstanding or not delivered else delivered)


def refund_due_at(requested_at: datetime) -> datetime:
    """Return until when a withdrawal is refunded at the latest: fourteen days after the trader knows of it (L221-24).

    For goods the trader may wait until they are returned, or until the buyer proves that they were sent.
    """
    return requested_at + timedelta(days=14)


def _next_working_day(day: date) -> date:
    while day.weekday() >= _SATURDAY or _is_holiday(day):
        day += timedelta(days=1)
    return day


def _is_holiday(day: date) -> bool:
    return (day.month, day.day) in _FIXED or (day - easter(day.year)).days in _AFTER_EASTER
