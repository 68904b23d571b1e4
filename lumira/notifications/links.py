"""Addresses of pages that messages lead to."""

from dataclasses import dataclass
from datetime import datetime

from lumira.clock import utc_now
from lumira.link_tokens import LinkAddress, has_public_url, url_of
from lumira.models import Order, Tenant
from lumira.repositories import access_links, customers


@dataclass(frozen=True, slots=True)
class Link:
    """The address of a buyer's page, and until when it opens it."""

    url: str
    ends_at: datetime


def access_url(tenant: Tenant, order: Order) -> str | None:
    """The page of whoever bought, or `None` where there is none: a message then goes without a link.

    The same for months, so that a letter which is written again says the same. Inside a transaction.
    """
    link = access_link(tenant, order)
    return None if link is None else link.url


def access_link(tenant: Tenant, order: Order) -> Link | None:
    """The same with the time of its end."""
    if order.customer_id is None or not has_public_url():
        return None
    customer = customers.get_current(tenant.id, str(order.customer_id))
    link = access_links.current(tenant.id, customer.id, utc_now())
    url = url_of(LinkAddress(tenant.id, link.id))
    return None if url is None else Link(url, link.expires_at)
