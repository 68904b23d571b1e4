"""An operator sets or corrects the buyer's e-mail address of an order."""

from dataclasses import dataclass
from uuid import UUID

from lumira.clock import utc_now
from lumira.database import atomic, retried
from lumira.domain import messages
from lumira.errors.orders import AddressUnchanged, BuyerErased, MessageBeingSent
from lumira.models import AlertKind, Customer, MessageStatus, Order
from lumira.repositories.alerts import alerts
from lumira.repositories.audit import audit
from lumira.repositories.crm import crm_tasks
from lumira.repositories.customers import customers
from lumira.repositories.messages import message_claims, outbox
from lumira.repositories.orders import orders
from lumira.settlement.settle_order import settle_order


@dataclass(frozen=True, slots=True)
class AddressChange:
    """The order and its customer now, the number of pending messages, and the former customer if no order is left."""

    order: Order
    customer: Customer
    messages: int
    orphan: Customer | None


@retried
def change_address(tenant_id: int, order_id: UUID, email: str, *, actor: str) -> AddressChange:
    """Make the order that of the customer with this address, and enqueue its messages again.

    The access and the current messages follow; documents stay as they were issued. Raises `OrderNotFound`, and
    `Conflict` if the order has this address already, was erased, or has a message that is being sent.
    """
    with atomic(tenant_id):
        # The usual order of locks: the customer before the order.
        customer = customers.find_or_create(tenant_id, email=email, name=None)
        order = orders.lock_order(tenant_id, order_id)
        _check_changeable(order, email)
        former_id = order.customer_id
        _move_to(order, customer, email)
        outbox.send_again(order)
        alerts.resolve(tenant_id, kind=AlertKind.PAID_WITHOUT_RECIPIENT, subject=order.order_number)
        settle_order(order, actor=actor)
        pending = _count_pending(order)
        audit.record(
            tenant_id,
            actor=actor,
            action="order_address_changed",
            subject=f"order:{order.id}",
            before=str(former_id),
            after=str(customer.id),
            messages=pending,
        )
        return AddressChange(order, customer, pending, _find_orphan(tenant_id, former_id, customer))


def _check_changeable(order: Order, email: str) -> None:
    if order.erased_at is not None:
        raise BuyerErased(
            f"The personal data of the order {order.order_number} was erased: it gets no address again."
        )
    if order.customer_email == email:
        raise AddressUnchanged(f"The order {order.order_number} has this address already.")
    now = utc_now()
    if any(messages.is_being_sent(message, now, message_claims.LEASE) for message in order.messages):
        # It may be sent to the former address, and would then count as sent.
        raise MessageBeingSent(
            f"A message of the order {order.order_number} is being sent: try again in half a minute."
        )


def _move_to(order: Order, customer: Customer, email: str) -> None:
    customer.name, customer.locale = customer.name or order.customer_name, customer.locale or order.locale
    if order.free_product_id is not None and orders.find_free(
        order.tenant_id, customer_id=customer.id, product_id=order.free_product_id
    ) not in (None, order.id):
        # A free product is ordered once per customer, and this customer has ordered it.
        order.free_product_id = None
    order.customer_email = email
    order.customer_id, order.email_key = customer.id, customer.email_key
    crm_tasks.move_order(order.tenant_id, order.id, customer.id)
    for grant in order.grants:
        grant.customer_id = customer.id


def _count_pending(order: Order) -> int:
    # A message that settling has just enqueued is not written yet, and has no status before.
    pending = [message for message in order.messages if message.status in (None, MessageStatus.PENDING)]
    return sum(not messages.is_for_team(message.kind) for message in pending)


def _find_orphan(tenant_id: int, former_id: UUID | None, customer: Customer) -> Customer | None:
    """Return the former customer if no order belongs to it any more: often an address that only a mistake created."""
    if former_id is None or former_id == customer.id or orders.ids_of_customer(tenant_id, former_id):
        return None
    return customers.find_by_reference(tenant_id, str(former_id))
