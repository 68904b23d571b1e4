"""Who may open what: by an order, or because a person said so."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, ScalarSelect, select

from lumira.database import db
from lumira.models import AccessGrant, Customer, ManualGrant, Order, Product

#: Access to one product, whatever it comes from: both answer `is_live`, `shown_reason` and where they end.
Grant = AccessGrant | ManualGrant


def list_grants(tenant_id: int, customer_id: UUID) -> list[Grant]:
    """Live and past grants of one customer, newest first."""
    of_orders = select(AccessGrant).where(
        AccessGrant.tenant_id == tenant_id, AccessGrant.customer_id == customer_id
    )
    by_hand = select(ManualGrant).where(
        ManualGrant.tenant_id == tenant_id, ManualGrant.customer_id == customer_id
    )
    grants: list[Grant] = [*db.session.execute(of_orders).scalars(), *db.session.execute(by_hand).scalars()]
    # Ids are UUIDv7: their order is that in which access was given.
    return sorted(grants, key=lambda grant: grant.id, reverse=True)


def list_openers(tenant_id: int, customer_id: UUID, product_id: str) -> list[Grant]:
    """Live and past grants of one customer that give this product: by itself, or as a lower level on sale."""
    level = (
        select(Product.level_number)
        .where(Product.tenant_id == tenant_id, Product.id == product_id, Product.active)
        .scalar_subquery()
    )
    of_orders = select(AccessGrant).where(
        AccessGrant.tenant_id == tenant_id,
        AccessGrant.customer_id == customer_id,
        _gives(AccessGrant, product_id, level),
    )
    by_hand = select(ManualGrant).where(
        ManualGrant.tenant_id == tenant_id,
        ManualGrant.customer_id == customer_id,
        _gives(ManualGrant, product_id, level),
    )
    return [*db.session.execute(of_orders).scalars(), *db.session.execute(by_hand).scalars()]


def _gives(model: type[Grant], product_id: str, level: ScalarSelect[int | None]) -> ColumnElement[bool]:
    # Nothing is a lower level than one without a number.
    return (model.product_id == product_id) | (model.includes_lower_levels & (model.level_number > level))


def of_line(tenant_id: int, customer_id: UUID, order_line_id: UUID) -> AccessGrant | None:
    """What one line of an order gives this customer; `None` if it is somebody else's, or was never served."""
    return db.session.execute(
        select(AccessGrant).where(
            AccessGrant.tenant_id == tenant_id,
            AccessGrant.customer_id == customer_id,
            AccessGrant.order_line_id == order_line_id,
        )
    ).scalar_one_or_none()


def covers(grant: Grant, *, product_id: str | None, product_level: int | None, level: int | None) -> bool:
    """Whether the grant, while it is live, gives a product (of this level, if it is one) or a level.

    Where both are asked about, it has to give both.
    """
    return (product_id is None or grant.product_id == product_id or _includes(grant, product_level)) and (
        level is None or grant.level_number == level or _includes(grant, level)
    )


def _includes(grant: Grant, level: int | None) -> bool:
    """Whether it opens this level although it is of a higher one."""
    return (
        grant.includes_lower_levels
        and level is not None
        and grant.level_number is not None
        and level < grant.level_number
    )


def level_of(tenant_id: int, product_id: str) -> int | None:
    """The number of a level by the id of its product, on sale or not; `None` for what is no level."""
    return db.session.execute(
        select(Product.level_number).where(Product.tenant_id == tenant_id, Product.id == product_id)
    ).scalar_one_or_none()


def orders_of_grants(tenant_id: int, customer_id: UUID, product_id: str) -> list[UUID]:
    """Ids of the orders that give, or once gave, this customer this product."""
    query = select(AccessGrant.order_id).where(
        AccessGrant.tenant_id == tenant_id,
        AccessGrant.customer_id == customer_id,
        AccessGrant.product_id == product_id,
    )
    return list(db.session.execute(query).scalars())


def orders_behind(grants: Iterable[Grant]) -> list[UUID]:
    """Ids of the orders that these grants come from; what was given by hand comes from none."""
    return [grant.order_id for grant in grants if isinstance(grant, AccessGrant)]


def order_numbers(tenant_id: int, order_ids: Iterable[UUID]) -> dict[UUID, str]:
    """The numbers of these orders, for somebody who reads them."""
    query = select(Order.id, Order.order_number).where(
        Order.tenant_id == tenant_id, Order.id.in_(list(order_ids))
    )
    return {row.id: row.order_number for row in db.session.execute(query)}


def find_manual_grant(tenant_id: int, customer_id: UUID, product_id: str) -> ManualGrant | None:
    """What an operator gave and did not take back, expired or not; under the customer's lock."""
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


def find_operator_revoked(tenant_id: int, customer_id: UUID, product_id: str) -> ManualGrant | None:
    """What an operator gave and took back last; `None` if nothing, or if it was given again since."""
    mine = [each for each in lock_manual_grants(tenant_id, customer_id) if each.product_id == product_id]
    if not mine or any(each.revoked_at is None for each in mine):
        return None
    return max(mine, key=lambda each: (each.revoked_at, each.id))


def lock_manual_grants(tenant_id: int, customer_id: UUID) -> list[ManualGrant]:
    """All that was ever given by hand to a locked customer, oldest first."""
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
    now: datetime,
    expires_at: datetime | None,
    note: str | None,
    actor: str,
) -> ManualGrant:
    """Access that an operator gives a locked customer; given already, it ends when this one says."""
    known = find_manual_grant(customer.tenant_id, customer.id, product.id)
    if known is not None:
        known.expires_at, known.actor, known.note = expires_at, actor, note or known.note
        return known
    grant = ManualGrant(
        tenant_id=customer.tenant_id,
        customer_id=customer.id,
        product_id=product.id,
        level_number=product.level_number,
        includes_lower_levels=product.includes_lower_levels,
        granted_at=now,
        expires_at=expires_at,
        actor=actor,
        note=note,
    )
    db.session.add(grant)
    return grant
