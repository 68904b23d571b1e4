"""Documents that were written already, found by our id in Dolibarr or by the link to them."""

from collections.abc import Callable
from typing import Any, TypeVar

from lumira.clients import dolibarr
from lumira.clients.dolibarr import Invoice, Order
from lumira.crm.work import Work
from lumira.models import CrmElement
from lumira.repositories.crm import crm_links

Document = TypeVar("Document", Order, Invoice)


def find_order(work: Work, subject: str) -> Order | None:
    """Return the order with this id of ours, or `None`."""
    found = work.call(dolibarr.find_order_by_lumira_id, subject)
    return found or _find_linked(work, CrmElement.ORDER, subject, dolibarr.find_order)


def find_invoice(work: Work, subject: str) -> Invoice | None:
    """Return the invoice or credit note with this id of ours, or `None`."""
    found = work.call(dolibarr.find_invoice_by_lumira_id, subject)
    if found is None:
        return _find_linked(work, CrmElement.INVOICE, subject, dolibarr.find_invoice)
    # A list may lack what is paid of it.
    return work.call(dolibarr.find_invoice, found.id)


def _find_linked(
    work: Work, element: CrmElement, subject: str, find: Callable[..., Document | None]
) -> Document | None:
    """Return the document that is linked, if it has lost our id in the extra field, but not in its reference.

    Staff cleared the field, or an administrator defined it anew. Without this a second one would be written. In
    another Dolibarr the same number is another document, which has another reference.
    """
    with work.turn.recording():
        link = crm_links.find(work.tenant_id, element, subject)
        dolibarr_id = None if link is None else link.dolibarr_id
    if dolibarr_id is None:
        return None
    found: Any = work.call(find, dolibarr_id)
    return found if found is not None and found.lumira_id is None and found.ref_ext == subject else None
