"""Verifies receipts against their hash chains, and the chain against the heads that are stored elsewhere."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from lumira.clock import utc_now
from lumira.database import atomic
from lumira.domain.hash_chain import GENESIS, next_digest
from lumira.repositories import receipt_chain
from lumira.repositories.hash_chains import RECEIPTS
from lumira.repositories.receipt_chain import Position
from lumira.services.chains import heads
from lumira.services.receipts.verified import Verified

#: Links of one transaction.
PAGE = 5_000
#: Sentences that are returned at most: after a large change one reads the first.
_MOST = 100
#: A document without a link for so long: no worker ran, or one of them fails.
_UNSEALED_AFTER = timedelta(hours=24)


def verify_chain(tenant_id: int, result: Verified, on_progress: Callable[[int], None]) -> None:
    """Recompute every link of the tenant's chains of receipts, and add to the result what is wrong.

    `on_progress` is called with the number of links that were verified since its last call. Raises
    `StorageUnavailable`.
    """
    position, previous = Position(), GENESIS
    unsealed, is_last = 0, False
    while not is_last and len(result.errors) < _MOST:
        with atomic(tenant_id):
            page = receipt_chain.list_links(tenant_id, after=position, limit=PAGE)
            is_last = len(page) < PAGE
            position, previous = _verify_page(result, tenant_id, page, position, previous)
            if is_last:
                unsealed = receipt_chain.count_unsealed(tenant_id, before=utc_now() - _UNSEALED_AFTER)
        on_progress(len(page))
    if len(result.errors) >= _MOST:
        result.remarks.append(f"more than {_MOST} errors: the rest of the chain was not verified")
    elif unsealed:
        result.remarks.append(
            f"{unsealed} documents are older than a day and not sealed: is a worker running?"
        )
    compared = heads.compare(RECEIPTS, tenant_id)
    result.errors += compared.differences
    if not compared.heads and position.livemode:
        result.remarks.append("no head of the chain is stored yet: a worker stores one every night")


def _verify_page(
    result: Verified, tenant_id: int, page: Any, position: Position, previous: bytes
) -> tuple[Position, bytes]:
    livemode, expected = position.livemode, position.sequence + 1
    for is_live, sequence, digest, content in page:
        if is_live is not livemode:
            livemode, expected, previous = is_live, 1, GENESIS
        if sequence != expected:
            result.errors.append(_missing(expected, sequence - 1))
        elif next_digest(previous, content) != digest:
            result.errors.append(_changed(tenant_id, Position(is_live, sequence), content))
        expected, previous = sequence + 1, digest
    result.links += len(page)
    return Position(livemode, expected - 1), previous


def _changed(tenant_id: int, position: Position, content: str) -> str:
    # The content of a document that is missing has no number.
    label = json.loads(content)["number"]
    link = receipt_chain.find_link(tenant_id, position)
    document = f"{link.kind.replace('_', ' ')} {link.number} of {link.year}"
    if label is None:
        return f"link {position.sequence}: {document} was removed"
    return f"{label}: it was changed after it was sealed (link {position.sequence}, {document})"


def _missing(first: int, last: int) -> str:
    return f"link {first} is missing" if first == last else f"links {first} to {last} are missing"
