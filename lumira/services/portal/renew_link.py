"""A buyer asks for a new link: it goes to the address that the purchases belong to, and nowhere else."""

from datetime import timedelta

import structlog

from lumira.clock import utc_now
from lumira.database import atomic, retried
from lumira.link_tokens import LinkAddress
from lumira.models import MessageKind, Tenant
from lumira.repositories import access_links, audit, customers, order_lists, orders, outbox, tenants

log = structlog.get_logger()

#: Between two letters to one buyer: somebody who asks twice in a row wanted one.
PAUSE = timedelta(minutes=10)
#: Nobody's mailbox is filled by somebody who holds an old link.
MOST_A_DAY = 4


@retried
def renew_link(address: LinkAddress) -> Tenant:
    """Owe the holder of a link, live or not, a letter with a new one, now and then.

    The caller learns whose page it is and nothing else: whether somebody is there, and whether a letter leaves,
    is seen in the mailbox. `TenantNotFound`.
    """
    with atomic(address.tenant_id):
        tenant = tenants.get(address.tenant_id)
        _owe(address)
        return tenant


def _owe(address: LinkAddress) -> None:
    tenant_id, now = address.tenant_id, utc_now()
    holder = access_links.find_link_owner(tenant_id, address.link_id)
    if holder is None:
        return
    customer = customers.get_current(tenant_id, str(holder.customer.id))
    order_id = order_lists.newest_of_customer(tenant_id, customer.id)
    if order_id is None:
        log.info("link_not_renewed", reason="no_order")
        return
    # The order's lock makes two askers stand in line: the second sees the letter of the first.
    order = orders.lock_order(tenant_id, order_id)
    asked = [each.created_at for each in order.messages if each.kind is MessageKind.ACCESS_LINK]
    lately = [at for at in asked if at > now - timedelta(days=1)]
    if len(lately) >= MOST_A_DAY or any(at > now - PAUSE for at in lately):
        log.info("link_not_renewed", reason="asked_before")
        return
    outbox.enqueue(order, MessageKind.ACCESS_LINK, now.isoformat(timespec="seconds"))
    audit.record(tenant_id, actor="buyer", action="access_link_asked", subject=f"customer:{customer.id}")
