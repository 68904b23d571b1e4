"""Links to the buyer's page: one at a time for each customer, found again, listed, revoked."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, func, select, update

from lumira.database import db
from lumira.models import AccessLink, Customer
from lumira.models.columns import uuid7

#: Long enough to come back to what was bought, and a letter that is found after years opens nothing.
LIFETIME = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class LinkOwner:
    """Whose link it is, and the link."""

    customer: Customer
    link: AccessLink

    def is_admitted(self, now: datetime) -> bool:
        """Whether the link opens the page. Whoever was merged into another is sent a link of the other's."""
        return self.link.is_live(now) and self.customer.merged_into_id is None


def current(tenant_id: int, customer_id: UUID, now: datetime) -> AccessLink:
    """The customer's newest link; a new one once that is revoked or more than half of its time is over.

    So a letter that is written twice carries the same link, and none carries one that is about to end.
    """
    newest = _newest(tenant_id, customer_id)
    if newest is None or not newest.is_live(now) or newest.is_aging(now):
        # Of two letters written at the same moment one makes the link, and the other finds it; whoever revokes
        # waits, and finds it too.
        _lock_holders(tenant_id, [customer_id])
        newest = _newest(tenant_id, customer_id)
    if newest is not None and newest.is_live(now) and not newest.is_aging(now):
        return newest
    link = AccessLink(
        tenant_id=tenant_id,
        id=uuid7(),
        customer_id=customer_id,
        number=1 if newest is None else newest.number + 1,
        created_at=now,
        expires_at=now + LIFETIME,
    )
    db.session.add(link)
    db.session.flush()
    return link


def _lock_holders(tenant_id: int, customer_ids: Collection[UUID]) -> None:
    """Let nobody make or revoke links of these customers before the transaction ends, in the order of their ids."""
    db.session.execute(
        select(Customer.id)
        .where(Customer.tenant_id == tenant_id, Customer.id == func.any(list(customer_ids)))
        .order_by(Customer.id)
        .with_for_update(key_share=True)
    ).all()


def _newest(tenant_id: int, customer_id: UUID) -> AccessLink | None:
    return db.session.execute(
        select(AccessLink)
        .where(AccessLink.tenant_id == tenant_id, AccessLink.customer_id == customer_id)
        .order_by(AccessLink.number.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()


def find_link_owner(tenant_id: int, link_id: UUID) -> LinkOwner | None:
    """Whose link this is, live or not; `None` if there is no such link, or no longer."""
    row = db.session.execute(
        select(AccessLink, Customer)
        .join(
            Customer, (Customer.tenant_id == AccessLink.tenant_id) & (Customer.id == AccessLink.customer_id)
        )
        .where(AccessLink.tenant_id == tenant_id, AccessLink.id == link_id)
    ).one_or_none()
    return None if row is None else LinkOwner(customer=row[1], link=row[0])


def list_links(tenant_id: int, customer_ids: Collection[UUID]) -> list[AccessLink]:
    """All links of these customers, oldest first."""
    return list(
        db.session.execute(
            select(AccessLink)
            .where(AccessLink.tenant_id == tenant_id, AccessLink.customer_id == func.any(list(customer_ids)))
            .order_by(AccessLink.id)
        ).scalars()
    )


def revoke(tenant_id: int, customer_ids: Collection[UUID], now: datetime) -> int:
    """Let no link of these customers open anything any more, one that a letter is making included; how many did."""
    _lock_holders(tenant_id, customer_ids)
    revoked = db.session.execute(
        update(AccessLink)
        .where(
            AccessLink.tenant_id == tenant_id,
            AccessLink.customer_id == func.any(list(customer_ids)),
            AccessLink.revoked_at.is_(None),
            AccessLink.expires_at > now,
        )
        .values(revoked_at=now)
        .returning(AccessLink.id)
    )
    return len(revoked.all())


def remove(tenant_id: int, customer_ids: Collection[UUID]) -> int:
    """Forget every link of customers who are erased: what led to them leads nowhere. How many there were."""
    removed = db.session.execute(
        delete(AccessLink)
        .where(AccessLink.tenant_id == tenant_id, AccessLink.customer_id == func.any(list(customer_ids)))
        .returning(AccessLink.id)
    )
    return len(removed.all())
