"""Alerts with the orders that they are about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from lumira.formats import parse_uuid
from lumira.models import Alert, AlertKind
from lumira.repositories.messages import outbox

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
class AlertOfOrder:
    """An alert, and the number of the order that it is about, if it is about one."""

    alert: Alert
    order_number: str | None

    @property
    def due_at(self) -> datetime | None:
        """Until when Stripe expects a response to a dispute; `None` for other alerts."""
        due_at = self.alert.details.get("due_at")
        return datetime.fromisoformat(due_at) if due_at else None


def with_orders(tenant_id: int, listed: Sequence[Alert]) -> list[AlertOfOrder]:
    """Return these alerts with their orders. An alert about a message names the message alone."""
    messages = [
        message_id
        for alert in listed
        if alert.kind is AlertKind.MESSAGE_DEAD and (message_id := parse_uuid(alert.subject))
    ]
    numbers = outbox.order_numbers(tenant_id, messages)
    return [AlertOfOrder(alert, _order_number(alert, numbers)) for alert in listed]


def _order_number(alert: Alert, of_messages: Mapping[UUID, str]) -> str | None:
    if alert.kind is AlertKind.MESSAGE_DEAD:
        return of_messages.get(parse_uuid(alert.subject) or UUID(int=0))
    named = alert.details.get("order_number")
    if isinstance(named, str):
        return named
    return alert.subject if alert.kind in _ABOUT_ORDERS else None
