"""Verifies receipts against their hash chains, and the chain against the heads that are stored elsewhere."""

import json
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, wait
from contextlib import closing
from datetime import timedelta
from functools import partial
from typing import Any

from lumira.clock import utc_now
from lumira.database import atomic
from lumira.domain.hash_chain import GENESIS, next_digest
from lumira.repositories.hash_chains import RECEIPTS
from lumira.repositories.receipts import receipt_chain
from lumira.repositories.receipts.receipt_chain import Position
from lumira.services.chains import heads
from lumira.services.receipts.verified import Verified
from lumira.threads import begin_beside

#: Links of one transaction.
PAGE = 5_000
#: Pages that are read at a time once there are several: one for each of two processors.
_AHEAD = 2
#: Sentences that are returned at most: after a large change one reads the first.
_MOST = 100
#: A document without a link for so long: no worker ran, or one of them fails.
_UNSEALED_AFTER = timedelta(hours=24)


def verify_chain(tenant_id: int, result: Verified, on_progress: Callable[[int], None]) -> None:
    """Recompute every link of the tenant's chains of receipts, and add to the result what is wrong.

    `on_progress` is called with the number of links that were verified since its last call. Raises
    `StorageUnavailable`.
    """
    position, previous, unsealed = Position(), GENESIS, 0
    with closing(_read_pages(tenant_id)) as pages:
        for page in pages:
            position, previous = _verify_page(result, tenant_id, page, position, previous)
            on_progress(len(page))
            if len(result.errors) >= _MOST:
                break
        else:
            with atomic(tenant_id):
                unsealed = receipt_chain.count_unsealed(tenant_id, before=utc_now() - _UNSEALED_AFTER)
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


def _read_pages(tenant_id: int) -> Generator[Sequence[Any]]:
    """Yield the links page by page; several pages are read at a time, each where the one before it should end.

    PostgreSQL writes the contents, which takes most of the time. Where a link is missing, or the other chain begins,
    pages end elsewhere, and what was read ahead is not used.
    """
    after, ahead = Position(), 1
    reading: dict[Position, Future[Sequence[Any]]] = {}
    begun: list[Future[Sequence[Any]]] = []
    try:
        while True:
            for number in range(ahead):
                place = Position(after.livemode, after.sequence + number * PAGE)
                if place not in reading:
                    reading[place] = begin_beside(partial(_read_page, tenant_id, place), name="read-chain")
            begun = list(reading.values())
            page = reading.pop(after).result()
            yield page
            if len(page) < PAGE:
                return
            after, ahead = Position(page[-1].livemode, page[-1].sequence), _AHEAD
            for place in [place for place in reading if not _follows(place, after)]:
                wait([reading.pop(place)])
    finally:
        wait(begun)


def _follows(place: Position, after: Position) -> bool:
    return place.livemode is after.livemode and (place.sequence - after.sequence) in range(
        0, _AHEAD * PAGE, PAGE
    )


def _read_page(tenant_id: int, after: Position) -> Sequence[Any]:
    with atomic(tenant_id):
        return receipt_chain.list_links(tenant_id, after=after, limit=PAGE)


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
    with atomic(tenant_id):
        link = receipt_chain.find_link(tenant_id, position)
    document = f"{link.kind.replace('_', ' ')} {link.number} of {link.year}"
    if label is None:
        return f"link {position.sequence}: {document} was removed"
    return f"{label}: it was changed after it was sealed (link {position.sequence}, {document})"


def _missing(first: int, last: int) -> str:
    return f"link {first} is missing" if first == last else f"links {first} to {last} are missing"
