"""The figures of a tenant and what needs an operator, for the first page of the dashboard."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from lumira.clock import utc_now
from lumira.database import atomic
from lumira.domain.days import begin_of, end_of
from lumira.errors import InvalidRequest
from lumira.models import Tenant
from lumira.repositories.alerts import alert_orders, alerts
from lumira.repositories.alerts.alert_orders import AlertOfOrder
from lumira.repositories.tenants import overview, tenants
from lumira.repositories.tenants.overview import DayFigures, LowStock, WaitingWork

#: Days of the period if none is chosen, and at most.
DEFAULT_DAYS, MOST_DAYS = 30, 92
#: Units of a product that can be bought: with this many or fewer it is listed.
LOW_STOCK = 3
#: Open alerts that are listed.
_ALERTS = 50


@dataclass(frozen=True, slots=True)
class Overview:
    """The figures of a period, day by day, and what needs an operator."""

    tenant: Tenant
    today: date
    first_day: date
    last_day: date
    #: Days without an order are missing.
    days: Sequence[DayFigures]
    alerts: Sequence[AlertOfOrder]
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
                since=begin_of(first, zone),
                until=end_of(last, zone),
            ),
            alerts=alert_orders.with_orders(tenant_id, alerts.list_alerts(tenant_id, limit=_ALERTS)),
            low_stock=overview.list_low_stock(tenant_id, at_most=LOW_STOCK),
            waiting=overview.count_waiting(tenant_id),
        )
