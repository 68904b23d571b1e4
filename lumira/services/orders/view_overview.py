"""The figures of a tenant and what needs an operator, for the first page of the dashboard."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from lumira.clock import utc_now
from lumira.database import atomic
from lumira.errors import InvalidRequest
from lumira.formats import parse_uuid
from lumira.models import Alert, AlertKind, Tenant
from lumira.repositories import alerts, outbox, overview, tenants
from lumira.repositories.overview import DayFigures, LowStock, WaitingWork

#: Days of the period if none is chosen, and at most.
DEFAULT_DAYS, MOST_DAYS = 30, 92
#: Units of a product that can be bought: with this many or fewer it is listed.
LOW_STOCK = 3
#: Open alerts that are listed.
_ALERTS = 50
#: Kinds whose subject is the order's number.
_ABOUT_ORDERS = frozenset(
    (
        AlertKind.PAYMENT_MISMATCH,
        AlertKind.PAID_WITHOUT_RECIPIENT,
        AlertKind.DUPLICATE_PAYMENT,
        AlertKind.SOLD_OUT_AFTER_PAYMENT,
        AlertKind.STOCK_MISSING,
        AlertKind.DUPLICATE_REFUND,
        AlertKind.REFUND_REFUSED,
        AlertKind.REFUND_NOT_SENT,
        AlertKind.ORDER_OVERDUE,
        AlertKind.TRANSFER_NOT_RECEIVED,
    )
)


@dataclass(frozen=True, slots=True)
class OpenAlert:
    """An open alert, and the number of the order that it is about, if it is about one."""

    alert: Alert
    order_number: str | None

    @property
    def due_at(self) -> datetime | None:
        """Until when Stripe expects a response to a dispute; `None` for other alerts."""
        due_at = self.alert.details.get("due_at")
        return datetime.fromisoformat(due_at) if due_at else None


@dataclass(frozen=True, slots=True)
class Overview:
    """The figures of a period, day by day, and what needs an operator."""

    tenant: Tenant
    today: date
    first_day: date
    last_day: date
    #: Days without an order are missing.
    days: Sequence[DayFigures]
    alerts: Sequence[OpenAlert]
    low_stock: Sequence[LowStock]
    waiting: WaitingWork


def view_overview(tenant_id: int, *, first_day: date | None = None, last_day: date | None = None) -> Overview:
    """Return the overview of a period; of the last 30 days by default.

    Raises `InvalidRequest` for a period that ends before it begins, or has more than 92 days.
    """
    with atomic(tenant_id):
        tenant = tenants.get(tenant_id)
        zone = ZoneInfo(tenant.time_zone)
        today = utc_now().astimezone(zone).date()
        last = last_day or today
        first = first_day or last - timedelta(days=DEFAULT_DAYS - 1)
        if not 0 <= (last - first).days < MOST_DAYS:
            raise InvalidRequest(f"A period has 1 to {MOST_DAYS} days.")
        return Overview(
            tenant=tenant,
            today=today,
            first_day=first,
            last_day=last,
            days=overview.list_days(
                tenant_id,
                zone=tenant.time_zone,
                since=datetime.combine(first, time(), zone),
                until=datetime.combine(last + timedelta(days=1), time(), zone),
            ),
            alerts=_open_alerts(tenant_id),
            low_stock=overview.list_low_stock(tenant_id, at_most=LOW_STOCK),
            waiting=overview.count_waiting(tenant_id),
        )


def _open_alerts(tenant_id: int) -> list[OpenAlert]:
    """Return the newest open alerts. An alert about a message names the message alone."""
    listed = alerts.list_alerts(tenant_id, limit=_ALERTS)
    messages = [
        message_id
        for alert in listed
        if alert.kind is AlertKind.MESSAGE_DEAD and (message_id := parse_uuid(alert.subject))
    ]
    numbers = outbox.order_numbers(tenant_id, messages)
    return [OpenAlert(alert, _order_number(alert, numbers)) for alert in listed]


def _order_number(alert: Alert, of_messages: Mapping[UUID, str]) -> str | None:
    if alert.kind is AlertKind.MESSAGE_DEAD:
        return of_messages.get(parse_uuid(alert.subject) or UUID(int=0))
    named = alert.details.get("order_number")
    if isinstance(named, str):
        return named
    return alert.subject if alert.kind in _ABOUT_ORDERS else None
