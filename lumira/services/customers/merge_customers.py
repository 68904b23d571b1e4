"""The merge of two customers that an operator knows to be the same person."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import InstrumentedAttribute

from lumira.clock import utc_now
from lumira.database import atomic, retried
from lumira.errors.customers import NotMergeable
from lumira.models import AccessGrant, CrmLink, CrmTask, Customer, ManualGrant, Order
from lumira.repositories.audit import audit
from lumira.repositories.crm import crm_conflicts, crm_tasks
from lumira.repositories.customers import customers
from lumira.repositories.orders import grants, orders

#: The columns that a merge moves to the target. A test compares them with the foreign keys to the customer.
MOVED: tuple[InstrumentedAttribute[UUID | None] | InstrumentedAttribute[UUID], ...] = (
    Order.customer_id,
    AccessGrant.customer_id,
    ManualGrant.customer_id,
    CrmTask.customer_id,
    CrmLink.customer_id,
)


@dataclass(frozen=True, slots=True)
class MergeResult:
    """The remaining customer, and how many orders and manual grants were moved to it."""

    customer: Customer
    orders: int
    grants: int


@retried
def merge_customers(tenant_id: int, source_id: UUID, target_id: UUID, *, actor: str) -> MergeResult:
    """Move the source's orders, with their messages, and its access to the target.

    The source's row remains and points to the target, so that later orders with its address belong to the target.
    Orders keep the address they were placed with, and both customers keep their Stripe customer.
    Raises `NotMergeable` if they are the same, or one was merged or erased before; `CustomerNotFound`.
    """
    with atomic(tenant_id):
        source, target = _lock(tenant_id, source_id, target_id)
        now = utc_now()
        moved_orders = _move_orders(source, target)
        moved_grants = _move_manual_grants(source, target, now=now)
        target.name, target.locale = target.name or source.name, target.locale or source.locale
        # What differs on the source's third party matters no longer; the target's own is compared again.
        crm_conflicts.remove(tenant_id, source.id)
        source.merged_into_id, source.merged_at = target.id, now
        crm_tasks.move(tenant_id, source.id, target.id)
        audit.record(
            tenant_id,
            actor=actor,
            action="customer_merged",
            subject=f"customer:{target.id}",
            merged=str(source.id),
            orders=len(moved_orders),
            grants=moved_grants,
        )
        return MergeResult(target, len(moved_orders), moved_grants)


def _lock(tenant_id: int, source_id: UUID, target_id: UUID) -> tuple[Customer, Customer]:
    check_different(source_id, target_id)
    source, target = customers.lock_pair(tenant_id, source_id, target_id)
    check_mergeable(source, target)
    return source, target


def check_different(source_id: UUID, target_id: UUID) -> None:
    """Raise `NotMergeable` if both are one customer."""
    if source_id == target_id:
        raise NotMergeable("The two references belong to the same customer.")


def check_mergeable(source: Customer, target: Customer) -> None:
    """Raise `NotMergeable` if one of the customers was merged or erased before."""
    for customer in (source, target):
        if customer.merged_into_id is not None:
            raise NotMergeable(f"The customer {customer.email} was merged into another customer before.")
        if customer.erased_at is not None:
            raise NotMergeable(
                f"The personal data of the customer {customer.id} was erased: it cannot be merged."
            )


def _move_orders(source: Customer, target: Customer) -> list[Order]:
    ids = orders.ids_of_customer(source.tenant_id, source.id)
    moved = list(orders.lock_orders(source.tenant_id, ids).values())
    target_free_products = orders.free_products_of(target.tenant_id, target.id)
    for order in moved:
        if order.free_product_id in target_free_products:
            # A free product is ordered once per customer: a repeated request returns the target's own order.
            order.free_product_id = None
        order.customer_id, order.email_key = target.id, target.email_key
        for grant in order.grants:
            grant.customer_id = target.id
    return moved


def _move_manual_grants(source: Customer, target: Customer, *, now: datetime) -> int:
    """Move the manual grants; where both customers have one for a product, the one that lasts longer remains."""
    remaining = {
        grant.product_id: grant
        for grant in grants.lock_manual_grants(target.tenant_id, target.id)
        if grant.revoked_at is None
    }
    moved = grants.lock_manual_grants(source.tenant_id, source.id)
    for grant in moved:
        duplicate = remaining.get(grant.product_id)
        if duplicate is not None and grant.revoked_at is None:
            duplicate.extend_by(grant)
            grant.revoked_at = now
        grant.customer_id = target.id
    return len(moved)
