"""Shows what a buyer may withdraw from, and their withdrawals. Changes nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from lumira.clock import utc_now
from lumira.database import atomic
from lumira.domain.withdrawal import WithdrawalRight, right_of
from lumira.errors.orders import OrderNotFound
from lumira.link_tokens import LinkAddress, WithdrawalAddress
from lumira.models import Order, Tenant
from lumira.repositories.customers import access_links, customers
from lumira.repositories.orders import orders
from lumira.repositories.tenants import tenants

#: How long the link to the second step works, whatever the period: the statement was made before.
LINK_LIFETIME = timedelta(days=14)

_Load = Callable[[int, UUID], Order]


@dataclass(frozen=True, slots=True)
class WithdrawalView:
    """An order with its withdrawals, and from what its buyer may still withdraw."""

    tenant: Tenant
    order: Order
    #: The buyer's locale, if known.
    locale: str | None
    #: When the statement was made, or would be: now, or the request for the link.
    requested_at: datetime
    right: WithdrawalRight


def view_by_link(address: LinkAddress, order_id: UUID) -> WithdrawalView | None:
    """Return the view for the owner of a portal link; `None` if the link does not open it."""
    with atomic(address.tenant_id):
        return find_by_link(address, order_id, _read)


def view_as_guest(address: WithdrawalAddress) -> WithdrawalView | None:
    """Return the view for the holder of a link that was sent by e-mail; `None` if it has expired."""
    with atomic(address.tenant_id):
        return find_as_guest(address, _read)


def find_by_link(address: LinkAddress, order_id: UUID, load: _Load) -> WithdrawalView | None:
    """Do as `view_by_link` inside the caller's transaction; `load` reads the order, and may lock it."""
    owner = access_links.find_link_owner(address.tenant_id, address.link_id)
    if owner is None or not owner.is_admitted(utc_now()):
        return None
    order = _load(address.tenant_id, order_id, load)
    if order is None or order.customer_id != owner.customer.id:
        return None
    return _view(order, owner.customer.locale, utc_now())


def find_as_guest(address: WithdrawalAddress, load: _Load) -> WithdrawalView | None:
    """Do as `view_as_guest` inside the caller's transaction; `load` reads the order, and may lock it."""
    if utc_now() - address.requested_at > LINK_LIFETIME:
        return None
    order = _load(address.tenant_id, address.order_id, load)
    if order is None or order.erased_at is not None or order.customer_id is None:
        return None
    customer = customers.get_current(address.tenant_id, str(order.customer_id))
    return _view(order, customer.locale, address.requested_at)


def _read(tenant_id: int, order_id: UUID) -> Order:
    return orders.get_order(tenant_id, str(order_id))


def _load(tenant_id: int, order_id: UUID, load: _Load) -> Order | None:
    try:
        return load(tenant_id, order_id)
    except OrderNotFound:
        return None


def _view(order: Order, locale: str | None, requested_at: datetime) -> WithdrawalView:
    tenant = tenants.get(order.tenant_id)
    right = right_of(order, zone=ZoneInfo(tenant.time_zone), at=requested_at)
    return WithdrawalView(tenant, order, locale, requested_at, right)
