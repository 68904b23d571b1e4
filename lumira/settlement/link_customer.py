"""Links an order to its customer where the buyer's e-mail address is known only from Stripe."""

from lumira.domain import order_status
from lumira.models import AlertKind, Order
from lumira.repositories.alerts import alerts
from lumira.repositories.customers import customers
from lumira.repositories.receipts import receipts


def link_customer(order: Order) -> None:
    """Link a locked order without a customer to the tenant's customer with its e-mail address, if it has one."""
    if order.customer_id is not None or order.customer_email is None:
        return
    customer = customers.find_or_create(
        order.tenant_id, email=order.customer_email, name=order.customer_name, locale=order.locale
    )
    # The customer of this address may be merged into another: the order is listed with that one's orders.
    order.customer_id, order.email_key = customer.id, customer.email_key
    for grant in order.grants:
        grant.customer_id = customer.id
    receipts.name_buyer(order)
    if order_status.is_fulfilled(order):
        alerts.resolve(order.tenant_id, kind=AlertKind.PAID_WITHOUT_RECIPIENT, subject=order.order_number)
