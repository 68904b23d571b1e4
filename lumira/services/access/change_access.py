"""Access that a person gives, takes away, or gives back."""

from datetime import datetime, timedelta
from uuid import UUID

from lumira.clock import utc_now
from lumira.database import atomic, retried
from lumira.errors import GrantNotFound, NothingToOpen
from lumira.models import AccessGrant, Customer, ManualGrant, Order
from lumira.repositories import audit, customers, orders, products
from lumira.repositories import grants as access
from lumira.settlement.settle_orders import settle_orders


@retried
def grant_access(
    tenant_id: int, *, customer_email: str, product_id: str, days: int | None, note: str | None, actor: str
) -> ManualGrant:
    """Let a customer, known or not, open a product: for so many days, or as long as it is sold for.

    Given already, it ends when this says. `ProductNotFound`; `NothingToOpen` for goods.
    """
    now = utc_now()
    with atomic(tenant_id):
        product = products.get_product(tenant_id, product_id)
        if not product.grants_access:
            raise NothingToOpen(f"{product.id} is sent, not opened.")
        customer = customers.find_or_create(tenant_id, email=customer_email, name=None)
        lasts = days or product.access_days
        expires_at = None if lasts is None else now + timedelta(days=lasts)
        grant = access.create_manual_grant(
            customer, product, now=now, expires_at=expires_at, note=note, actor=actor
        )
        _audit(customer, product_id, "access_granted", actor=actor, expires_at=_as_text(expires_at))
        return grant


def revoke_access(tenant_id: int, *, customer_id: UUID, product_id: str, actor: str) -> int:
    """Close a product to a customer, however they came by it, until a person restores it; how many grants that is.

    `GrantNotFound` if they have nothing of it that is not closed by hand already.
    """
    return _change(tenant_id, customer_id, product_id, closed_at=utc_now(), actor=actor)


def restore_access(tenant_id: int, *, customer_id: UUID, product_id: str, actor: str) -> int:
    """Take back what `revoke_access` did: bought access is again as the money says; how many grants that is.

    `GrantNotFound` if nothing of it was closed by hand.
    """
    return _change(tenant_id, customer_id, product_id, closed_at=None, actor=actor)


@retried
def _change(
    tenant_id: int, customer_id: UUID, product_id: str, *, closed_at: datetime | None, actor: str
) -> int:
    """Close by hand all of a product that is not closed so, or open all that is, with `None`."""
    is_closing = closed_at is not None
    with atomic(tenant_id):
        customer = customers.lock_current(tenant_id, customer_id)
        find = access.find_manual_grant if is_closing else access.find_operator_revoked
        given = find(tenant_id, customer.id, product_id)
        bought = [
            (order, grant)
            for order, grant in _bought(customer, product_id)
            if (grant.operator_revoked_at is None) is is_closing
        ]
        if given is None and not bought:
            raise GrantNotFound(
                f"There is no access to {product_id} to take away."
                if is_closing
                else f"No access to {product_id} was taken away by hand."
            )
        if given is not None:
            given.revoked_at = closed_at
        for _, grant in bought:
            grant.operator_revoked_at = closed_at
        settle_orders(tenant_id, [order for order, _ in bought], actor=actor)
        count = len(bought) + (given is not None)
        action = "access_revoked" if is_closing else "access_restored"
        _audit(customer, product_id, action, actor=actor, grants=count)
        return count


def _bought(customer: Customer, product_id: str) -> list[tuple[Order, AccessGrant]]:
    """The customer's orders of a product, locked, each with the grant that it gave."""
    ids = access.orders_of_grants(customer.tenant_id, customer.id, product_id)
    locked = orders.lock_orders(customer.tenant_id, ids)
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


def _as_text(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
