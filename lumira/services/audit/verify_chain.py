"""Verifies the audit log against its hash chain, and the chain against the heads that are stored elsewhere."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from lumira.clock import utc_now
from lumira.database import atomic
from lumira.domain.audit_chain import digest_of
from lumira.domain.hash_chain import GENESIS
from lumira.repositories import hash_chains
from lumira.repositories.audit import audit_chain
from lumira.repositories.audit.audit_chain import LinkedEntry
from lumira.repositories.hash_chains import AUDIT
from lumira.services.chains import heads

#: Links of one transaction.
PAGE = 5_000
#: Sentences that are returned at most: after a large change one reads the first.
_MOST = 100
#: An entry without a link for so long: no worker ran, or one of them fails.
_UNSEALED_AFTER = timedelta(hours=24)


@dataclass(slots=True)
class Verification:
    """What was verified, and a sentence for everything that is wrong, the first broken link first."""

    links: int = 0
    errors: list[str] = field(default_factory=list)
    #: No proof of a change, but something to look at.
    remarks: list[str] = field(default_factory=list)


def verify_chain(tenant_id: int, on_progress: Callable[[int], None] = lambda _links: None) -> Verification:
    """Recompute every link of the tenant's chain; changes nothing. Raises `StorageUnavailable`.

    `on_progress` is called with the number of links that were verified since its last call.
    """
    result = Verification()
    expected, previous = 1, GENESIS
    for link in _list_links(tenant_id):
        if link.sequence != expected:
            result.errors.append(_missing(expected, link.sequence - 1))
        elif (problem := _problem_of(link, previous)) is not None:
            result.errors.append(problem)
        expected, previous = link.sequence + 1, link.digest
        result.links += 1
        if result.links % PAGE == 0:
            on_progress(PAGE)
        if len(result.errors) >= _MOST:
            result.remarks.append(f"more than {_MOST} errors: the rest of the chain was not verified")
            break
    on_progress(result.links % PAGE)
    compared = heads.compare(AUDIT, tenant_id)
    result.errors += compared.differences
    with atomic(tenant_id):
        unsealed = audit_chain.count_unsealed(tenant_id, before=utc_now() - _UNSEALED_AFTER)
    if unsealed:
        result.remarks.append(f"{unsealed} entries are older than a day and not sealed: is a worker running?")
    if not compared.heads and result.links:
        result.remarks.append("no head is stored yet: a worker stores one every night")
    return result


def check_links(
    result: Verification, links: Iterable[LinkedEntry], after: int, upto: int, previous: bytes | None
) -> None:
    """Recompute the links between two sequences, and add to the result what is wrong.

    `previous` is the digest of the link `after`; `None` if it is missing, and then the first link proves nothing.
    """
    expected = after + 1
    for link in links:
        if link.sequence != expected:
            result.errors.append(_missing(expected, link.sequence - 1))
        elif previous is not None and (problem := _problem_of(link, previous)) is not None:
            result.errors.append(problem)
        expected, previous = link.sequence + 1, link.digest
        result.links += 1
    if expected <= upto:
        result.errors.append(_missing(expected, upto))


def count_links(tenant_id: int) -> int:
    """Return how many links the chain has."""
    with atomic(tenant_id):
        last = hash_chains.find_last(AUDIT, tenant_id)
        return 0 if last is None else last.sequence


def _list_links(tenant_id: int) -> Iterator[LinkedEntry]:
    after = 0
    while True:
        with atomic(tenant_id):
            page = audit_chain.list_links(tenant_id, after=after, limit=PAGE)
        yield from page
        if len(page) < PAGE:
            return
        after = page[-1].sequence


def _problem_of(link: LinkedEntry, previous: bytes) -> str | None:
    if link.entry is None:
        return f"link {link.sequence}: its entry {link.entry_id} was removed"
    if digest_of(previous, link.entry) != link.digest:
        entry = link.entry
        return f"link {link.sequence}: the entry {entry.id} ({entry.action} of {entry.subject}) was changed"
    return None


def _missing(first: int, last: int) -> str:
    return f"link {first} is missing" if first == last else f"links {first} to {last} are missing"
