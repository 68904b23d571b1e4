"""Removes rows that are kept for a time only, in bounded batches inside the caller's transaction."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, exists, func, select, text, update

from lumira.clock import utc_now
from lumira.database import db
from lumira.domain.retention import HANDLED
from lumira.models import Alert, AlertKind, EventStatus, Order, OrderStatus, WebhookEvent
from lumira.repositories.alerts.alerts import RAISED_ONCE


def remove_payloads(tenant_id: int, before: datetime, *, limit: int) -> int:
    """Empty the payloads of events that were handled before this time; return how many.

    The row stays: by it a repetition of the event is recognised.
    """
    old = (
        select(WebhookEvent.id, WebhookEvent.stripe_created_at)
        .where(
            WebhookEvent.tenant_id == tenant_id,
            WebhookEvent.processed_at < before,
            WebhookEvent.payload_removed_at.is_(None),
            WebhookEvent.status.in_(HANDLED),
        )
        .order_by(WebhookEvent.processed_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("old")
    )
    removed = db.session.execute(
        update(WebhookEvent)
        .where(
            WebhookEvent.tenant_id == tenant_id,
            WebhookEvent.id == old.c.id,
            WebhookEvent.stripe_created_at == old.c.stripe_created_at,
        )
        .values(plain_payload={}, compressed_payload=None, last_error=None, payload_removed_at=utc_now())
        .returning(WebhookEvent.id)
        .execution_options(synchronize_session=False)
    )
    return len(removed.all())


def close_resolved_failures(tenant_id: int, before: datetime) -> int:
    """Close the failed events of this time whose alert an operator has resolved; return how many.

    Nothing is lost: they were seen, and not replayed.
    """
    is_open = exists().where(
        Alert.tenant_id == tenant_id,
        Alert.kind == AlertKind.EVENT_FAILED,
        Alert.subject == WebhookEvent.stripe_event_id,
        Alert.resolved_at.is_(None),
    )
    closed = db.session.execute(
        update(WebhookEvent)
        .where(
            WebhookEvent.tenant_id == tenant_id,
            WebhookEvent.stripe_created_at < before,
            WebhookEvent.status == EventStatus.FAILED,
            ~is_open,
        )
        .values(status=EventStatus.IGNORED)
        .returning(WebhookEvent.id)
        .execution_options(synchronize_session=False)
    )
    return len(closed.all())


def remove_alerts(tenant_id: int, before: datetime, *, limit: int) -> int:
    """Remove alerts that were resolved before this time; return how many.

    Those that are raised once for what stays true are kept: removed, they would be raised and sent again.
    """
    old = (
        select(Alert.id)
        .where(Alert.tenant_id == tenant_id, Alert.resolved_at < before, Alert.kind.not_in(RAISED_ONCE))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    removed = db.session.execute(
        delete(Alert)
        .where(Alert.tenant_id == tenant_id, Alert.id.in_(old))
        .returning(Alert.id)
        .execution_options(synchronize_session=False)
    )
    return len(removed.all())


def list_unpaid(
    tenant_id: int, status: OrderStatus, before: datetime, *, after: UUID, limit: int
) -> Sequence[UUID]:
    """Return ids of orders in this status that have not changed since `before`, oldest first, following an id."""
    query = (
        select(Order.id)
        .where(
            Order.tenant_id == tenant_id,
            Order.status == status,
            Order.id > after,
            Order.updated_at < before,
            Order.next_poll_at.is_(None),
        )
        .order_by(Order.id)
        .limit(limit)
    )
    return db.session.execute(query).scalars().all()


def list_alerted(tenant_id: int, order_numbers: Collection[str]) -> set[str]:
    """Return which of these orders an open alert names."""
    query = select(Alert.subject).where(
        Alert.tenant_id == tenant_id,
        Alert.subject == func.any(list(order_numbers)),
        Alert.resolved_at.is_(None),
    )
    return set(db.session.execute(query).scalars())


def remove_orders(order_ids: Iterable[UUID]) -> int:
    """Remove locked unpaid orders of the transaction's tenant with their rows; return how many.

    Raises `DBAPIError` if one of them has moved money or has anything: the database keeps it.
    """
    statement = text("SELECT lumira_remove_unpaid_orders(:ids)")
    return int(db.session.execute(statement, {"ids": list(order_ids)}).scalar_one())


def remove_unused_customers(customer_ids: Iterable[UUID]) -> int:
    """Remove those of these customers that have nothing any more: no order, and no access; return how many."""
    statement = text("SELECT lumira_remove_unused_customers(:ids)")
    return int(db.session.execute(statement, {"ids": list(customer_ids)}).scalar_one())
