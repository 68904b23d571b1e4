"""Two customers that turn out to be one person, made one by somebody who knows."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import InstrumentedAttribute

from lumira.clock import utc_now
from lumira.database import atomic, retried
from lumira.errors import NotMergeable
from lumira.models import AccessGrant, Customer, ManualGrant, Order
from lumira.repositories import audit, customers, orders
from lumira.repositories import grants as access

#: Whatever points at a customer: all of it moves. A test compares this with the foreign keys that there are.
MOVED: tuple[InstrumentedAttribute[UUID | None] | InstrumentedAttribute[UUID], ...] = (
    Order.customer_id,
    AccessGrant.customer_id,
    ManualGrant.customer_id,
)


@dataclass(frozen=True, slots=True)
class Merged:
    """What was moved to the customer who remains."""

    customer: Customer
    orders: int
    grants: int


@retried
def merge_customers(tenant_id: int, source_id: UUID, target_id: UUID, *, actor: str) -> Merged:
    """Make the source the target: its orders with their messages, and its access, are the target's from now on.

    Its row stays and leads to the target, so that whoever buys under its address later buys as the target. The
    address that an order was placed with stays on it, and so does each one's customer at Stripe.
    `NotMergeable` if they are the same, or one was merged or erased before; `CustomerNotFound`.
    """
    with atomic(tenant_id):
        source, target = _lock(tenant_id, source_id, target_id)
        now = utc_now()
        moved_orders = _move_orders(source, target)
        moved_grants = _move_given(source, target, now=now)
        target.name, target.locale = target.name or source.name, target.locale or source.locale
        source.merged_into_id, source.merged_at = target.id, now
        audit.record(
            tenant_id,
            actor=actor,
            action="customer_merged",
            subject=f"customer:{target.id}",
            merged=str(source.id),
            orders=len(moved_orders),
            grants=moved_grants,
        )
        return Merged(target, len(moved_orders), moved_grants)


def _lock(tenant_id: int, source_id: UUID, target_id: UUID) -> tuple[Customer, Customer]:
    if source_id == target_id:
        raise NotMergeable("These are one customer already.")
    source, target = customers.lock_pair(tenant_id, source_id, target_id)
    for customer in (source, target):
        if customer.merged_into_id is not None:
            raise NotMergeable(f"The customer {customer.email} was merged into another before.")
        if customer.erased_at is not None:
            raise NotMergeable(f"Of the customer {customer.id} nothing is known any more: they were erased.")
    return source, target


def _move_orders(source: Customer, target: Customer) -> list[Order]:
    ids = orders.ids_of_customer(source.tenant_id, source.id)
    moved = list(orders.lock_orders(source.tenant_id, ids).values())
    had_already = orders.free_products_of(target.tenant_id, target.id)
    for order in moved:
        if order.free_product_id in had_already:
            # A gift is given once: of two orders the target's own is the one that is found again.
            order.free_product_id = None
        order.customer_id, order.email_key = target.id, target.email_key
        for grant in order.grants:
            grant.customer_id = target.id
    return moved


def _move_given(source: Customer, target: Customer, *, now: datetime) -> int:
    """Move what was given by hand; of the same thing given to both, what lasts longer remains."""
    remaining = {
        grant.product_id: grant
        for grant in access.lock_manual_grants(target.tenant_id, target.id)
        if grant.revoked_at is None
    }
    moved = access.lock_manual_grants(source.tenant_id, source.id)
    for grant in moved:
        double = remaining.get(grant.product_id)
        if double is not None and grant.revoked_at is None:
            double.outlast(grant)
            grant.revoked_at = now
        grant.customer_id = target.id
    return len(moved)
