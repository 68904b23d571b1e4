"""The safety net under the polling schedule: no order waits without a next poll, and none is overdue without an alert.

Needs no call to Stripe, so it also works without a key.
"""

from lumira.clock import utc_now
from lumira.database import atomic
from lumira.domain.order_status import OVERDUE_AFTER
from lumira.models import AlertKind
from lumira.repositories.alerts import alerts
from lumira.repositories.orders import order_polls


def watch_deadlines(tenant_id: int) -> None:
    """Schedule a poll of every waiting order that has none, and raise an alert for each overdue one."""
    now = utc_now()
    with atomic(tenant_id):
        order_polls.schedule_forgotten(tenant_id, now)
        overdue = order_polls.list_overdue(tenant_id, now - OVERDUE_AFTER)
        for order in overdue:
            alerts.raise_alert(
                tenant_id,
                kind=AlertKind.ORDER_OVERDUE,
                subject=order.order_number,
                once=True,
                status=str(order.status),
                since=order.since.isoformat(timespec="minutes"),
            )
