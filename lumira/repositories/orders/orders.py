"""Orders: found, listed, locked, and loaded with all that belongs to them."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Select, Uuid, bindparam, case, func, null, or_, select, text, true
from sqlalchemy.orm import QueryableAttribute
from sqlalchemy.orm.attributes import set_committed_value

from lumira.database import db
from lumira.domain import order_status
from lumira.errors.orders import OrderNotFound
from lumira.formats import parse_uuid
from lumira.models import (
    CheckoutSession,
    Order,
    OrderLine,
    OrderStatus,
    Payment,
    SessionState,
)

#: The rows of an order that are loaded with it; each relationship names how they are sorted.
WHOLE: tuple[QueryableAttribute[Any], ...] = (
    Order.lines,
    Order.requests,
    Order.sessions,
    Order.payments,
    Order.declines,
    Order.charges,
    Order.refunds,
    Order.refund_requests,
    Order.disputes,
    Order.fraud_warnings,
    Order.grants,
    Order.reservations,
    Order.messages,
    Order.withdrawals,
    Order.shipments,
    Order.returns,
)
#: The rows that few orders have, and the column of the order that says so: those of others are not looked for.
_FLAGS = {
    Order.shipments.key: Order.has_parcels.key,
    Order.returns.key: Order.has_parcels.key,
    Order.fraud_warnings.key: Order.has_fraud_warnings.key,
}
#: From so many kinds on, one statement finds out first of which kinds there are any rows: most orders have few kinds.
_MANY = 5
#: Before the ids of all orders: where reading them in batches begins.
FIRST_ID = UUID(int=0)


def lock_orders(tenant_id: int, order_ids: Iterable[UUID]) -> dict[UUID, Order]:
    """Return the orders by id, locked in the order of their ids and loaded whole."""
    query = (
        select(Order)
        .where(Order.tenant_id == tenant_id, Order.id == func.any(list(set(order_ids))))
        .order_by(Order.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {order.id: order for order in load_whole(tenant_id, db.session.execute(query).scalars().all())}


def load_whole(tenant_id: int, found: Sequence[Order]) -> Sequence[Order]:
    """Load all that belongs to these orders, and return them: one query for each kind of row.

    SQLAlchemy's own eager loading has a text that grows with the number of orders, so that every batch is compiled,
    parsed and planned again. An array is one parameter of one prepared statement.
    """
    return load_rows(tenant_id, found, WHOLE)


def load_rows(
    tenant_id: int, found: Sequence[Order], relationships: Sequence[QueryableAttribute[Any]]
) -> Sequence[Order]:
    """Load the rows of these kinds, and return the orders; an access to rows of another kind raises."""
    absent = _list_absent(tenant_id, found, relationships)
    for relationship in relationships:
        of_order: dict[UUID, list[Any]] = {order.id: [] for order in found}
        if relationship.key not in absent:
            for row in _find_rows(tenant_id, found, relationship.key):
                of_order[row.order_id].append(row)
        for order in found:
            set_committed_value(order, relationship.key, of_order[order.id])
    return found


def _list_absent(
    tenant_id: int, found: Sequence[Order], relationships: Sequence[QueryableAttribute[Any]]
) -> set[str]:
    """Return kinds of which these orders have no row; it takes one statement, and saves one for each of them."""
    kinds = tuple(item.key for item in relationships if item.key not in _FLAGS)
    if not found or len(kinds) < _MANY:
        return set()
    # Written first: what is not is not found.
    db.session.flush()
    parameters = {"of_tenant": tenant_id, "of_orders": [order.id for order in found]}
    is_present = db.session.connection().execute(_select_presence(kinds), parameters).one()
    return {kind for kind, is_any in zip(kinds, is_present, strict=True) if not is_any}


@cache
def _select_presence(kinds: tuple[str, ...]) -> Select[Any]:
    """Return the query that says of which kinds there are rows, built once."""
    conditions: list[Any] = [
        _select_rows(kind).with_only_columns(true()).order_by(None).exists() for kind in kinds
    ]
    return select(*conditions)


def _find_rows(tenant_id: int, found: Sequence[Order], kind: str) -> Iterable[Any]:
    flag = _FLAGS.get(kind)
    order_ids = [order.id for order in found if flag is None or getattr(order, flag)]
    if not order_ids:
        return ()
    parameters = {"of_tenant": tenant_id, "of_orders": order_ids}
    return db.session.execute(_select_rows(kind), parameters).scalars()


@cache
def _select_rows(kind: str) -> Select[Any]:
    """Return the query of the rows of one kind, built once: building it takes longer than sending it."""
    [relationship] = (item for item in WHOLE if item.key == kind)
    model = relationship.property.entity.class_
    query = select(model).where(
        model.tenant_id == bindparam("of_tenant"),
        model.order_id == func.any(bindparam("of_orders", type_=ARRAY(Uuid))),
    )
    return query.order_by(*relationship.property.order_by).execution_options(populate_existing=True)


def list_whole(tenant_id: int, order_ids: Sequence[UUID]) -> Sequence[Order]:
    """Return the orders with these ids, whole and not locked, oldest first."""
    query = select(Order).where(Order.tenant_id == tenant_id, Order.id == func.any(list(order_ids)))
    return load_whole(tenant_id, db.session.execute(query.order_by(Order.id)).scalars().all())


def count_all(tenant_id: int) -> int:
    """Return how many orders the tenant has, whatever their status."""
    query = select(func.count()).select_from(Order).where(Order.tenant_id == tenant_id)
    return db.session.execute(query).scalar_one()


def list_test_sales(tenant_id: int, *, limit: int) -> list[UUID]:
    """Return ids of paid orders of test mode that have not ended, oldest first."""
    query = (
        select(Order.id)
        .where(Order.tenant_id == tenant_id, ~Order.livemode, Order.test_ended_at.is_(None), Order.amount > 0)
        .where(
            or_(
                Order.completed_at.is_not(None),
                Order.sold_out_at.is_not(None),
                Order.review_reason.is_not(None),
            )
        )
        .order_by(Order.id)
        .limit(limit)
    )
    return list(db.session.execute(query).scalars())


def declare_whole(order: Order) -> None:
    """Mark the relationships of a new order as loaded and empty, without a query."""
    for relationship in WHOLE:
        if relationship.key not in order.__dict__:
            set_committed_value(order, relationship.key, [])


def lock_order(tenant_id: int, order_id: UUID) -> Order:
    """Return one order, locked and loaded whole; `OrderNotFound`."""
    order = lock_orders(tenant_id, [order_id]).get(order_id)
    if order is None:
        raise OrderNotFound("There is no such order.")
    return order


def is_payable_or_paid(tenant_id: int, order_id: UUID, now: datetime) -> bool:
    """Whether the buyer can still use the reply to the checkout: the payment is not closed or expired."""
    status = db.session.execute(
        select(Order.status).where(Order.tenant_id == tenant_id, Order.id == order_id)
    ).scalar_one()
    if status is OrderStatus.CANCELLED:
        return False
    if status not in order_status.PAYABLE:
        return True
    sessions = db.session.execute(
        select(CheckoutSession.state, CheckoutSession.expires_at).where(
            CheckoutSession.tenant_id == tenant_id, CheckoutSession.order_id == order_id
        )
    ).all()
    is_usable = (row.state is SessionState.OPEN and row.expires_at > now for row in sessions)
    return not sessions or any(is_usable)


def find_free(tenant_id: int, *, customer_id: UUID, product_id: str) -> UUID | None:
    """Return the id of this customer's free order of this product, if there is one."""
    return db.session.execute(
        select(Order.id).where(
            Order.tenant_id == tenant_id,
            Order.customer_id == customer_id,
            Order.free_product_id == product_id,
        )
    ).scalar_one_or_none()


@dataclass(frozen=True, slots=True)
class FreeOrder:
    """A free order of a customer."""

    id: UUID
    #: The hash of the network that opened it; `None` if the tenant's backend did.
    opener_network: str | None
    product_ids: frozenset[str]
    #: The products that the customer had from an earlier order.
    repeated_ids: frozenset[str]


def list_free(tenant_id: int, customer_id: UUID) -> list[FreeOrder]:
    """List the free orders of this customer, oldest first.

    An order that is the customer's only one of its product stands before those that a merge has brought.
    """
    query = (
        select(
            Order.id,
            Order.opener_network,
            func.array_agg(OrderLine.product_id),
            func.array_remove(func.array_agg(case((OrderLine.is_repeated, OrderLine.product_id))), null()),
        )
        .join(OrderLine, (OrderLine.tenant_id == Order.tenant_id) & (OrderLine.order_id == Order.id))
        .where(Order.tenant_id == tenant_id, Order.customer_id == customer_id, Order.amount == 0)
        .group_by(Order.tenant_id, Order.id)
        .order_by(Order.free_product_id.is_(None), Order.id)
    )
    return [
        FreeOrder(order_id, network, frozenset(product_ids), frozenset(repeated_ids))
        for order_id, network, product_ids, repeated_ids in db.session.execute(query)
    ]


def ids_of_customer(tenant_id: int, customer_id: UUID) -> list[UUID]:
    """Return the ids of all orders of one customer, whatever their status, oldest first."""
    query = select(Order.id).where(Order.tenant_id == tenant_id, Order.customer_id == customer_id)
    return list(db.session.execute(query.order_by(Order.id)).scalars())


def free_products_of(tenant_id: int, customer_id: UUID) -> set[str]:
    """Return the ids of the free products that this customer has ordered."""
    query = select(Order.free_product_id).where(
        Order.tenant_id == tenant_id, Order.customer_id == customer_id, Order.free_product_id.is_not(None)
    )
    return {product_id for product_id in db.session.execute(query).scalars() if product_id is not None}


def find_address(order_number: str) -> tuple[int, UUID] | None:
    """Return the tenant and id of the order with this number, across all tenants; `None` if there is none."""
    row = db.session.execute(
        text("SELECT tenant_id, id FROM lumira_find_order(:number)"), {"number": order_number.upper()}
    ).one_or_none()
    return None if row is None else (row.tenant_id, row.id)


def ids_by_payment(tenant_id: int, payment_intent_ids: Sequence[str]) -> dict[str, UUID]:
    """Return the id of the order of each of these PaymentIntents that the tenant has."""
    rows = db.session.execute(
        select(Payment.stripe_payment_intent_id, Payment.order_id).where(
            Payment.tenant_id == tenant_id,
            Payment.stripe_payment_intent_id == func.any(list(payment_intent_ids)),
        )
    )
    return {row.stripe_payment_intent_id: row.order_id for row in rows}


def ids_by_session(tenant_id: int, session_ids: Sequence[str]) -> dict[str, UUID]:
    """Return the id of the order of each of these Checkout Sessions that the tenant has."""
    rows = db.session.execute(
        select(CheckoutSession.stripe_session_id, CheckoutSession.order_id).where(
            CheckoutSession.tenant_id == tenant_id,
            CheckoutSession.stripe_session_id == func.any(list(session_ids)),
        )
    )
    return {row.stripe_session_id: row.order_id for row in rows}


def ids_by_number(tenant_id: int, order_numbers: Sequence[str]) -> dict[str, UUID]:
    """Return the id of the order with each of these numbers that the tenant has."""
    rows = db.session.execute(
        select(Order.order_number, Order.id).where(
            Order.tenant_id == tenant_id, Order.order_number == func.any(list(order_numbers))
        )
    )
    return {row.order_number: row.id for row in rows}


def numbers_by_id(tenant_id: int, order_ids: Collection[UUID]) -> dict[UUID, str]:
    """Return the numbers of these orders by their ids; no query for no orders."""
    if not order_ids:
        return {}
    query = select(Order.id, Order.order_number).where(
        Order.tenant_id == tenant_id, Order.id == func.any(list(order_ids))
    )
    return {row.id: row.order_number for row in db.session.execute(query)}


def get_order(tenant_id: int, reference: str) -> Order:
    """Return one whole order by its id, its number, its PaymentIntent or its session; `OrderNotFound`."""
    query = _by_reference(select(Order).where(Order.tenant_id == tenant_id), tenant_id, reference)
    found = db.session.execute(query).scalars().all()
    if not found:
        raise OrderNotFound("There is no such order.")
    [order] = load_whole(tenant_id, found)
    return order


NO_PAYMENT = "There is no such payment."


def get_order_of_payment(tenant_id: int, reference: str) -> Order:
    """Return one whole order by its PaymentIntent, its session or its number, but not by its id; `OrderNotFound`."""
    if parse_uuid(reference) is not None:
        raise OrderNotFound(NO_PAYMENT)
    try:
        return get_order(tenant_id, reference)
    except OrderNotFound as error:
        raise OrderNotFound(NO_PAYMENT) from error


def _by_reference(query: Select[Order], tenant_id: int, reference: str) -> Select[Order]:
    if reference.startswith("pi_"):
        of_payment = select(Payment.order_id).where(
            Payment.tenant_id == tenant_id, Payment.stripe_payment_intent_id == reference
        )
        return query.where(Order.id.in_(of_payment))
    if reference.startswith("cs_"):
        of_session = select(CheckoutSession.order_id).where(
            CheckoutSession.tenant_id == tenant_id, CheckoutSession.stripe_session_id == reference
        )
        return query.where(Order.id.in_(of_session))
    if (order_id := parse_uuid(reference)) is not None:
        return query.where(Order.id == order_id)
    return query.where(Order.order_number == reference.upper())
