"""Figures of a tenant for the dashboard: sales by day, and how much waits for an operator."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, Date, cast, func, select
from sqlalchemy.orm import InstrumentedAttribute

from lumira.database import constant, db, plan_for_values
from lumira.models import (
    AccessGrant,
    Deliverable,
    DeliverableState,
    Dispute,
    EventStatus,
    MessageStatus,
    Order,
    OrderStatus,
    OutboxMessage,
    Product,
    StockItem,
    WebhookEvent,
    Withdrawal,
)
from lumira.models.columns import uuid7_from
from lumira.repositories.orders import sale_mode
from lumira.repositories.orders.disputes import is_undecided

#: By how much a row's id and its `created_at` may differ, where the clock is set between them.
_CLOCK_STEP = timedelta(hours=1)
#: What is counted up to this number: more is shown as "more than".
MOST_COUNTED = 100


@dataclass(frozen=True, slots=True)
class DayFigures:
    """The orders that were opened on one day, in one currency; amounts in minor units."""

    day: date
    currency: str
    opened: int
    #: Of these, how many were fulfilled, free ones included, on that day or later.
    paid: int
    sales: int
    refunded: int
    disputed: int


@dataclass(frozen=True, slots=True)
class LowStock:
    """A product of which few units can be bought."""

    product_id: str
    name: str
    available: int


@dataclass(frozen=True, slots=True)
class WaitingWork:
    """How much waits for an operator, each up to `MOST_COUNTED` and one more."""

    deliverables: int
    dead_messages: int
    failed_events: int
    withdrawals: int
    #: Also inquiries, which want a response too.
    disputes: int


def list_days(tenant_id: int, *, zone: str, since: datetime, until: datetime) -> list[DayFigures]:
    """Return the figures of each day and currency with an order, oldest first; days are those of the zone.

    The ids bound how many orders are read. Test sales count as everywhere: until the tenant sells live.
    """
    plan_for_values()
    day = cast(func.timezone(zone, Order.created_at), Date).label("day")
    is_paid = Order.completed_at.is_not(None)
    query = (
        select(
            day,
            Order.currency,
            func.count(),
            func.count(Order.completed_at),
            _sum(Order.amount, is_paid),
            _sum(Order.refunded_amount, is_paid),
            func.count().filter(Order.status == OrderStatus.DISPUTED),
        )
        .where(
            Order.tenant_id == tenant_id,
            Order.id >= uuid7_from(since, shifted=-_CLOCK_STEP),
            Order.id < uuid7_from(until, shifted=_CLOCK_STEP),
            Order.created_at >= since,
            Order.created_at < until,
            sale_mode.counts(tenant_id),
        )
        .group_by("day", Order.currency)
        .order_by("day", Order.currency)
    )
    return [DayFigures(*row) for row in db.session.execute(query)]


def _sum(amount: InstrumentedAttribute[int], condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(amount).filter(condition), 0)


def list_low_stock(tenant_id: int, *, at_most: int) -> Sequence[LowStock]:
    """Return the products on sale of which at most so many units can be bought, the fewest first."""
    available = (StockItem.on_hand - StockItem.reserved).label("available")
    query = (
        select(StockItem.product_id, Product.name, available)
        .join(Product, (Product.tenant_id == StockItem.tenant_id) & (Product.id == StockItem.product_id))
        .where(StockItem.tenant_id == tenant_id, Product.active, available <= at_most)
        .order_by(available, StockItem.product_id)
        .limit(constant(MOST_COUNTED))
    )
    return [LowStock(*row) for row in db.session.execute(query)]


def count_waiting(tenant_id: int) -> WaitingWork:
    """Count what waits for an operator, each by a partial index, in one statement."""
    deliverables = (
        select(Deliverable.id)
        .join(
            AccessGrant,
            (AccessGrant.tenant_id == Deliverable.tenant_id)
            & (AccessGrant.order_line_id == Deliverable.order_line_id),
        )
        .join(Order, (Order.tenant_id == Deliverable.tenant_id) & (Order.id == Deliverable.order_id))
        .where(
            Deliverable.tenant_id == tenant_id,
            Deliverable.state != constant(DeliverableState.DELIVERED),
            AccessGrant.active,
            sale_mode.counts(tenant_id),
        )
    )
    messages = select(OutboxMessage.id).where(
        OutboxMessage.tenant_id == tenant_id, OutboxMessage.status == constant(MessageStatus.DEAD)
    )
    events = select(WebhookEvent.id).where(
        WebhookEvent.tenant_id == tenant_id, WebhookEvent.status == constant(EventStatus.FAILED)
    )
    withdrawals = (
        select(Withdrawal.id)
        .join(Order, (Order.tenant_id == Withdrawal.tenant_id) & (Order.id == Withdrawal.order_id))
        .where(Withdrawal.tenant_id == tenant_id, Withdrawal.decision.is_(None), sale_mode.counts(tenant_id))
    )
    disputes = (
        select(Dispute.id)
        .join(Order, (Order.tenant_id == Dispute.tenant_id) & (Order.id == Dispute.order_id))
        .where(Dispute.tenant_id == tenant_id, is_undecided(), sale_mode.counts(tenant_id))
    )
    counts = [
        select(func.count()).select_from(query.limit(constant(MOST_COUNTED + 1)).subquery()).scalar_subquery()
        for query in (deliverables, messages, events, withdrawals, disputes)
    ]
    return WaitingWork(*db.session.execute(select(*counts)).one())
