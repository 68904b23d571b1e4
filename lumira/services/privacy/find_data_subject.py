"""The data subject of an e-mail address: their customer rows, their orders and their identifiers."""

from collections.abc import Sequence

from lumira.domain.identifiers import customer_ids_in
from lumira.errors.customers import CustomerNotFound
from lumira.models import Customer, Order, email_key
from lumira.repositories.customers import customers, erasure_registry
from lumira.repositories.events.identifying_events import list_stripe_customer_ids


def find_data_subject(tenant_id: int, email: str) -> list[Customer]:
    """Return the rows of one data subject: the customer of this address, merged ones, and earlier erased ones.

    Inside the caller's transaction. Raises `CustomerNotFound`.
    """
    rows = {erased.id: erased for erased in erasure_registry.list_erased_customers(tenant_id, email)}
    current = customers.find_by_email(tenant_id, email)
    if current is not None:
        rows[current.id] = current
    for customer_id in list(rows):
        rows |= {merged.id: merged for merged in customers.list_merged(tenant_id, customer_id)}
    if not rows:
        raise CustomerNotFound("There is no customer with this e-mail address.")
    return list(rows.values())


def list_identifiers(tenant_id: int, subject: Sequence[Customer], orders: Sequence[Order]) -> list[str]:
    """Return the data subject's identifiers: e-mail addresses, Stripe customer ids and payment ids.

    Earlier Stripe customer ids are found in the requests to Stripe for these orders, and in their events.
    """
    addresses = [customer.email_key for customer in subject if customer.erased_at is None]
    addresses += [email_key(order.customer_email) for order in orders if order.customer_email]
    ids = list_stripe_customer_ids(tenant_id, [order.id for order in orders])
    ids.update(customer.stripe_customer_id for customer in subject if customer.stripe_customer_id)
    ids.update(customer_ids_in([request.parameters for order in orders for request in order.requests]))
    ids.update(payment.stripe_payment_intent_id for order in orders for payment in order.payments)
    return sorted({*addresses, *ids})
