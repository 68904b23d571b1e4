"""Whose an order is, where only Stripe's page asked for the buyer's address."""

from lumira.models import Order
from lumira.repositories import customers, receipts


def link_customer(order: Order) -> None:
    """Tie a locked order whose buyer was learned from Stripe to the tenant's customer of that address."""
    if order.customer_id is not None or order.customer_email is None:
        return
    customer = customers.find_or_create(
        order.tenant_id, email=order.customer_email, name=order.customer_name, locale=order.locale
    )
    # The address may be one whose customer was merged into another: the order is found where that one's are.
    order.customer_id, order.email_key = customer.id, customer.email_key
    for grant in order.grants:
        grant.customer_id = customer.id
    receipts.name_buyer(order)
