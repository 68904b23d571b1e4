"""Links to the portal in messages."""

from dataclasses import dataclass
from datetime import datetime

from lumira.clock import utc_now
from lumira.link_tokens import LinkAddress, has_public_url, url_of
from lumira.models import Order, Tenant
from lumira.repositories import access_links, customers


@dataclass(frozen=True, slots=True)
class Link:
    """The URL of a buyer's portal, and when it expires."""

    url: str
    ends_at: datetime


def access_url(tenant: Tenant, order: Order) -> str | None:
    """Return the URL of the buyer's portal; `None` if there is none, and the message then has no link.

    The URL stays the same for weeks, so that a message that is composed again has the same content. Inside the
    caller's transaction.
    """
    link = access_link(tenant, order)
    return None if link is None else link.url


def access_link(tenant: Tenant, order: Order) -> Link | None:
    """Return the link to the buyer's portal with its expiry; `None` if the order has no customer or no public URL."""
    if order.customer_id is None or not has_public_url():
        return None
    customer = customers.get_current(tenant.id, str(order.customer_id))
    link = access_links.get_or_create(tenant.id, customer.id, utc_now())
    url = url_of(LinkAddress(tenant.id, link.id))
    return None if url is None else Link(url, link.expires_at)
