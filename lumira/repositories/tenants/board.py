"""How much of a tenant's work waits, for the board: each number found by an index, and counted up to a bound."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, func, select

from lumira.database import constant, db
from lumira.domain.order_status import OPEN
from lumira.domain.poll_schedule import RESERVATION_GRACE
from lumira.models import (
    Alert,
    EventStatus,
    MessageStatus,
    Order,
    OrderStatus,
    OutboxMessage,
    ReservationState,
    StockReservation,
    WebhookEvent,
)
from lumira.repositories.tenants.overview import MOST_COUNTED


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits, each up to `MOST_COUNTED` and one more."""

    events_received: int
    events_parked: int
    events_failed: int
    messages_late: int
    messages_dead: int
    orders_open: int
    polls_late: int
    reservations_overdue: int
    alerts: int


def count_backlog(tenant_id: int, *, late_since: datetime) -> Backlog:
    """Count what waits in one statement; `late_since` is when work that is late now was due."""
    events = [
        select(WebhookEvent.id).where(
            WebhookEvent.tenant_id == tenant_id, WebhookEvent.status == constant(status)
        )
        for status in (EventStatus.RECEIVED, EventStatus.PARKED, EventStatus.FAILED)
    ]
    late_messages = select(OutboxMessage.id).where(
        OutboxMessage.tenant_id == tenant_id,
        OutboxMessage.status == constant(MessageStatus.PENDING),
        OutboxMessage.next_attempt_at <= late_since,
    )
    dead_messages = select(OutboxMessage.id).where(
        OutboxMessage.tenant_id == tenant_id, OutboxMessage.status == constant(MessageStatus.DEAD)
    )
    open_orders = select(Order.id).where(Order.tenant_id == tenant_id, Order.status.in_(list(OPEN)))
    late_polls = select(Order.id).where(Order.tenant_id == tenant_id, Order.next_poll_at <= late_since)
    alerts = select(Alert.id).where(Alert.tenant_id == tenant_id, Alert.resolved_at.is_(None))
    overdue = _overdue_reservations(tenant_id, late_since)
    queries = (*events, late_messages, dead_messages, open_orders, late_polls, overdue, alerts)
    counts = [
        select(func.count()).select_from(query.limit(constant(MOST_COUNTED + 1)).subquery()).scalar_subquery()
        for query in queries
    ]
    return Backlog(*db.session.execute(select(*counts)).one())


def _overdue_reservations(tenant_id: int, late_since: datetime) -> Select[UUID]:
    """Those of unpaid orders that ended, and that polling has not released."""
    return (
        select(StockReservation.order_id)
        .join(
            Order,
            (Order.tenant_id == StockReservation.tenant_id) & (Order.id == StockReservation.order_id),
        )
        .where(
            StockReservation.tenant_id == tenant_id,
            StockReservation.state == constant(ReservationState.RESERVED),
            StockReservation.expires_at <= late_since - RESERVATION_GRACE,
            Order.status.in_((OrderStatus.PENDING, OrderStatus.FAILED)),
            Order.review_reason.is_(None),
        )
    )
