"""The letter that a buyer asks for on a page whose link is over."""

from lumira.models import MessageKind
from lumira.notifications import emails, links
from lumira.notifications.composers import Occasion, composes
from lumira.notifications.emails import Draft


@composes(MessageKind.ACCESS_LINK)
def access_link(occasion: Occasion) -> Draft | None:
    """A link to the page of what was bought; not sent where there is no such page any more."""
    link = links.access_link(occasion.tenant, occasion.order)
    if link is None or occasion.order.customer_email is None:
        return None
    return emails.to_buyer(occasion, access_url=link.url, ends_at=link.ends_at)
