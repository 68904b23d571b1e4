"""Links between records here and in Dolibarr, looked up from Dolibarr's side."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import Select, select

from lumira.database import db
from lumira.domain.shown_values import fingerprint_of
from lumira.models import CrmElement, CrmLink


def find_by_dolibarr_id(tenant_id: int, element: CrmElement, dolibarr_id: int) -> CrmLink | None:
    """Return the link of a record of Dolibarr's; `None` if it is not linked."""
    found = db.session.execute(_live(tenant_id, element).where(CrmLink.dolibarr_id == dolibarr_id))
    return found.scalar_one_or_none()


def lock_by_dolibarr_id(tenant_id: int, element: CrmElement, dolibarr_id: int) -> CrmLink | None:
    """Return the link of a record of Dolibarr's as it is now, locked; `None` if it is not linked."""
    query = _live(tenant_id, element).where(CrmLink.dolibarr_id == dolibarr_id)
    locked = query.with_for_update().execution_options(populate_existing=True)
    return db.session.execute(locked).scalar_one_or_none()


def lock_of_customer(tenant_id: int, subject: str) -> CrmLink | None:
    """Return the link of a customer's third party, locked; `None` if the customer has none."""
    query = _live(tenant_id, CrmElement.THIRD_PARTY).where(CrmLink.subject == subject)
    locked = query.with_for_update().execution_options(populate_existing=True)
    return db.session.execute(locked).scalar_one_or_none()


def list_by_dolibarr_ids(
    tenant_id: int, element: CrmElement, dolibarr_ids: Collection[int]
) -> dict[int, CrmLink]:
    """Return the links of these records of Dolibarr's, by its ids."""
    query = _live(tenant_id, element).where(CrmLink.dolibarr_id.in_(list(dolibarr_ids)))
    return {link.dolibarr_id: link for link in db.session.execute(query).scalars()}


def list_linked_ids(
    tenant_id: int, element: CrmElement, *, after_id: int, up_to: int | None, limit: int
) -> list[int]:
    """Return Dolibarr's ids of linked records within a range, in order; `up_to` is the last id, or `None`."""
    query = (
        select(CrmLink.dolibarr_id)
        .where(
            CrmLink.tenant_id == tenant_id,
            CrmLink.element == element,
            CrmLink.unlinked_at.is_(None),
            CrmLink.dolibarr_id > after_id,
        )
        .order_by(CrmLink.dolibarr_id)
        .limit(limit)
    )
    if up_to is not None:
        query = query.where(CrmLink.dolibarr_id <= up_to)
    return list(db.session.execute(query).scalars())


def set_agreed(link: CrmLink, agreed: Mapping[str, str | None]) -> None:
    """Store what both sides agree on, by Dolibarr's names."""
    link.agreed = dict(agreed)
    link.agreed_hash = fingerprint_of(link.agreed)


def note_difference(link: CrmLink, difference: str | None, now: datetime) -> None:
    """Record that staff deleted or edited a document, or that it is again as it was written."""
    if link.noticed != difference:
        link.noticed, link.noticed_at = difference, None if difference is None else now


def _live(tenant_id: int, element: CrmElement) -> Select[CrmLink]:
    return select(CrmLink).where(
        CrmLink.tenant_id == tenant_id, CrmLink.element == element, CrmLink.unlinked_at.is_(None)
    )
