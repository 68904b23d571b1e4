"""What the team is told of orders."""

from lumira.domain import messages
from lumira.models import MessageKind
from lumira.notifications import emails
from lumira.notifications.composers import Occasion, composes
from lumira.notifications.emails import Draft


@composes(MessageKind.DISPUTE_ALERT)
def dispute_alert(occasion: Occasion) -> Draft | None:
    """That a bank asks about a payment or disputes it, and until when it can be answered.

    A question is not told any more once it has become a dispute: of that there is a message of its own.
    """
    order, message = occasion.order, occasion.message
    dispute_id = messages.dispute_id_of(message.subject)
    dispute = next((known for known in order.disputes if known.stripe_dispute_id == dispute_id), None)
    if dispute is None or not messages.is_current(order, message.kind, message.subject):
        return None
    return Draft(
        tenant=occasion.tenant,
        kind=str(message.kind),
        language=occasion.language,
        to=emails.team_mailbox(occasion.tenant),
        identity=str(message.id),
        at=message.created_at,
        facts={"order": order, "dispute": dispute, "is_question": messages.is_about_inquiry(message.subject)},
    )
