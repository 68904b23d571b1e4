"""Links between records here and in Dolibarr, looked up from Dolibarr's side."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import Select, select

from lumira.database import db
from lumira.models import ContactField, CrmElement, CrmLink
from lumira.repositories.crm import crm_links


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


def agreed_of(link: CrmLink) -> dict[ContactField, str | None] | None:
    """Return the values that both sides agreed on last; `None` if they never did."""
    stored = link.agreed
    return None if stored is None else {field: stored.get(field) for field in ContactField}


def agree(link: CrmLink, values: Mapping[ContactField, str | None]) -> None:
    """Record values that both sides have now; what they agreed on about other fields stays."""
    known = {**(agreed_of(link) or {}), **values}
    crm_links.agree(link, {str(field): value for field, value in known.items()})


def note_difference(link: CrmLink, difference: str | None, now: datetime) -> None:
    """Record that staff deleted or edited a document, or that it is again as it was written."""
    if link.noticed != difference:
        link.noticed, link.noticed_at = difference, None if difference is None else now


def _live(tenant_id: int, element: CrmElement) -> Select[CrmLink]:
    return select(CrmLink).where(
        CrmLink.tenant_id == tenant_id, CrmLink.element == element, CrmLink.unlinked_at.is_(None)
    )


def list_of_customers(tenant_id: int, subjects: Collection[str]) -> dict[str, int]:
    """Return Dolibarr's ids of the third parties of these customers, by the customers' ids."""
    query = _live(tenant_id, CrmElement.THIRD_PARTY).where(CrmLink.subject.in_(list(subjects)))
    return {link.subject: link.dolibarr_id for link in db.session.execute(query).scalars()}
