"""Shows the order that a visitor opened on the checkout page. Changes nothing."""

from dataclasses import dataclass
from enum import StrEnum

from lumira.clock import utc_now
from lumira.database import atomic
from lumira.domain import order_status, payments
from lumira.models import Order, OrderStatus, Tenant
from lumira.repositories.orders import orders
from lumira.repositories.tenants import tenants


class Progress(StrEnum):
    """How far the payment of an order is, as its buyer sees it."""

    PAID = "paid"
    #: Paid once, and refunded, disputed or revoked since.
    REVERSED = "reversed"
    #: The buyer has confirmed it, and the bank confirms it days later.
    AWAITED = "awaited"
    #: The buyer was asked to pay by a bank transfer or a voucher, and the money has not arrived.
    TRANSFER = "transfer"
    #: An operator checks the payment.
    CHECKED = "checked"
    #: It can be paid: Stripe's page is open, also after a declined attempt, or its result is on the way.
    PAYABLE = "payable"
    #: The last attempt on Lumira's page was declined, and the buyer can try again.
    DECLINED = "declined"
    #: The order was closed, or ended unpaid.
    UNPAID = "unpaid"


#: The buyer has done what was asked on the page: another payment could charge them twice.
UNDER_WAY = (Progress.AWAITED, Progress.TRANSFER)
#: The buyer may begin an attempt to pay.
PAYABLE = (Progress.PAYABLE, Progress.DECLINED)


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

    @property
    def is_payable_here(self) -> bool:
        """Whether it can be paid by a PaymentIntent, on Lumira's page."""
        return self.progress in PAYABLE and bool(self.order.payments) and not self.order.sessions


def view_opened(tenant_id: int, order_number: str) -> OpenedOrder:
    """Return an order by its number, for the visitor who opened it; raises `OrderNotFound`."""
    with atomic(tenant_id):
        order = orders.get_order_of_payment(tenant_id, order_number)
        return OpenedOrder(tenants.get(tenant_id), order, progress_of(order))


def view_brand(tenant_id: int) -> Brand:
    """Return the tenant, for a page that shows no order."""
    with atomic(tenant_id):
        return Brand(tenants.get(tenant_id))


def progress_of(order: Order) -> Progress:
    """Return how far the payment of a loaded order is."""
    if order.status in order_status.ENTITLED:
        return Progress.PAID
    if order_status.is_fulfilled(order):
        return Progress.REVERSED
    if order.status is OrderStatus.PROCESSING and order.review_reason is not None:
        return Progress.CHECKED
    if order.status is OrderStatus.PROCESSING and order_status.is_awaited(order):
        is_charging = any(order_status.is_processing(order, payment) for payment in order.payments)
        waits = any(payments.waits_for_transfer(order, payment) for payment in order.payments)
        return Progress.TRANSFER if waits and not is_charging else Progress.AWAITED
    return _progress_while_payable(order) if order.status in order_status.OPEN else Progress.UNPAID


def _progress_while_payable(order: Order) -> Progress:
    if order.sessions:
        now = utc_now()
        is_on_stripe = any(session.is_open and session.expires_at > now for session in order.sessions)
        return Progress.PAYABLE if is_on_stripe else Progress.UNPAID
    if order.status is OrderStatus.FAILED:
        return Progress.DECLINED if order_status.payable_payments(order) else Progress.UNPAID
    return Progress.PAYABLE
