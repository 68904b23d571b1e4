"""Shows the order that a visitor opened on the checkout page. Changes nothing."""

from dataclasses import dataclass
from enum import StrEnum

from lumira.clock import utc_now
from lumira.database import atomic
from lumira.domain import order_status
from lumira.models import Order, OrderStatus, Tenant
from lumira.repositories import orders, tenants


class Progress(StrEnum):
    """How far the payment of an order is, as its buyer sees it."""

    PAID = "paid"
    #: Paid once, and refunded, disputed or revoked since.
    REVERSED = "reversed"
    #: The buyer has confirmed it, and the bank confirms it days later.
    AWAITED = "awaited"
    #: An operator checks the payment.
    CHECKED = "checked"
    #: Stripe's page is open, also after a declined attempt, or its result is on the way.
    PAYABLE = "payable"
    #: The order was closed, or ended unpaid.
    UNPAID = "unpaid"


@dataclass(frozen=True, slots=True)
class Brand:
    """The tenant of a page."""

    tenant: Tenant


@dataclass(frozen=True, slots=True)
class OpenedOrder:
    """An order, its tenant, and how far its payment is."""

    tenant: Tenant
    order: Order
    progress: Progress


def view_opened(tenant_id: int, order_number: str) -> OpenedOrder:
    """Return an order by its number, for the visitor who opened it; raises `OrderNotFound`."""
    with atomic(tenant_id):
        order = orders.get_order_of_payment(tenant_id, order_number)
        return OpenedOrder(tenants.get(tenant_id), order, _progress_of(order))


def view_brand(tenant_id: int) -> Brand:
    """Return the tenant, for a page that shows no order."""
    with atomic(tenant_id):
        return Brand(tenants.get(tenant_id))


def _progress_of(order: Order) -> Progress:
    if order.status in order_status.ENTITLED:
        return Progress.PAID
    if order_status.is_fulfilled(order):
        return Progress.REVERSED
    if order.status is OrderStatus.PROCESSING:
        return Progress.CHECKED if order.review_reason is not None else Progress.AWAITED
    is_on_stripe = any(session.is_open and session.expires_at > utc_now() for session in order.sessions)
    is_beginning = order.status is OrderStatus.PENDING and not order.sessions
    is_payable = order.status in order_status.PAYABLE and is_on_stripe
    return Progress.PAYABLE if is_payable or is_beginning else Progress.UNPAID
