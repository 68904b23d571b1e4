"""Links to the portal and to the second step of a withdrawal, in messages.

A preview for an operator has none that opens anything: no token is made, and no link is created.
"""

from dataclasses import dataclass
from datetime import datetime

from lumira.clock import utc_now
from lumira.link_tokens import (
    LinkAddress,
    WithdrawalAddress,
    has_public_url,
    public_url_of,
    sign_withdrawal,
    url_of,
    withdrawal_path,
)
from lumira.notifications.composers import MessageContext
from lumira.repositories.customers import access_links

#: Stands in a preview where the message has the token.
MASK = "***"


@dataclass(frozen=True, slots=True)
class Link:
    """The URL of a buyer's portal, and when it expires."""

    url: str
    ends_at: datetime


def access_url(context: MessageContext) -> str | None:
    """Return the URL of the customer's portal; `None` if there is none, and the message then has no link.

    The URL stays the same for weeks, so that a message that is composed again has the same content. Inside the
    caller's transaction.
    """
    link = access_link(context)
    return None if link is None else link.url


def access_link(context: MessageContext) -> Link | None:
    """Return the link to the customer's portal with its expiry; `None` without a customer or a public URL.

    It shows all purchases of the customer, so it may be sent to the customer's own address only.
    """
    tenant, customer = context.tenant, context.customer
    if customer is None or not has_public_url():
        return None
    if context.is_preview:
        url = public_url_of(f"/my/{MASK}")
        return None if url is None else Link(url, utc_now() + access_links.LIFETIME)
    link = access_links.get_or_create(tenant.id, customer.id, utc_now())
    url = url_of(LinkAddress(tenant.id, link.id))
    return None if url is None else Link(url, link.expires_at)


def withdrawal_url(context: MessageContext, requested_at: datetime) -> str | None:
    """Return the URL of the second step of a withdrawal that was requested at this time; `None` if none can be made."""
    order, path = context.order, withdrawal_path(context.tenant.slug, str(context.language))
    if context.is_preview:
        return public_url_of(f"{path}/{MASK}")
    token = sign_withdrawal(WithdrawalAddress(order.tenant_id, order.id, requested_at))
    return public_url_of(f"{path}/{token}")
