"""An operator's decisions about access: to grant, revoke and restore it."""

from datetime import datetime, timedelta
from uuid import UUID

from lumira.clock import utc_now
from lumira.database import atomic, retried
from lumira.errors.orders import GrantNotFound, NotGrantable
from lumira.models import AccessGrant, Customer, ManualGrant, Order
from lumira.repositories.audit import audit
from lumira.repositories.catalog import products
from lumira.repositories.customers import customers
from lumira.repositories.orders import grants, orders
from lumira.settlement.settle_orders import settle_orders

#: A hundred years. Access without an end has no number of days.
MAX_DAYS = 36_500


@retried
def grant_access(
    tenant_id: int, *, customer_email: str, product_id: str, days: int | None, note: str | None, actor: str
) -> ManualGrant:
    """Grant a customer access to a digital product, for `days` or else the product's own duration.

    Creates the customer if the address is new. A second call moves the expiry of the existing grant.
    Raises `ProductNotFound`, and `NotGrantable` for a physical product.
    """
    now = utc_now()
    with atomic(tenant_id):
        product = products.get_product(tenant_id, product_id)
        if not product.grants_access:
            raise NotGrantable(
                f"{product.id} is a physical product: access can be granted to digital products only."
            )
        customer = customers.find_or_create(tenant_id, email=customer_email, name=None)
        duration = days or product.access_days
        expires_at = None if duration is None else now + timedelta(days=duration)
        grant = grants.create_manual_grant(
            customer,
            product,
            included_products=products.list_included(product),
            now=now,
            expires_at=expires_at,
            note=note,
            actor=actor,
        )
        _audit(
            customer,
            product_id,
            "access_granted",
            actor=actor,
            expires_at=None if expires_at is None else expires_at.isoformat(),
        )
        return grant


def revoke_access(tenant_id: int, *, customer_id: UUID, product_id: str, actor: str) -> int:
    """Revoke a customer's access to a product, bought or granted, until it is restored; return the number of grants.

    Raises `GrantNotFound` if there is no grant that an operator has not revoked already.
    """
    return _change(tenant_id, customer_id, product_id, revoked_at=utc_now(), actor=actor)


def restore_access(tenant_id: int, *, customer_id: UUID, product_id: str, actor: str) -> int:
    """Undo `revoke_access`, so that bought access follows its payments again; return the number of grants.

    Raises `GrantNotFound` if no grant was revoked by an operator.
    """
    return _change(tenant_id, customer_id, product_id, revoked_at=None, actor=actor)


@retried
def _change(
    tenant_id: int, customer_id: UUID, product_id: str, *, revoked_at: datetime | None, actor: str
) -> int:
    """Revoke all grants of a product that no operator has revoked, or with `None` restore those that one has."""
    is_revoking = revoked_at is not None
    with atomic(tenant_id):
        customer = customers.lock_current(tenant_id, customer_id)
        find = grants.find_manual_grant if is_revoking else grants.find_revoked_manual_grant
        manual_grant = find(tenant_id, customer.id, product_id)
        bought = [
            (order, grant)
            for order, grant in _lock_bought(customer, product_id)
            if (grant.operator_revoked_at is None) is is_revoking
        ]
        if manual_grant is None and not bought:
            raise _nothing_to_change(product_id, is_revoking=is_revoking)
        if manual_grant is not None:
            manual_grant.revoked_at = revoked_at
        for _, grant in bought:
            grant.operator_revoked_at = revoked_at
        settle_orders(tenant_id, [order for order, _ in bought], actor=actor)
        count = len(bought) + (manual_grant is not None)
        action = "access_revoked" if is_revoking else "access_restored"
        _audit(customer, product_id, action, actor=actor, grants=count)
        return count


def _nothing_to_change(product_id: str, *, is_revoking: bool) -> GrantNotFound:
    if is_revoking:
        return GrantNotFound(f"The customer has no access to {product_id} that could be revoked.")
    return GrantNotFound(f"No operator has revoked the customer's access to {product_id}.")


def _lock_bought(customer: Customer, product_id: str) -> list[tuple[Order, AccessGrant]]:
    """Return the customer's orders of a product, locked, each with its grant of the product."""
    order_ids = grants.list_order_ids(customer.tenant_id, customer.id, product_id)
    locked = orders.lock_orders(customer.tenant_id, order_ids)
    return [
        (order, grant)
        for order in locked.values()
        for grant in order.grants
        if grant.product_id == product_id
    ]


def _audit(customer: Customer, product_id: str, action: str, *, actor: str, **details: object) -> None:
    audit.record(
        customer.tenant_id,
        actor=actor,
        action=action,
        subject=f"customer:{customer.id}",
        product=product_id,
        reason="operator",
        **details,
    )
