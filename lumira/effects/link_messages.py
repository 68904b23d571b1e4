"""The letter that a buyer asks for on a page whose link is over."""

from lumira.effects import letters, links
from lumira.effects.letters import Draft
from lumira.effects.registry import Occasion, composes
from lumira.models import MessageKind


@composes(MessageKind.ACCESS_LINK)
def access_link(occasion: Occasion) -> Draft | None:
    """A link to the page of what was bought; not sent where there is no such page any more."""
    link = links.access_link(occasion.tenant, occasion.order)
    if link is None or occasion.order.customer_email is None:
        return None
    return letters.to_buyer(occasion, access_url=link.url, ends_at=link.ends_at)
