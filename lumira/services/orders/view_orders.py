"""Looking at orders, without changing anything."""

from dataclasses import dataclass, replace
from uuid import UUID

from lumira.database import atomic
from lumira.models import Order
from lumira.repositories import customers, order_lists, orders
from lumira.repositories.order_lists import OrderFilter
from lumira.repositories.timeline import TimelineEntry, list_events, timeline


@dataclass(frozen=True, slots=True)
class OrderView:
    """One order, whole, and its story."""

    order: Order
    timeline: list[TimelineEntry]


def view_order(tenant_id: int, reference: str) -> OrderView:
    """One order by its id, its number or its PaymentIntent; `OrderNotFound` if this tenant has none such."""
    with atomic(tenant_id):
        order = orders.get_order(tenant_id, reference)
        return OrderView(order, timeline(order, list_events(tenant_id, order.id)))


def view_payment(tenant_id: int, payment_intent_id: str) -> Order:
    """The order of one PaymentIntent; `OrderNotFound` if this tenant has none such."""
    with atomic(tenant_id):
        return orders.get_order_of_payment(tenant_id, payment_intent_id)


def list_orders(tenant_id: int, wanted: OrderFilter) -> tuple[list[Order], UUID | None]:
    """One page of orders, newest first, and the id that the next page goes on from, if there is one.

    An address that was merged into another customer's stands for all that this customer bought.
    """
    with atomic(tenant_id):
        if wanted.customer_email is not None:
            customer = customers.find_by_email(tenant_id, wanted.customer_email)
            wanted = replace(wanted, customer_email=customer.email_key) if customer else wanted
        return order_lists.list_orders(tenant_id, wanted)
