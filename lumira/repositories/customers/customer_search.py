"""Customers found by what names them or one of their orders."""

from uuid import UUID

from sqlalchemy import select

from lumira.database import db
from lumira.domain.order_search import SearchKind, SearchTerm
from lumira.formats import parse_uuid
from lumira.models import Customer, Order
from lumira.repositories.customers import customers
from lumira.repositories.orders import order_search

#: Of a text that names many orders, only so many are searched for their customer.
_MAX_ORDERS = 500


def find_ids(tenant_id: int, term: SearchTerm) -> set[UUID]:
    """Return the ids of the customers that a term names, merges followed.

    An address, a name and Stripe's id of a customer name the customer; every other term names the customer of an order.
    """
    return customers.current_ids(tenant_id, _named(tenant_id, term))


def _named(tenant_id: int, term: SearchTerm) -> set[UUID]:
    match term.kind:
        case SearchKind.EMAIL:
            found = customers.find_by_email(tenant_id, term.text)
            return set() if found is None else {found.id}
        case SearchKind.NAME:
            return set(db.session.execute(order_search.named(tenant_id, term.text)).scalars())
        case SearchKind.CUSTOMER:
            at_stripe = select(Customer.id).where(
                Customer.tenant_id == tenant_id, Customer.stripe_customer_id == term.text
            )
            return set(db.session.execute(at_stripe).scalars())
        case SearchKind.ORDER_ID:
            # The text is any id of ours: that of an order or of a customer.
            own_id = parse_uuid(term.text)
            return _of_orders(tenant_id, term) | (set() if own_id is None else {own_id})
        case _:
            return _of_orders(tenant_id, term)


def _of_orders(tenant_id: int, term: SearchTerm) -> set[UUID]:
    named = select(Order.customer_id).where(
        Order.tenant_id == tenant_id, order_search.condition(tenant_id, term)
    )
    found = db.session.execute(named.limit(_MAX_ORDERS)).scalars()
    return {customer_id for customer_id in found if customer_id is not None}
