"""Passes over the third parties of a tenant's Dolibarr, for what no notification brought.

The poll reads, every few minutes, those that changed; the nightly sweep all ids, because nothing else shows what was
deleted. Both only note what is to be read again, so that there is one way in which a record is applied.
"""

from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta

from lumira.clients import dolibarr
from lumira.clients.dolibarr import LONGEST_CALL, DolibarrAccount, ThirdParty
from lumira.clock import utc_now
from lumira.database import atomic
from lumira.domain.crm.contact import from_dolibarr, is_same
from lumira.models import ContactField, CrmElement, CrmLink
from lumira.repositories.crm import crm_inboxes, crm_linked_records, crm_notifications

POLL_EVERY = timedelta(minutes=5)
SWEEP_EVERY = timedelta(days=1)
#: A change that Dolibarr commits late has an earlier time than the pass that could not see it.
OVERLAP = timedelta(minutes=5)
#: Dolibarr compares with the local time of its database server, which it does not tell: that of any zone is not behind
#: UTC by more. So the poll reads the changes of half a day, and what it has read before is equal to what was agreed.
FARTHEST_ZONE = timedelta(hours=12)
#: Rows of a page, and pages of one run: an import of many third parties is read by several runs.
POLL_PAGE, SWEEP_PAGE, PAGES = 100, 500, 10
LEASE = PAGES * LONGEST_CALL + timedelta(minutes=1)


def poll_third_parties(
    tenant_id: int, account: DolibarrAccount, *, is_stopping: Callable[[], bool] = lambda: False
) -> None:
    """Continue the pass over the third parties that changed, if it is due."""
    with atomic(tenant_id):
        claimed = crm_inboxes.claim_poll(tenant_id, now=utc_now(), until=utc_now() + LEASE)
    if claimed is None:
        return
    since = (claimed.since - FARTHEST_ZONE).replace(tzinfo=None)
    after_id, has_ended = claimed.after_id, False
    for _ in range(PAGES):
        if is_stopping() or has_ended:
            break
        page = dolibarr.list_third_parties(account, modified_since=since, after_id=after_id, limit=POLL_PAGE)
        _enqueue_changed(tenant_id, page)
        has_ended = len(page) < POLL_PAGE
        after_id = page[-1].id if page else after_id
    with atomic(tenant_id):
        crm_inboxes.note_polled(
            tenant_id,
            claimed,
            after_id=0 if has_ended else after_id,
            next_at=utc_now() + (POLL_EVERY if has_ended else timedelta()),
            since=claimed.began_at - OVERLAP if has_ended else None,
        )


def _enqueue_changed(tenant_id: int, page: list[ThirdParty]) -> None:
    with atomic(tenant_id):
        links = crm_linked_records.list_by_dolibarr_ids(
            tenant_id, CrmElement.THIRD_PARTY, [found.id for found in page]
        )
        changed = [found.id for found in page if _is_changed(links.get(found.id), found)]
        crm_notifications.enqueue(tenant_id, CrmElement.THIRD_PARTY, changed, after=timedelta())


def _is_changed(link: CrmLink | None, found: ThirdParty) -> bool:
    if link is None:
        return False
    theirs = from_dolibarr(asdict(found.fields))
    agreed = crm_linked_records.agreed_of(link)
    return agreed is None or not all(is_same(field, theirs[field], agreed[field]) for field in ContactField)


def sweep_third_parties(
    tenant_id: int, account: DolibarrAccount, *, is_stopping: Callable[[], bool] = lambda: False
) -> None:
    """Continue the pass over all ids, if it is due: what is linked and not among them is read again."""
    with atomic(tenant_id):
        claimed = crm_inboxes.claim_sweep(tenant_id, now=utc_now(), until=utc_now() + LEASE)
    if claimed is None:
        return
    after_id, has_ended = claimed.after_id, False
    for _ in range(PAGES):
        if is_stopping() or has_ended:
            break
        ids = dolibarr.list_third_party_ids(account, after_id=after_id, limit=SWEEP_PAGE)
        has_ended = len(ids) < SWEEP_PAGE
        _enqueue_missing(tenant_id, set(ids), after_id=after_id, up_to=None if has_ended else ids[-1])
        after_id = ids[-1] if ids else after_id
    with atomic(tenant_id):
        crm_inboxes.note_swept(
            tenant_id,
            claimed,
            after_id=0 if has_ended else after_id,
            next_at=utc_now() + (SWEEP_EVERY if has_ended else timedelta()),
        )


def _enqueue_missing(tenant_id: int, ids: set[int], *, after_id: int, up_to: int | None) -> None:
    """Enqueue the linked third parties of a range that Dolibarr does not list, a bounded number at a time."""
    while True:
        with atomic(tenant_id):
            linked = crm_linked_records.list_linked_ids(
                tenant_id, CrmElement.THIRD_PARTY, after_id=after_id, up_to=up_to, limit=SWEEP_PAGE
            )
            missing = [dolibarr_id for dolibarr_id in linked if dolibarr_id not in ids]
            crm_notifications.enqueue(tenant_id, CrmElement.THIRD_PARTY, missing, after=timedelta())
        if len(linked) < SWEEP_PAGE:
            return
        after_id = linked[-1]
