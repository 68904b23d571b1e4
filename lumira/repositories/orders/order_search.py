"""Orders found by what names them: a number, an address, a name, or an id of Stripe."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select, union
from sqlalchemy.orm import InstrumentedAttribute

from lumira.database import constant, db
from lumira.domain.order_search import SearchKind, SearchTerm
from lumira.formats import parse_uuid
from lumira.models import (
    Charge,
    CheckoutSession,
    Customer,
    Dispute,
    Order,
    Payment,
    Refund,
    WebhookEvent,
    email_key,
)
from lumira.repositories.customers import customers

#: Customers whose name begins with the text: of a name that more have, only so many are searched.
_MAX_NAMED = 500
#: Orders whose messages or events are searched.
MAX_SEARCHED = 500
#: Where the ids of Stripe's objects are. A charge is known by its payment, and once it is refunded by itself.
_COLUMNS: dict[SearchKind, tuple[InstrumentedAttribute[Any], ...]] = {
    SearchKind.PAYMENT: (Payment.stripe_payment_intent_id,),
    SearchKind.SESSION: (CheckoutSession.stripe_session_id,),
    SearchKind.CHARGE: (Payment.stripe_charge_id, Charge.stripe_charge_id),
    SearchKind.REFUND: (Refund.stripe_refund_id,),
    SearchKind.DISPUTE: (Dispute.stripe_dispute_id,),
    SearchKind.EVENT: (WebhookEvent.stripe_event_id,),
}
#: Sorts after every text that begins alike.
_LAST = "\U0010ffff"


def condition(tenant_id: int, term: SearchTerm) -> ColumnElement[bool]:
    """Return which orders a term names.

    What is no property of the order itself is looked up first, by a query of its own: as a part of the list's, it might
    be planned as a condition on each of the newest orders.
    """
    match term.kind:
        case SearchKind.ORDER_NUMBER:
            return Order.order_number == term.text
        case SearchKind.ORDER_ID:
            return Order.id == parse_uuid(term.text)
        case SearchKind.EMAIL:
            # The address of a merged customer finds the orders of the customer that it was merged into.
            customer = customers.find_by_email(tenant_id, term.text)
            return Order.email_key == (customer.email_key if customer else email_key(term.text))
        case SearchKind.NAME:
            with_name = db.session.execute(named(tenant_id, term.text)).scalars().all()
            return Order.customer_id == func.any(list(with_name))
        case SearchKind.CUSTOMER:
            at_stripe = select(Customer.id).where(
                Customer.tenant_id == tenant_id, Customer.stripe_customer_id == term.text
            )
            return Order.customer_id == func.any(list(db.session.execute(at_stripe).scalars()))
        case _:
            with_object = db.session.execute(_with_object(tenant_id, term)).scalars().all()
            return Order.id == func.any(list(with_object))


def newest_ids(tenant_id: int, term: SearchTerm) -> list[UUID]:
    """Return the ids of the orders that a term names, the newest first: what belongs to them is searched next."""
    query = select(Order.id).where(Order.tenant_id == tenant_id, condition(tenant_id, term))
    return list(db.session.execute(query.order_by(Order.id.desc()).limit(constant(MAX_SEARCHED))).scalars())


def searched_of(order_ids: Sequence[UUID] | None) -> int | None:
    """Return how many orders are searched, if `newest_ids` may have left out some; `None` otherwise."""
    return MAX_SEARCHED if order_ids is not None and len(order_ids) >= MAX_SEARCHED else None


def named(tenant_id: int, text: str) -> Select[UUID]:
    """The customers whose name, or its last word, begins with the text; case and accents do not count."""
    key = func.lumira_name_key(text)
    query = select(Customer.id).where(
        Customer.tenant_id == tenant_id,
        (Customer.name_key >= key) & (Customer.name_key < key + _LAST)
        | (Customer.family_key >= key) & (Customer.family_key < key + _LAST),
    )
    return query.order_by(Customer.id.desc()).limit(constant(_MAX_NAMED))


def _with_object(tenant_id: int, term: SearchTerm) -> Select[UUID]:
    """The orders that have an object with this id at Stripe."""
    found = [
        select(column.class_.order_id).where(column.class_.tenant_id == tenant_id, column == term.text)
        for column in _COLUMNS[term.kind]
    ]
    return found[0] if len(found) == 1 else select(union(*found).subquery().c.order_id)
