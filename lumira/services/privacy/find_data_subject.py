"""Whoever comes under an address, what they bought, and by what words about them are found."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from lumira.database import db
from lumira.domain.identifiers import customers_in
from lumira.errors import CustomerNotFound
from lumira.models import Customer, Order
from lumira.repositories import customers, erasures
from lumira.repositories.identifying_events import stripe_customers_of


def find_data_subjects(tenant_id: int, email: str) -> list[Customer]:
    """The customer of this address, those that were merged into it, and who was erased under it before."""
    found = {each.id: each for each in erasures.find_erased(tenant_id, email)}
    current = customers.find_by_email(tenant_id, email)
    if current is not None:
        found[current.id] = current
    for each in list(found.values()):
        found |= {merged.id: merged for merged in customers.list_merged(tenant_id, each.id)}
    if not found:
        raise CustomerNotFound("There is no such customer.")
    return list(found.values())


def order_ids_of(tenant_id: int, people: Sequence[Customer]) -> list[UUID]:
    """All orders of these customers, also such as only their address leads to."""
    mine = Order.customer_id.in_([each.id for each in people])
    addressed = Order.email_key.in_([each.email_key for each in people])
    query = select(Order.id).where(Order.tenant_id == tenant_id, mine | addressed).order_by(Order.id)
    return list(db.session.execute(query).scalars())


def names_of(tenant_id: int, people: Sequence[Customer], whole: Sequence[Order]) -> list[str]:
    """By what words about these people are found: addresses, ids at Stripe, and those of their payments.

    Stripe may have known them by other ids before: what it was asked and what it told of their orders names those.
    """
    addresses = [each.email_key for each in people if each.erased_at is None]
    addresses += [order.customer_email.strip().lower() for order in whole if order.customer_email]
    ids = stripe_customers_of(tenant_id, [order.id for order in whole])
    ids.update(each.stripe_customer_id for each in people if each.stripe_customer_id)
    ids.update(customers_in([request.parameters for order in whole for request in order.requests]))
    ids.update(payment.stripe_payment_intent_id for order in whole for payment in order.payments)
    return sorted({*addresses, *ids})
