"""Composers of the messages to buyers."""

from datetime import date
from zoneinfo import ZoneInfo

from lumira.domain import messages
from lumira.domain.withdrawal import right_of
from lumira.formats import is_public_host
from lumira.link_tokens import public_url_of, withdrawal_path
from lumira.models import MessageKind, Order, Refund, RefundOrigin
from lumira.notifications import emails, links
from lumira.notifications.composers import MessageContext, composes
from lumira.notifications.draft import Draft, Postponed
from lumira.notifications.sold_images import sold_images
from lumira.repositories.fulfilment import deliverables
from lumira.repositories.messages import mailbox_messages
from lumira.repositories.tenants import tenants


@composes(MessageKind.ORDER_CONFIRMATION)
def order_confirmation(context: MessageContext) -> Draft | None:
    """Compose the confirmation: what was bought, its order number, and the link to the portal."""
    if not _is_current(context):
        return None
    shown = sold_images(context)
    promised = [promise.title for promise in deliverables.list_promises(context.order)]
    return emails.draft_for_buyer(
        context,
        access_url=links.access_url(context),
        promised=promised,
        images=tuple(shown.parts),
        image_ids=shown.ids,
        sent_to=emails.sent_to(context),
        withdrawal_until=_withdrawal_until(context),
        withdrawal_url=public_url_of(withdrawal_path(context.tenant.slug, str(context.language))),
    )


@composes(MessageKind.PAYMENT_FAILED)
def payment_failed(context: MessageContext) -> Draft | Postponed | None:
    """Compose the message about a declined payment; superseded once the order is paid, or if the mailbox got one."""
    return _once_a_day(context)


@composes(MessageKind.TRANSFER_NOT_RECEIVED)
def transfer_not_received(context: MessageContext) -> Draft | Postponed | None:
    """Compose the message about a bank transfer that did not arrive in time; superseded as that of a failed payment."""
    return _once_a_day(context)


@composes(MessageKind.ORDER_REFUNDED)
def order_refunded(context: MessageContext) -> Draft | None:
    """Compose the message about a refund, with its reason if it was automatic; superseded if the refund failed."""
    refund = _find_refund(context)
    if refund is None or not _is_current(context):
        return None
    return emails.draft_for_buyer(context, refund=refund, origin=_origin(context.order, refund))


@composes(MessageKind.REFUND_FAILED)
def refund_failed(context: MessageContext) -> Draft | None:
    """Compose the correction of a message about a refund that failed later; superseded if that was never sent."""
    refund = _find_refund(context)
    return (
        None if refund is None or not _is_current(context) else emails.draft_for_buyer(context, refund=refund)
    )


@composes(MessageKind.ACCESS_READY)
def access_ready(context: MessageContext) -> Draft | None:
    """Compose the message about restored access; superseded once the order gives no access."""
    if not _is_current(context):
        return None
    live_line_ids = {grant.order_line_id for grant in context.order.grants if grant.is_live}
    names = [line.product_name for line in context.order.lines if line.id in live_line_ids]
    return emails.draft_for_buyer(context, names=names, access_url=links.access_url(context))


@composes(MessageKind.DELIVERABLE_READY)
def deliverable_ready(context: MessageContext) -> Draft | None:
    """Compose the message about a delivered deliverable; superseded once access to it is revoked."""
    if not _is_current(context):
        return None
    title = deliverables.get_promise(context.order, context.message.subject).title
    return emails.draft_for_buyer(context, title=title, access_url=links.access_url(context))


def _once_a_day(context: MessageContext) -> Draft | Postponed | None:
    """Compose a message unless its mailbox got one; postponed while an older one to the mailbox is pending."""
    if not _is_current(context):
        return None
    others = mailbox_messages.find_others(context.order, context.message)
    if others.is_notified:
        return None
    if others.older_due_at is not None:
        return Postponed(others.older_due_at)
    return emails.draft_for_buyer(context, shop_url=_shop_url(context))


def _withdrawal_until(context: MessageContext) -> date | None:
    """Return the last day on which the buyer may withdraw; `None` if they have no such right."""
    right = right_of(context.order, zone=ZoneInfo(context.tenant.time_zone), at=context.message.created_at)
    return right.last_day if right.is_open else None


def _find_refund(context: MessageContext) -> Refund | None:
    subject = context.message.subject
    return next((refund for refund in context.order.refunds if refund.stripe_refund_id == subject), None)


def _is_current(context: MessageContext) -> bool:
    return messages.is_current(context.order, context.message.kind, context.message.subject)


def _shop_url(context: MessageContext) -> str | None:
    """Return the page on which the buyer can order again; `None` if the tenant names none."""
    if context.tenant.shop_url is not None:
        return context.tenant.shop_url
    public = (domain for domain in tenants.list_domains(context.tenant.id) if is_public_host(domain))
    domain = next(public, None)
    return None if domain is None else f"https://{domain}/"


def _origin(order: Order, refund: Refund) -> RefundOrigin:
    """Return why the payment was refunded, also for a refund made in the Stripe dashboard before Lumira's own."""
    for request in order.refund_requests:
        if request.stripe_refund_id == refund.stripe_refund_id:
            return request.origin
    return RefundOrigin.REQUESTED if order.sold_out_at is None else RefundOrigin.SOLD_OUT
