"""Verifies a tenant's receipts and credit notes: their chain, numbers, dates, closings and payments."""

from collections.abc import Callable
from concurrent.futures import wait
from threading import Event, Lock

from lumira.database import atomic
from lumira.repositories import hash_chains
from lumira.repositories.hash_chains import RECEIPTS, TEST_RECEIPTS
from lumira.repositories.orders import orders
from lumira.repositories.receipts import receipt_comparison, receipt_proof
from lumira.repositories.tenants import tenants
from lumira.services.receipts.verified import Verified
from lumira.services.receipts.verify_chain import verify_chain
from lumira.services.receipts.verify_closings import verify_closings
from lumira.settlement.check_receipts import list_disagreements
from lumira.threads import begin_beside


def verify_receipts(tenant_id: int, on_progress: Callable[[int], None] = lambda _rows: None) -> Verified:
    """Return what is wrong with the receipts, the first document that was changed first; changes nothing.

    `on_progress` is called with the number of links and orders that were read since its last call, by one thread at a
    time. Raises `StorageUnavailable`.
    """
    result, compared = Verified(), Verified()
    lock = Lock()
    is_interrupted = Event()

    def report(rows: int) -> None:
        with lock:
            if is_interrupted.is_set():
                raise KeyboardInterrupt
            on_progress(rows)

    # The digests are computed here while the database compares amounts: half the time with two processors.
    chain = begin_beside(lambda: verify_chain(tenant_id, result, report), name="verify-chain")
    try:
        _compare(tenant_id, compared, report)
        chain.result()
    except BaseException as error:
        is_interrupted.set()
        # Ctrl-C ends the command at once, also if the chain's statement waits for a lock.
        if not isinstance(error, KeyboardInterrupt):
            wait([chain])
        raise
    result.documents = compared.documents
    result.errors += compared.errors
    result.remarks += compared.remarks
    return result


def _compare(tenant_id: int, result: Verified, on_progress: Callable[[int], None]) -> None:
    """Verify numbers, dates and closings, and compare the documents with payments and refunds."""
    with atomic(tenant_id):
        proof = receipt_proof.verify(tenant_id)
        tenant = tenants.get(tenant_id)
        has_seller, was_removed = tenant.seller is not None, tenant.removed_at is not None
        unreceipted = 0 if has_seller else receipt_comparison.count_unreceipted(tenant_id)
    result.documents = proof.documents
    result.errors += proof.errors
    result.remarks += proof.remarks
    if proof.documents:
        verify_closings(tenant_id, result)
    if was_removed:
        result.remarks.append(
            "are compared with no payment: the payments were removed here after the tenant was moved."
        )
    elif has_seller:
        result.errors += list_disagreements(tenant_id, on_progress)
    elif unreceipted:
        # The tenant's choice: a receipt without the seller's legal lines would not be valid.
        result.remarks.append(
            "issues no receipts: its catalog has no [tenant.seller] "
            f"({unreceipted} paid order{'' if unreceipted == 1 else 's'} without one)."
        )


def count_work(tenant_id: int) -> int:
    """Return how many links and orders `verify_receipts` reads."""
    with atomic(tenant_id):
        links = [hash_chains.find_last(chain, tenant_id) for chain in (RECEIPTS, TEST_RECEIPTS)]
        return orders.count_all(tenant_id) + sum(link.sequence for link in links if link is not None)
