"""Composer of the messages to the team about an order."""

from lumira.domain import messages
from lumira.models import MessageKind
from lumira.notifications import emails
from lumira.notifications.composers import MessageContext, composes
from lumira.notifications.draft import Draft


@composes(MessageKind.DISPUTE_ALERT)
def dispute_alert(context: MessageContext) -> Draft | None:
    """Compose the message about a dispute or a bank's inquiry, with the date by which a response is due.

    The message about an inquiry is superseded once the inquiry has become a dispute, which has its own message.
    """
    order, message = context.order, context.message
    dispute_id = messages.dispute_id_of(message.subject)
    dispute = next((dispute for dispute in order.disputes if dispute.stripe_dispute_id == dispute_id), None)
    if dispute is None or not messages.is_current(order, message.kind, message.subject):
        return None
    return Draft(
        tenant=context.tenant,
        kind=str(message.kind),
        language=context.language,
        to=emails.team_mailbox(context.tenant),
        identity=message.identity,
        at=message.created_at,
        values={"order": order, "dispute": dispute, "is_inquiry": messages.is_about_inquiry(message.subject)},
    )
