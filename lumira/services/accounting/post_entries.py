"""Use case: book what happened until a day. What is booked is never changed; a later change is a further entry."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import islice

from lumira.database import atomic
from lumira.domain.bookings import difference, is_other_deduction
from lumira.domain.days import begin_of, end_of
from lumira.errors import BooksBusy
from lumira.models import Journal
from lumira.repositories.accounting import ledger, ledger_documents, ledger_movements
from lumira.repositories.accounting.ledger import Booked, Booking
from lumira.services.accounting import sources
from lumira.services.accounting.period import Books, Period, books_of, check_period, require_posted

#: What changes later than this after it happened, such as a fee, is not booked any more.
_COMPARED_FOR = timedelta(days=400)
#: Seconds: as long as the first export of a large shop may take.
_LONGEST_WAIT = 900


def post_entries(
    tenant_id: int, period: Period, *, on_progress: Callable[[int], None] = lambda _rows: None
) -> Books:
    """Book what happened until the last day of the period and is not booked, and return the books.

    What happened on a day that was posted before gets the first day after it. Posting again changes nothing. Raises
    `InvalidRequest` if the period has not ended, or the balance at Stripe was not read after it.
    """
    with atomic(tenant_id):
        books = books_of(tenant_id)
        require_posted(books, period)
        posted = ledger.find_posted_through(tenant_id, livemode=books.livemode)
    if posted is not None and posted >= period.last:
        return books
    token = _acquire(books, on_progress)
    try:
        _post_all(books, token, period.last, on_progress)
    finally:
        with atomic(tenant_id):
            ledger.release(tenant_id, token, livemode=books.livemode)
    return books


def _acquire(books: Books, on_progress: Callable[[int], None]) -> int:
    """Wait until no other process posts; raises `BooksBusy` after minutes."""
    for _ in range(_LONGEST_WAIT):
        with atomic(books.tenant_id):
            token = ledger.acquire(books.tenant_id, livemode=books.livemode)
        if token is not None:
            return token
        on_progress(0)
        time.sleep(1)
    raise BooksBusy("Another export of this shop is being booked: try again in some minutes.")


def _post_all(books: Books, token: int, last: date, on_progress: Callable[[int], None]) -> None:
    with atomic(books.tenant_id):
        # The process before may have posted these days meanwhile.
        posted = ledger.hold(books.tenant_id, token, livemode=books.livemode).posted_through
    if posted is not None and posted >= last:
        return
    since = None if posted is None else begin_of(posted - _COMPARED_FOR, books.zone)
    for chunk in _chunks(books, since, end_of(last, books.zone)):
        _post(books, token, chunk)
        on_progress(len(chunk))
    with atomic(books.tenant_id):
        row = ledger.hold(books.tenant_id, token, livemode=books.livemode)
        row.posted_through = max(row.posted_through or date.min, last)


def count_work(tenant_id: int, period: Period) -> int:
    """Return about how many rows are read to book a period, for a progress bar; raises `InvalidPeriod`."""
    check_period(period)
    with atomic(tenant_id):
        books = books_of(tenant_id)
        since, until = period.since(books.zone), period.until(books.zone)
        documents = ledger_documents.count(tenant_id, livemode=books.livemode, since=since, until=until)
        moved = ledger_movements.sum_moved(
            tenant_id,
            livemode=books.livemode,
            currency=books.currency,
            since=since,
            until=until,
            is_own=False,
        )
        return documents + moved.movements


def _chunks(books: Books, since: datetime | None, until: datetime) -> Iterator[Sequence[Booking]]:
    """Yield what is to be booked in the order in which each journal is numbered."""
    documents = sources.read_unbooked(books, since, until)
    while chunk := list(islice(documents, sources.PAGE)):
        with atomic(books.tenant_id):
            bookings = sources.bookings_of_documents(books, chunk)
        yield bookings
    for movements in sources.read_movements(books, since, until):
        with atomic(books.tenant_id):
            bookings = sources.bookings_of_movements(books, movements)
        yield bookings
    for payouts in sources.read_payouts(books, since, until):
        with atomic(books.tenant_id):
            bookings = sources.bookings_of_payouts(books, payouts)
        yield bookings


def _post(books: Books, token: int, bookings: Sequence[Booking]) -> None:
    """Add the entries that are missing, those of one journal at a time."""
    if not bookings:
        return
    journal = bookings[0].journal
    with atomic(books.tenant_id):
        row = ledger.hold(books.tenant_id, token, livemode=books.livemode)
        booked = ledger.find_booked(
            books.tenant_id, journal, [each.source_id for each in bookings], livemode=books.livemode
        )
        floor = None if row.posted_through is None else row.posted_through + timedelta(days=1)
        ledger.add(books.tenant_id, list(_missing(bookings, booked)), livemode=books.livemode, floor=floor)


def _missing(bookings: Sequence[Booking], booked: dict[str, Booked]) -> Iterator[tuple[Booking, int]]:
    for booking in bookings:
        known = booked.get(booking.source_id, Booked(0, {}))
        if known.entries and booking.journal is Journal.SALES:
            # A document is frozen: only how a later version of the program would book it could differ.
            continue
        missing = difference(booking.amounts, known.amounts)
        if missing and not is_other_deduction(missing):
            yield replace(booking, amounts=missing), known.entries
