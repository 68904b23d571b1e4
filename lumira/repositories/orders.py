"""Orders: found, locked, and loaded whole."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select, text
from sqlalchemy.orm import QueryableAttribute
from sqlalchemy.orm.attributes import set_committed_value

from lumira.database import db
from lumira.errors import OrderNotFound
from lumira.formats import parse_uuid
from lumira.models import (
    AccessGrant,
    Charge,
    CheckoutSession,
    Decline,
    Dispute,
    Order,
    OrderLine,
    OrderStatus,
    OutboxMessage,
    Payment,
    PaymentRequest,
    Refund,
    RefundRequest,
    SessionState,
    StockReservation,
)

#: What belongs to an order: the relationship, and by what its rows are sorted.
_WHOLE: tuple[tuple[QueryableAttribute[Any], QueryableAttribute[Any]], ...] = (
    (Order.lines, OrderLine.position),
    (Order.requests, PaymentRequest.attempt),
    (Order.sessions, CheckoutSession.id),
    (Order.payments, Payment.id),
    (Order.declines, Decline.id),
    (Order.charges, Charge.id),
    (Order.refunds, Refund.id),
    (Order.refund_requests, RefundRequest.id),
    (Order.disputes, Dispute.id),
    (Order.grants, AccessGrant.id),
    (Order.reservations, StockReservation.product_id),
    (Order.messages, OutboxMessage.id),
)


def lock_orders(tenant_id: int, order_ids: Iterable[UUID]) -> dict[UUID, Order]:
    """The orders, locked in the order of their ids and loaded whole, by id."""
    query = (
        select(Order)
        .where(Order.tenant_id == tenant_id, Order.id == func.any(list(set(order_ids))))
        .order_by(Order.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {order.id: order for order in load_whole(tenant_id, db.session.execute(query).scalars().all())}


def load_whole(tenant_id: int, found: Sequence[Order]) -> Sequence[Order]:
    """The orders with all that belongs to them: one query for each kind of row, however many orders.

    Written out instead of SQLAlchemy's own eager loading, whose text grows with the number of orders, so that
    it is compiled, parsed and planned anew for each batch. An array is one parameter and one prepared statement.
    """
    order_ids = [order.id for order in found]
    for relationship, position in _WHOLE if found else ():
        model = relationship.property.entity.class_
        rows = db.session.execute(
            select(model)
            .where(model.tenant_id == tenant_id, model.order_id == func.any(order_ids))
            .order_by(position)
            .execution_options(populate_existing=True)
        ).scalars()
        of_order: dict[UUID, list[Any]] = {order_id: [] for order_id in order_ids}
        for row in rows:
            of_order[row.order_id].append(row)
        for order in found:
            set_committed_value(order, relationship.key, of_order[order.id])
    return found


def declare_whole(order: Order) -> None:
    """Of an order that is new: what it has not been given it has none of, without looking."""
    for relationship, _ in _WHOLE:
        if relationship.key not in order.__dict__:
            set_committed_value(order, relationship.key, [])


def lock_order(tenant_id: int, order_id: UUID) -> Order:
    """One order, locked and loaded whole; `OrderNotFound` if this tenant has none such."""
    order = lock_orders(tenant_id, [order_id]).get(order_id)
    if order is None:
        raise OrderNotFound("There is no such order.")
    return order


def is_payable_or_paid(tenant_id: int, order_id: UUID, now: datetime) -> bool:
    """Whether what a buyer was given to pay with is still of use: not once it was closed or its time is over."""
    status = db.session.execute(
        select(Order.status).where(Order.tenant_id == tenant_id, Order.id == order_id)
    ).scalar_one()
    if status is OrderStatus.CANCELLED:
        return False
    if status not in (OrderStatus.PENDING, OrderStatus.FAILED):
        return True
    pages = db.session.execute(
        select(CheckoutSession.state, CheckoutSession.expires_at).where(
            CheckoutSession.tenant_id == tenant_id, CheckoutSession.order_id == order_id
        )
    ).all()
    return not pages or any(page.state is SessionState.OPEN and page.expires_at > now for page in pages)


def find_free(tenant_id: int, *, customer_id: UUID, product_id: str) -> UUID | None:
    """Id of the order by which this customer got this free product."""
    return db.session.execute(
        select(Order.id).where(
            Order.tenant_id == tenant_id,
            Order.customer_id == customer_id,
            Order.free_product_id == product_id,
        )
    ).scalar_one_or_none()


def find_free_cart(tenant_id: int, *, customer_id: UUID, product_ids: Sequence[str]) -> UUID | None:
    """Id of the first order by which this customer, who is locked, got these free products at once."""
    wanted = func.bool_and(OrderLine.product_id == func.any(list(product_ids)))
    query = (
        select(Order.id)
        .join(OrderLine, (OrderLine.tenant_id == Order.tenant_id) & (OrderLine.order_id == Order.id))
        .where(Order.tenant_id == tenant_id, Order.customer_id == customer_id, Order.amount == 0)
        .group_by(Order.id)
        .having(wanted, func.count() == len(product_ids))
        .order_by(Order.id)
        .limit(1)
    )
    return db.session.execute(query).scalar_one_or_none()


def ids_of_customer(tenant_id: int, customer_id: UUID) -> list[UUID]:
    """Ids of all orders of one customer, whatever became of them, oldest first."""
    query = select(Order.id).where(Order.tenant_id == tenant_id, Order.customer_id == customer_id)
    return list(db.session.execute(query.order_by(Order.id)).scalars())


def free_products_of(tenant_id: int, customer_id: UUID) -> set[str]:
    """Ids of the free products that this customer has got."""
    query = select(Order.free_product_id).where(
        Order.tenant_id == tenant_id, Order.customer_id == customer_id, Order.free_product_id.is_not(None)
    )
    return {product_id for product_id in db.session.execute(query).scalars() if product_id is not None}


def find_address(order_number: str) -> tuple[int, UUID] | None:
    """Tenant and id of the order with this number; works without a tenant."""
    row = db.session.execute(
        text("SELECT tenant_id, id FROM lumira_find_order(:number)"), {"number": order_number.upper()}
    ).one_or_none()
    return None if row is None else (row.tenant_id, row.id)


def ids_by_payment(tenant_id: int, payment_intent_ids: Sequence[str]) -> dict[str, UUID]:
    """For each PaymentIntent known to the tenant the id of its order."""
    rows = db.session.execute(
        select(Payment.stripe_payment_intent_id, Payment.order_id).where(
            Payment.tenant_id == tenant_id,
            Payment.stripe_payment_intent_id == func.any(list(payment_intent_ids)),
        )
    )
    return {row.stripe_payment_intent_id: row.order_id for row in rows}


def ids_by_session(tenant_id: int, session_ids: Sequence[str]) -> dict[str, UUID]:
    """For each Checkout Session known to the tenant the id of its order."""
    rows = db.session.execute(
        select(CheckoutSession.stripe_session_id, CheckoutSession.order_id).where(
            CheckoutSession.tenant_id == tenant_id,
            CheckoutSession.stripe_session_id == func.any(list(session_ids)),
        )
    )
    return {row.stripe_session_id: row.order_id for row in rows}


def ids_by_number(tenant_id: int, order_numbers: Sequence[str]) -> dict[str, UUID]:
    """For each order number of the tenant the id of its order."""
    rows = db.session.execute(
        select(Order.order_number, Order.id).where(
            Order.tenant_id == tenant_id, Order.order_number == func.any(list(order_numbers))
        )
    )
    return {row.order_number: row.id for row in rows}


def get_order(tenant_id: int, reference: str) -> Order:
    """One order, whole, by its id, its number or its PaymentIntent; `OrderNotFound` if none is meant."""
    query = _referred_to(select(Order).where(Order.tenant_id == tenant_id), tenant_id, reference)
    found = db.session.execute(query).scalars().all()
    if not found:
        raise OrderNotFound("There is no such order.")
    [order] = load_whole(tenant_id, found)
    return order


_NO_PAYMENT = "There is no such payment."


def get_order_of_payment(tenant_id: int, payment_intent_id: str) -> Order:
    """One order, whole, by its PaymentIntent alone: a publishable key may not try numbers or ids."""
    if not payment_intent_id.startswith("pi_"):
        raise OrderNotFound(_NO_PAYMENT)
    try:
        return get_order(tenant_id, payment_intent_id)
    except OrderNotFound as error:
        raise OrderNotFound(_NO_PAYMENT) from error


def _referred_to(query: Select[Order], tenant_id: int, reference: str) -> Select[Order]:
    if reference.startswith("pi_"):
        paid = select(Payment.order_id).where(
            Payment.tenant_id == tenant_id, Payment.stripe_payment_intent_id == reference
        )
        return query.where(Order.id.in_(paid))
    if (order_id := parse_uuid(reference)) is not None:
        return query.where(Order.id == order_id)
    return query.where(Order.order_number == reference.upper())
