"""Links to the portal in messages."""

from dataclasses import dataclass
from datetime import datetime

from lumira.clock import utc_now
from lumira.link_tokens import LinkAddress, has_public_url, url_of
from lumira.models import Customer, Tenant
from lumira.repositories import access_links


@dataclass(frozen=True, slots=True)
class Link:
    """The URL of a buyer's portal, and when it expires."""

    url: str
    ends_at: datetime


def access_url(tenant: Tenant, customer: Customer | None) -> str | None:
    """Return the URL of the customer's portal; `None` if there is none, and the message then has no link.

    The URL stays the same for weeks, so that a message that is composed again has the same content. Inside the
    caller's transaction.
    """
    link = access_link(tenant, customer)
    return None if link is None else link.url


def access_link(tenant: Tenant, customer: Customer | None) -> Link | None:
    """Return the link to the customer's portal with its expiry; `None` without a customer or a public URL.

    It shows all purchases of the customer, so it may be sent to the customer's own address only.
    """
    if customer is None or not has_public_url():
        return None
    link = access_links.get_or_create(tenant.id, customer.id, utc_now())
    url = url_of(LinkAddress(tenant.id, link.id))
    return None if url is None else Link(url, link.expires_at)
