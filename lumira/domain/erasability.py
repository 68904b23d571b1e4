"""Which orders stand against the erasure of their buyer: money, work or messages are still outstanding."""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from lumira.domain import messages, order_status, withdrawal
from lumira.domain.goods import addresses
from lumira.domain.goods.fulfilment import UNSHIPPED
from lumira.models import Order, OrderStatus

#: A new order is created in several transactions, and has no polling schedule before the last of them.
_BEING_CREATED = timedelta(hours=1)


def why_not_erasable(
    order: Order, *, delivered: Collection[tuple[UUID, str]], now: datetime, message_lease: timedelta
) -> str | None:
    """Return what is outstanding, as the end of a sentence that begins with the order number; `None` if nothing is.

    `delivered` holds the order line and key of every delivered deliverable. `message_lease` is how long a
    worker may hold a message while it sends it.
    """
    return (
        _outstanding_payment(order, now)
        or _outstanding_refund(order)
        or _undecided_withdrawal(order)
        or _message_being_sent(order, now, message_lease)
        or _outstanding_work(order, delivered)
        or _outstanding_goods(order, now)
    )


def is_closed_by_erasure(order: Order, now: datetime) -> bool:
    """Whether an erasure closes the order, because it may still be paid and no money is on its way.

    Anyone can open an order with another person's address, so an unpaid one must not prevent the erasure.
    """
    is_unpaid = order_status.is_open(order) and not any(payment.has_succeeded for payment in order.payments)
    return is_unpaid and _may_still_be_paid(order, now) and not order_status.is_money_under_way(order)


def _may_still_be_paid(order: Order, now: datetime) -> bool:
    return order.next_poll_at is not None or now - order.created_at < _BEING_CREATED


def _outstanding_payment(order: Order, now: datetime) -> str | None:
    if order.review_reason is not None:
        return "was paid with another amount or currency than its own: release or refund it first"
    if order.status is OrderStatus.DISPUTED and any(dispute.status.is_open for dispute in order.disputes):
        return "is disputed: wait for the bank's decision"
    if order.status is OrderStatus.PROCESSING:
        return "has a payment or refund in progress: wait until it has ended"
    if order.status in order_status.OPEN and _may_still_be_paid(order, now):
        return "was opened during the erasure and may still be paid: repeat the erasure, which closes it"
    return None


def _outstanding_refund(order: Order) -> str | None:
    if any(refund.is_pending for refund in order.refunds):
        return "has a refund in progress"
    if any(request.is_under_way for request in order.refund_requests):
        return "has a refund that is not sent to Stripe yet"
    return None


def _undecided_withdrawal(order: Order) -> str | None:
    if withdrawal.waiting(order):
        return "has a withdrawal that waits for a decision: accept or refuse it first"
    return None


def _message_being_sent(order: Order, now: datetime, lease: timedelta) -> str | None:
    if any(messages.is_being_sent(message, now, lease) for message in order.messages):
        return "has a message that is being sent: try again in half a minute"
    return None


def _outstanding_work(order: Order, delivered: Collection[tuple[UUID, str]]) -> str | None:
    if order.is_free or order.status not in order_status.ENTITLED:
        # What was free may have been ordered by a stranger, and the erasure must not wait for its work.
        return None
    promised = {
        (line.id, promise.key)
        for line in order.lines
        if not withdrawal.is_line_withdrawn(order, line)
        for promise in line.promises
    }
    return "has deliverables that are not delivered yet" if promised - set(delivered) else None


def _outstanding_goods(order: Order, now: datetime) -> str | None:
    """The address is needed until the goods are shipped; not if they should have been long ago.

    A shop that asks for no address here sends its goods without Lumira: nothing that it needs is erased.
    """
    address = addresses.read(order.shipping_address)
    if order.is_free or order.fulfilment not in UNSHIPPED or order.completed_at is None:
        return None
    if address is None or not address.is_whole:
        return None
    is_recent = now - order.completed_at < timedelta(days=order.delivery_days)
    return "has goods that are not shipped yet: ship or refund them first" if is_recent else None
