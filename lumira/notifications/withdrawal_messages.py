"""Composers of the messages about a withdrawal: the link to its second step, the acknowledgement, and the refusal."""

from datetime import datetime

from lumira.domain import messages
from lumira.domain.withdrawal_period import refund_due_at
from lumira.models import MessageKind, Order, Withdrawal
from lumira.notifications import emails, links
from lumira.notifications.composers import MessageContext, composes
from lumira.notifications.draft import Draft

_TIMES = "\N{MULTIPLICATION SIGN}"


@composes(MessageKind.WITHDRAWAL_LINK)
def withdrawal_link(context: MessageContext) -> Draft | None:
    """Compose the message with the link that a buyer without an account requested; superseded if none can be made."""
    requested_at = datetime.fromisoformat(context.message.subject)
    url = links.withdrawal_url(context, requested_at)
    if url is None or context.order.customer_email is None:
        return None
    return emails.draft_for_buyer(context, withdrawal_url=url, requested_at=requested_at)


@composes(MessageKind.WITHDRAWAL_ACKNOWLEDGED)
def withdrawal_acknowledged(context: MessageContext) -> Draft | None:
    """Compose the acknowledgement with content, date and hour; it is sent whatever was decided since (D221-5)."""
    withdrawal = _find(context)
    if withdrawal is None:
        return None
    return emails.draft_for_buyer(
        context,
        withdrawal=withdrawal,
        items=_items(context.order, withdrawal),
        refund_due_at=refund_due_at(withdrawal.requested_at),
    )


@composes(MessageKind.WITHDRAWAL_REFUSED)
def withdrawal_refused(context: MessageContext) -> Draft | None:
    """Compose the message about a refused withdrawal, with the operator's explanation."""
    withdrawal = _find(context)
    is_current = messages.is_current(context.order, context.message.kind, context.message.subject)
    if withdrawal is None or not is_current:
        return None
    return emails.draft_for_buyer(
        context,
        withdrawal=withdrawal,
        items=_items(context.order, withdrawal),
        access_url=links.access_url(context),
    )


def _find(context: MessageContext) -> Withdrawal | None:
    return next((each for each in context.order.withdrawals if str(each.id) == context.message.subject), None)


def _items(order: Order, withdrawal: Withdrawal) -> list[str]:
    """What the buyer withdraws from, each with its number of units."""
    names = {line.id: line.product_name for line in order.lines}
    return [
        f"{line.quantity} {_TIMES} {names[line.order_line_id]}"
        if line.quantity > 1
        else names[line.order_line_id]
        for line in withdrawal.lines
    ]
