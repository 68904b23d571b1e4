"""What buyers are told, French first, English by their locale."""

from lumira.domain import messages
from lumira.models import MessageKind, Order, Refund, RefundOrigin
from lumira.notifications import emails, links
from lumira.notifications.composers import Occasion, composes
from lumira.notifications.emails import Draft
from lumira.repositories import deliverables


@composes(MessageKind.ORDER_CONFIRMATION)
def order_confirmation(occasion: Occasion) -> Draft | None:
    """What was bought and under which number; not said any more once the money is back."""
    if not _is_true(occasion):
        return None
    promised = [each.title for each in deliverables.promised(occasion.order)]
    return emails.to_buyer(occasion, access_url=_access_url(occasion), promised=promised)


@composes(MessageKind.PAYMENT_FAILED)
def payment_failed(occasion: Occasion) -> Draft | None:
    """That a try failed and another one is possible; not said if the order was paid meanwhile."""
    return emails.to_buyer(occasion) if _is_true(occasion) else None


@composes(MessageKind.ORDER_REFUNDED)
def order_refunded(occasion: Occasion) -> Draft | None:
    """That money is on its way back, and why if the house decided it; not said if that refund failed meanwhile."""
    order, subject = occasion.order, occasion.message.subject
    refund = next((known for known in order.refunds if known.stripe_refund_id == subject), None)
    if refund is None or not _is_true(occasion):
        return None
    return emails.to_buyer(occasion, refund=refund, origin=_origin(order, refund))


@composes(MessageKind.ACCESS_READY)
def access_ready(occasion: Occasion) -> Draft | None:
    """What the buyer may open again; not said once nothing of the order is open any more."""
    if not _is_true(occasion):
        return None
    open_lines = {grant.order_line_id for grant in occasion.order.grants if grant.is_live}
    names = [line.product_name for line in occasion.order.lines if line.id in open_lines]
    return emails.to_buyer(occasion, names=names, access_url=_access_url(occasion))


@composes(MessageKind.DELIVERABLE_READY)
def deliverable_ready(occasion: Occasion) -> Draft | None:
    """That what was made for the buyer is there; not said once the money is back."""
    if not _is_true(occasion):
        return None
    title = deliverables.find_promised(occasion.order, occasion.message.subject).title
    return emails.to_buyer(occasion, title=title, access_url=_access_url(occasion))


def _is_true(occasion: Occasion) -> bool:
    return messages.is_current(occasion.order, occasion.message.kind, occasion.message.subject)


def _access_url(occasion: Occasion) -> str | None:
    return links.access_url(occasion.tenant, occasion.order)


def _origin(order: Order, refund: Refund) -> RefundOrigin:
    """Why the money goes back: also for a refund that somebody made by hand before ours left."""
    for request in order.refund_requests:
        if request.stripe_refund_id == refund.stripe_refund_id:
            return request.origin
    return RefundOrigin.REQUESTED if order.sold_out_at is None else RefundOrigin.SOLD_OUT
