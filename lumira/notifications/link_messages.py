"""Composer of the message with a new portal link."""

from lumira.models import MessageKind
from lumira.notifications import emails, links
from lumira.notifications.composers import MessageContext, composes
from lumira.notifications.draft import Draft


@composes(MessageKind.ACCESS_LINK)
def access_link(context: MessageContext) -> Draft | None:
    """Compose the message with a link that a buyer requested on the portal; superseded if no link can be made."""
    link = links.access_link(context)
    if link is None or context.order.customer_email is None:
        return None
    return emails.draft_for_buyer(context, access_url=link.url, ends_at=link.ends_at)
