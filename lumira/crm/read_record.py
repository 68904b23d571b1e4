"""Reads one record of a tenant's Dolibarr that may have changed, or may be gone, and applies what follows."""

from lumira.clients import dolibarr
from lumira.clients.dolibarr import DolibarrAccount
from lumira.clock import utc_now
from lumira.crm.apply_third_party import LinkedThirdParty, apply_third_party, find_linked, unlink
from lumira.database import atomic
from lumira.models import CrmElement, CrmLink
from lumira.repositories.crm import crm_linked_records

#: What staff did to a document, as `crm_links.noticed` says it.
DELETED, EDITED = "deleted", "edited"


def read_record(tenant_id: int, account: DolibarrAccount, element: CrmElement, dolibarr_id: int) -> bool:
    """Read a record and apply it; `False` if it has to be read again, because Lumira wrote to it meanwhile.

    Raises the errors of `lumira.clients.dolibarr`.
    """
    if element is CrmElement.THIRD_PARTY:
        return _read_third_party(tenant_id, account, dolibarr_id)
    return _read_document(tenant_id, account, element, dolibarr_id)


def _read_third_party(tenant_id: int, account: DolibarrAccount, dolibarr_id: int) -> bool:
    linked = find_linked(tenant_id, dolibarr_id)
    if linked is None:
        return True
    found = dolibarr.find_third_party(account, dolibarr_id)
    # Without our id it may be another one with the same number, such as after Dolibarr was set up anew.
    if found is not None and found.lumira_id == linked.subject:
        return apply_third_party(tenant_id, linked, found)
    # A merge over there may have moved our id to the third party that was kept.
    moved = dolibarr.find_third_party_by_lumira_id(account, linked.subject)
    if moved is not None and not _is_linked(tenant_id, moved.id):
        return apply_third_party(tenant_id, linked, moved)
    if found is None and _are_all_gone(tenant_id, account):
        # An empty Dolibarr is a mistake of its administrator, and no decision of staff about each customer.
        raise dolibarr.DolibarrRefused(
            dolibarr.RefusalReason.MISSING_RIGHT, "Dolibarr shows none of the third parties that are linked."
        )
    _unlink(tenant_id, linked, is_gone=found is None and moved is None)
    return True


def _are_all_gone(tenant_id: int, account: DolibarrAccount) -> bool:
    """Whether several third parties are linked, and Dolibarr shows none at all."""
    if dolibarr.list_third_party_ids(account, limit=1):
        return False
    with atomic(tenant_id):
        linked = crm_linked_records.list_linked_ids(
            tenant_id, CrmElement.THIRD_PARTY, after_id=0, up_to=None, limit=2
        )
    return len(linked) > 1


def _is_linked(tenant_id: int, dolibarr_id: int) -> bool:
    return find_linked(tenant_id, dolibarr_id) is not None


def _unlink(tenant_id: int, linked: LinkedThirdParty, *, is_gone: bool) -> None:
    unlink(tenant_id, linked, "deleted" if is_gone else "merged")


def _read_document(tenant_id: int, account: DolibarrAccount, element: CrmElement, dolibarr_id: int) -> bool:
    """Note whether a document is gone, or has another total than Lumira wrote: `flask crm drift` shows it."""
    find = dolibarr.find_order if element is CrmElement.ORDER else dolibarr.find_invoice
    found = find(account, dolibarr_id)
    with atomic(tenant_id):
        link = crm_linked_records.lock_by_dolibarr_id(tenant_id, element, dolibarr_id)
        if link is not None:
            total = None if found is None else found.total
            crm_linked_records.note_difference(link, _difference(link, total), utc_now())
    return True


def _difference(link: CrmLink, total: int | None) -> str | None:
    if total is None:
        return DELETED
    return EDITED if link.amount is not None and abs(total) != link.amount else None
