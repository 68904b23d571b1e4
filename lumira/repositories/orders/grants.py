"""Access grants of orders, and manual grants of operators."""

from collections import Counter
from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, Select, Text, bindparam, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY

from lumira.clock import utc_now
from lumira.database import db
from lumira.domain.grant_coverage import Grant
from lumira.models import AccessGrant, Customer, ManualGrant, Order, Product
from lumira.repositories.orders import sale_mode


def _of_orders(
    tenant_id: int | BindParameter[int], customer_id: UUID | BindParameter[UUID]
) -> Select[AccessGrant]:
    """Return the query of a customer's grants of orders; a test sale grants nothing once the tenant sells live."""
    return (
        select(AccessGrant)
        .join(Order, (Order.tenant_id == AccessGrant.tenant_id) & (Order.id == AccessGrant.order_id))
        .where(
            AccessGrant.tenant_id == tenant_id,
            AccessGrant.customer_id == customer_id,
            sale_mode.counts(tenant_id),
        )
    )


_TENANT, _CUSTOMER = (
    bindparam("of_tenant", type_=Customer.tenant_id.type),
    bindparam("of_customer", type_=Customer.id.type),
)
_ALL_OF_ORDERS = _of_orders(_TENANT, _CUSTOMER)
_ALL_MANUAL = select(ManualGrant).where(
    ManualGrant.tenant_id == _TENANT, ManualGrant.customer_id == _CUSTOMER
)


def list_grants(tenant_id: int, customer_id: UUID) -> list[Grant]:
    """Return the live and past grants of one customer, newest first."""
    address = {"of_tenant": tenant_id, "of_customer": customer_id}
    grants: list[Grant] = [
        *db.session.execute(_ALL_OF_ORDERS, address).scalars(),
        *db.session.execute(_ALL_MANUAL, address).scalars(),
    ]
    # Ids are UUIDv7 and sort by creation.
    return sorted(grants, key=lambda grant: grant.id, reverse=True)


def list_grants_covering(tenant_id: int, customer_id: UUID, product_id: str) -> list[Grant]:
    """Return the live and past grants of one customer that cover a product: directly, or as an included level."""
    of_orders = _of_orders(tenant_id, customer_id).where(_covers(AccessGrant, product_id))
    manual = select(ManualGrant).where(
        ManualGrant.tenant_id == tenant_id,
        ManualGrant.customer_id == customer_id,
        _covers(ManualGrant, product_id),
    )
    return [*db.session.execute(of_orders).scalars(), *db.session.execute(manual).scalars()]


def _covers(model: type[Grant], product_id: str) -> ColumnElement[bool]:
    return (model.product_id == product_id) | model.included_products.contains([product_id])


def count_live(tenant_id: int, product_ids: Collection[str]) -> dict[str, int]:
    """Return how many grants give access to each of these products now, directly or as an included level.

    Products without any are left out.
    """
    now = utc_now()
    wanted = func.unnest(literal(list(product_ids), ARRAY(Text))).column_valued("wanted")
    counts: Counter[str] = Counter()
    for model, is_active in (
        (AccessGrant, AccessGrant.active),
        (ManualGrant, ManualGrant.revoked_at.is_(None)),
    ):
        query = (
            select(wanted, func.count())
            .join(model, (model.product_id == wanted) | (wanted == func.any(model.included_products)))
            .where(model.tenant_id == tenant_id, is_active)
            .where(model.expires_at.is_(None) | (model.expires_at > now))
            .group_by(wanted)
        )
        for product_id, count in db.session.execute(query):
            counts[product_id] += count
    return dict(counts)


def find_by_line(tenant_id: int, customer_id: UUID, order_line_id: UUID) -> AccessGrant | None:
    """Return the customer's grant of one order line; `None` if it is another customer's, or was never granted."""
    return db.session.execute(
        _of_orders(tenant_id, customer_id).where(AccessGrant.order_line_id == order_line_id)
    ).scalar_one_or_none()


def list_order_ids(tenant_id: int, customer_id: UUID, product_id: str) -> list[UUID]:
    """Return the ids of the orders with a live or past grant of this product to this customer."""
    query = select(AccessGrant.order_id).where(
        AccessGrant.tenant_id == tenant_id,
        AccessGrant.customer_id == customer_id,
        AccessGrant.product_id == product_id,
    )
    return list(db.session.execute(query).scalars())


def find_manual_grant(tenant_id: int, customer_id: UUID, product_id: str) -> ManualGrant | None:
    """Return the manual grant that is not revoked, expired or not; the customer must be locked."""
    return db.session.execute(
        select(ManualGrant)
        .where(
            ManualGrant.tenant_id == tenant_id,
            ManualGrant.customer_id == customer_id,
            ManualGrant.product_id == product_id,
            ManualGrant.revoked_at.is_(None),
        )
        .with_for_update()
    ).scalar_one_or_none()


def find_revoked_manual_grant(tenant_id: int, customer_id: UUID, product_id: str) -> ManualGrant | None:
    """Return the manual grant that was revoked last; `None` if there is none, or if a later grant is not revoked."""
    grants = [grant for grant in lock_manual_grants(tenant_id, customer_id) if grant.product_id == product_id]
    if not grants or any(grant.revoked_at is None for grant in grants):
        return None
    return max(grants, key=lambda grant: (grant.revoked_at, grant.id))


def lock_manual_grants(tenant_id: int, customer_id: UUID) -> list[ManualGrant]:
    """Return all manual grants of a locked customer, revoked ones included, locked, oldest first."""
    return list(
        db.session.execute(
            select(ManualGrant)
            .where(ManualGrant.tenant_id == tenant_id, ManualGrant.customer_id == customer_id)
            .order_by(ManualGrant.id)
            .with_for_update()
        ).scalars()
    )


def create_manual_grant(
    customer: Customer,
    product: Product,
    *,
    included_products: list[str],
    now: datetime,
    expires_at: datetime | None,
    note: str | None,
    actor: str,
) -> ManualGrant:
    """Return a manual grant of a locked customer; one that is not revoked gets the new expiry and today's levels."""
    existing = find_manual_grant(customer.tenant_id, customer.id, product.id)
    if existing is not None:
        existing.expires_at, existing.actor, existing.note = expires_at, actor, note or existing.note
        existing.level_number = existing.level_number or product.level_number
        existing.include(included_products)
        return existing
    grant = ManualGrant(
        tenant_id=customer.tenant_id,
        customer_id=customer.id,
        product_id=product.id,
        level_number=product.level_number,
        included_products=included_products,
        granted_at=now,
        expires_at=expires_at,
        actor=actor,
        note=note,
    )
    db.session.add(grant)
    return grant
