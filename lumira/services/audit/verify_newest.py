"""Verifies the newest sealed entries of the audit log, within the time that a request may take."""

from dataclasses import dataclass
from time import monotonic

from lumira.database import atomic
from lumira.domain.hash_chain import GENESIS
from lumira.repositories import hash_chains
from lumira.repositories.audit import audit, audit_chain
from lumira.repositories.hash_chains import AUDIT
from lumira.services.audit.verify_chain import Verification, check_links, count_links

#: Links that are verified at most: `flask audit verify` verifies all.
MOST = 10_000
#: No further links are read after this many seconds.
_SECONDS = 1.2
#: Links of one transaction.
_STEP = 1_000


@dataclass(frozen=True, slots=True)
class NewestVerified:
    """How many links the chain has, and what was found among the newest of them."""

    sealed: int
    result: Verification


def verify_newest(tenant_id: int, *, actor: str) -> NewestVerified:
    """Recompute the newest links of the tenant's chain, backwards; the audit log names who asked for it.

    Compares with no stored head: a chain that was written anew is found by the nightly job and by `verify_chain`.
    """
    result, sealed, begin = Verification(), count_links(tenant_id), monotonic()
    upto = sealed
    while upto > 0 and sealed - upto < MOST and monotonic() - begin < _SECONDS:
        after = max(upto - _STEP, 0)
        with atomic(tenant_id):
            # Without the link before it, the first link proves nothing; the next step names what is missing.
            previous = hash_chains.find_digest(AUDIT, tenant_id, after) if after else GENESIS
            page = audit_chain.list_links(tenant_id, after=after, limit=upto - after)
        check_links(result, [link for link in page if link.sequence <= upto], after, upto, previous)
        upto = after
    with atomic(tenant_id):
        audit.record_reading(
            tenant_id,
            actor=actor,
            action="audit_verified",
            subject="audit",
            links=result.links,
            errors=len(result.errors),
        )
    return NewestVerified(sealed, result)
