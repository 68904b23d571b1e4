"""Adds committed receipts and credit notes to the tenant's hash chains."""

from collections.abc import Callable

from lumira.clock import utc_now
from lumira.database import atomic, retried
from lumira.repositories import hash_chains
from lumira.repositories.hash_chains import RECEIPTS, TEST_RECEIPTS
from lumira.repositories.receipts import receipt_chain

#: Documents of one transaction, of each series.
BATCH = 1_000


def seal_receipts(tenant_id: int, *, is_stopping: Callable[[], bool] = lambda: False) -> int:
    """Seal every document that is not sealed, and return how many there were."""
    sealed = 0
    while not is_stopping() and (count := _seal_batch(tenant_id)):
        sealed += count
    return sealed


@retried
def _seal_batch(tenant_id: int) -> int:
    sealed = 0
    with atomic(tenant_id):
        # Looked up before the lock: most tenants have nothing to seal.
        if not receipt_chain.list_unsealed_series(tenant_id):
            return 0
        # One lock for both chains of the table.
        hash_chains.lock(RECEIPTS, tenant_id)
        for series in receipt_chain.list_unsealed_series(tenant_id):
            contents = receipt_chain.list_unsealed(tenant_id, series, BATCH)
            chain = RECEIPTS if series.livemode else TEST_RECEIPTS
            hash_chains.append(chain, tenant_id, contents, utc_now())
            sealed += len(contents)
    return sealed
