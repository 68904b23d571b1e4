"""Requests for a new portal link: it is sent to the customer's e-mail address only."""

from datetime import timedelta
from uuid import UUID

import structlog

from lumira.clock import utc_now
from lumira.database import atomic, retried
from lumira.domain.messages import may_send_link
from lumira.link_tokens import LinkAddress
from lumira.models import MessageKind, Tenant
from lumira.repositories.audit import audit
from lumira.repositories.customers import access_links, customers
from lumira.repositories.messages import outbox
from lumira.repositories.orders import order_lists, orders
from lumira.repositories.tenants import tenants

log = structlog.get_logger()


@retried
def renew_link(address: LinkAddress) -> Tenant:
    """Enqueue a message with a new link for the owner of a link, live or not, unless one was sent recently.

    The return value depends only on the tenant: the caller cannot find out whether the link has an owner or
    whether a message was enqueued. Raises `TenantNotFound`.
    """
    with atomic(address.tenant_id):
        tenant = tenants.get(address.tenant_id)
        _enqueue_link(address)
        return tenant


def _enqueue_link(address: LinkAddress) -> None:
    tenant_id = address.tenant_id
    owner = access_links.find_link_owner(tenant_id, address.link_id)
    if owner is None:
        return
    customer = customers.get_current(tenant_id, str(owner.customer.id))
    order_id = order_lists.newest_of_customer(tenant_id, customer.id)
    if order_id is None:
        log.info("link_not_renewed", reason="no_order")
        return
    # The customer's lock serializes concurrent requests: the second one sees the message of the first.
    customers.lock_current(tenant_id, customer.id)
    order = orders.lock_order(tenant_id, order_id)
    if _was_sent_recently(tenant_id, customer.id):
        log.info("link_not_renewed", reason="requested_recently")
        return
    outbox.enqueue(order, MessageKind.ACCESS_LINK, utc_now().isoformat(timespec="seconds"))
    audit.record(tenant_id, actor="buyer", action="access_link_requested", subject=f"customer:{customer.id}")


def _was_sent_recently(tenant_id: int, customer_id: UUID) -> bool:
    """Whether the customer was sent enough links, whichever of their orders the messages belong to."""
    now = utc_now()
    today = outbox.list_enqueued_at(
        tenant_id, customer_id, MessageKind.ACCESS_LINK, since=now - timedelta(days=1)
    )
    return not may_send_link(today, now)
