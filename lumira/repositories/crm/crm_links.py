"""Which records of Dolibarr belong to which here. Inside the caller's transaction."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select

from lumira.clock import utc_now
from lumira.database import db
from lumira.models import CrmElement, CrmLink


def find(tenant_id: int, element: CrmElement, subject: str) -> CrmLink | None:
    """Return the link of a record here; `None` if there is none, or it was unlinked."""
    query = select(CrmLink).where(
        CrmLink.tenant_id == tenant_id,
        CrmLink.element == element,
        CrmLink.subject == subject,
        CrmLink.unlinked_at.is_(None),
    )
    return db.session.execute(query).scalar_one_or_none()


def find_by_dolibarr_id(tenant_id: int, element: CrmElement, dolibarr_id: int) -> CrmLink | None:
    """Return the link of a record in Dolibarr; `None` if there is none, or it was unlinked."""
    query = select(CrmLink).where(
        CrmLink.tenant_id == tenant_id,
        CrmLink.element == element,
        CrmLink.dolibarr_id == dolibarr_id,
        CrmLink.unlinked_at.is_(None),
    )
    return db.session.execute(query).scalar_one_or_none()


def list_of_order(tenant_id: int, order_id: UUID) -> Sequence[CrmLink]:
    """Return the links of an order and its invoices and credit notes that are not unlinked, oldest first."""
    query = select(CrmLink).where(
        CrmLink.tenant_id == tenant_id, CrmLink.order_id == order_id, CrmLink.unlinked_at.is_(None)
    )
    return db.session.execute(query.order_by(CrmLink.id)).scalars().all()


def has_invoice(tenant_id: int, customer_id: UUID) -> bool:
    """Return whether any invoice was written for a customer: its third party then keeps its name."""
    query = select(CrmLink.id).where(
        CrmLink.tenant_id == tenant_id,
        CrmLink.customer_id == customer_id,
        CrmLink.element == CrmElement.INVOICE,
    )
    return db.session.execute(query.limit(1)).first() is not None


def link(
    tenant_id: int,
    element: CrmElement,
    subject: str,
    dolibarr_id: int,
    *,
    customer_id: UUID,
    order_id: UUID | None = None,
    **values: Any,
) -> CrmLink:
    """Link a record to one in Dolibarr; what either was linked to before is unlinked.

    The one in Dolibarr was just read, and is as it was written: what staff did to it before is not noticed any more.
    """
    found = find(tenant_id, element, subject)
    other = find_by_dolibarr_id(tenant_id, element, dolibarr_id)
    if found is not None and found.dolibarr_id != dolibarr_id:
        unlink(found, "moved")
        found = None
    if other is not None and other.subject != subject:
        unlink(other, "moved")
    if found is None:
        # The unique indexes are checked for each statement.
        db.session.flush()
        found = CrmLink(
            tenant_id=tenant_id,
            element=element,
            subject=subject,
            dolibarr_id=dolibarr_id,
            customer_id=customer_id,
            order_id=order_id,
        )
        db.session.add(found)
    for name, value in values.items():
        setattr(found, name, value)
    found.noticed = found.noticed_at = None
    return found


def unlink(link: CrmLink, reason: str) -> None:
    """Record that the record in Dolibarr is deleted, merged into another one, or that of another record here."""
    link.unlinked_at, link.unlinked_reason = utc_now(), reason


def agree(link: CrmLink, fields: Mapping[str, str | None]) -> None:
    """Record the values that both sides have now."""
    link.agreed = dict(fields)
    link.agreed_hash = hash_of(fields)
    link.synced_at = utc_now()


def hash_of(fields: Mapping[str, str | None]) -> str:
    """Return the hash by which the values of a third party are compared; an empty value is none."""
    present = {name: value for name, value in sorted(fields.items()) if value}
    return hashlib.sha256(json.dumps(present, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
