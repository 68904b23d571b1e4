"""Portal links: one live link for each customer; created, listed, revoked and removed."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, func, select, update

from lumira.database import db
from lumira.models import AccessLink, Customer
from lumira.models.columns import uuid7

#: Long enough for buyers to return to their purchases; an e-mail that is found years later opens nothing.
LIFETIME = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class LinkOwner:
    """A portal link and the customer that owns it."""

    customer: Customer
    link: AccessLink

    def is_admitted(self, now: datetime) -> bool:
        """Whether the link opens the portal; a merged customer's link does not."""
        return self.link.is_live(now) and self.customer.merged_into_id is None


def get_or_create(tenant_id: int, customer_id: UUID, now: datetime) -> AccessLink:
    """Return the customer's newest link; create one if that is revoked or past half of its lifetime.

    So an e-mail that is composed twice contains the same link, and no e-mail contains one that is about to expire.
    """
    newest = _newest(tenant_id, customer_id)
    if newest is None or not newest.is_live(now) or newest.is_aging(now):
        # Serializes concurrent e-mails, so that the second finds the link of the first, and revocation, so that it
        # finds the new link too.
        _lock_owners(tenant_id, [customer_id])
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


def _lock_owners(tenant_id: int, customer_ids: Collection[UUID]) -> None:
    """Lock the creation and revocation of these customers' links until the transaction ends, in the order of ids."""
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
    """Return a link with its owner, live or not; `None` if it does not exist (any more)."""
    row = db.session.execute(
        select(AccessLink, Customer)
        .join(
            Customer, (Customer.tenant_id == AccessLink.tenant_id) & (Customer.id == AccessLink.customer_id)
        )
        .where(AccessLink.tenant_id == tenant_id, AccessLink.id == link_id)
    ).one_or_none()
    return None if row is None else LinkOwner(customer=row[1], link=row[0])


def list_links(tenant_id: int, customer_ids: Collection[UUID]) -> list[AccessLink]:
    """List all links of these customers, oldest first."""
    return list(
        db.session.execute(
            select(AccessLink)
            .where(AccessLink.tenant_id == tenant_id, AccessLink.customer_id == func.any(list(customer_ids)))
            .order_by(AccessLink.id)
        ).scalars()
    )


def revoke(tenant_id: int, customer_ids: Collection[UUID], now: datetime) -> int:
    """Revoke all live links of these customers, also one that is being created; return how many there were."""
    _lock_owners(tenant_id, customer_ids)
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
    """Remove all links of customers who are being erased; return how many there were."""
    removed = db.session.execute(
        delete(AccessLink)
        .where(AccessLink.tenant_id == tenant_id, AccessLink.customer_id == func.any(list(customer_ids)))
        .returning(AccessLink.id)
    )
    return len(removed.all())
