"""Use case: leave out numbers of receipts after a backup was restored."""

from lumira.database import atomic
from lumira.repositories.receipts import skipped_receipts
from lumira.repositories.receipts.skipped_receipts import SkippedNumbers
from lumira.repositories.tenants import tenants


def skip_numbers(tenant_id: int, count: int, *, actor: str, note: str) -> list[SkippedNumbers]:
    """Leave out the next `count` numbers of each of the tenant's series of this year, and return them.

    Documents that were issued after the backup have been sent with some of them: no other document may get one.
    """
    with atomic(tenant_id):
        return skipped_receipts.skip(tenants.get(tenant_id), count, actor=actor, note=note)
