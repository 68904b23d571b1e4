"""The ledger: entries that are only added, and the day until which they are complete."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, select, text, tuple_
from sqlalchemy.dialects.postgresql import insert

from lumira.clock import utc_now
from lumira.database import constant, db, plan_for_values
from lumira.domain.bookings import Amounts
from lumira.errors import BooksBusy
from lumira.models import Journal, LedgerBooks, LedgerEntry, LedgerEvent


@dataclass(frozen=True, slots=True)
class Booking:
    """What is to be booked of one source: `amounts` by role, in the books' currency."""

    journal: Journal
    event: LedgerEvent
    source_id: str
    piece: str
    day: date
    order_number: str | None
    amounts: Amounts
    foreign_amount: int | None = None
    foreign_currency: str | None = None


@dataclass(frozen=True, slots=True)
class Booked:
    """What was booked of one source so far, in this many entries."""

    entries: int
    amounts: Amounts


#: Much longer than a page of entries takes: a process that has not posted one for so long has ended.
LEASE = timedelta(minutes=3)
#: Where the next page of entries begins: after the entry of this day, journal and number.
Place = tuple[date, str, int]


def find_posted_through(tenant_id: int, *, livemode: bool) -> date | None:
    """Return the day until which the entries are complete; `None` before the first posting."""
    query = select(LedgerBooks.posted_through).where(
        LedgerBooks.tenant_id == tenant_id, LedgerBooks.livemode == livemode
    )
    return db.session.execute(query).scalar_one_or_none()


def lock_books(tenant_id: int, *, livemode: bool) -> LedgerBooks:
    """Lock the books of one mode, so that one process numbers entries at a time; creates them first."""
    db.session.execute(
        insert(LedgerBooks).values(tenant_id=tenant_id, livemode=livemode).on_conflict_do_nothing()
    )
    query = (
        select(LedgerBooks)
        .where(LedgerBooks.tenant_id == tenant_id, LedgerBooks.livemode == livemode)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return db.session.execute(query).scalar_one()


def acquire(tenant_id: int, *, livemode: bool) -> int | None:
    """Begin to post and return the token of the lease; `None` while another process posts."""
    row, now = lock_books(tenant_id, livemode=livemode), utc_now()
    if row.leased_until is not None and row.leased_until > now:
        return None
    row.token, row.leased_until = row.token + 1, now + LEASE
    return row.token


def hold(tenant_id: int, token: int, *, livemode: bool) -> LedgerBooks:
    """Lock the books for the process with this lease, and renew it; raises `BooksBusy` if another one posts."""
    row = lock_books(tenant_id, livemode=livemode)
    if row.token != token:
        raise BooksBusy("Another export took over: try again in some minutes.")
    row.leased_until = utc_now() + LEASE
    return row


def release(tenant_id: int, token: int, *, livemode: bool) -> None:
    """End a lease, unless another process has taken over."""
    row = lock_books(tenant_id, livemode=livemode)
    if row.token == token:
        row.leased_until = None


def find_booked(
    tenant_id: int, journal: Journal, source_ids: Collection[str], *, livemode: bool
) -> dict[str, Booked]:
    """Return what was booked of these sources, by their ids."""
    # Planned for these values: the ledger may have grown from nothing since the statement was planned last.
    plan_for_values()
    query = select(LedgerEntry.source_id, LedgerEntry.roles, LedgerEntry.amounts).where(
        LedgerEntry.tenant_id == tenant_id,
        LedgerEntry.livemode == livemode,
        LedgerEntry.journal == journal,
        LedgerEntry.source_id == func.any(list(source_ids)),
    )
    found: dict[str, Booked] = {}
    for source_id, roles, amounts in db.session.execute(query) if source_ids else ():
        known = found.get(source_id, Booked(0, {}))
        sums = dict(known.amounts)
        for role, amount in zip(roles, amounts, strict=True):
            sums[role] = sums.get(role, 0) + amount
        found[source_id] = Booked(known.entries + 1, sums)
    return found


def add(
    tenant_id: int, bookings: Sequence[tuple[Booking, int]], *, livemode: bool, floor: date | None
) -> None:
    """Add an entry for each booking with its revision, numbered in their order; the books are locked.

    An entry has the day of its booking, or `floor` if that is later.
    """
    last: dict[tuple[Journal, int], int] = {}
    now = utc_now()
    rows = []
    for booking, revision in bookings:
        day = booking.day if floor is None else max(booking.day, floor)
        series = booking.journal, day.year
        if series not in last:
            last[series] = _last_number(tenant_id, *series, livemode=livemode)
        last[series] += 1
        rows.append(
            {
                "tenant_id": tenant_id,
                "livemode": livemode,
                "journal": booking.journal,
                "year": day.year,
                "number": last[series],
                "entry_date": day,
                "event": booking.event,
                "source_id": booking.source_id,
                "revision": revision,
                "piece": booking.piece,
                "piece_date": booking.day,
                "order_number": booking.order_number,
                "roles": list(booking.amounts),
                "amounts": list(booking.amounts.values()),
                "foreign_amount": booking.foreign_amount,
                "foreign_currency": booking.foreign_currency,
                "posted_at": now,
            }
        )
    if rows:
        db.session.execute(insert(LedgerEntry), rows)


def _last_number(tenant_id: int, journal: Journal, year: int, *, livemode: bool) -> int:
    query = select(func.coalesce(func.max(LedgerEntry.number), 0)).where(
        LedgerEntry.tenant_id == tenant_id,
        LedgerEntry.livemode == livemode,
        LedgerEntry.journal == journal,
        LedgerEntry.year == year,
    )
    return int(db.session.execute(query).scalar_one())


def list_page(
    tenant_id: int, *, livemode: bool, first: date, last: date, after: Place | None, limit: int
) -> Sequence[LedgerEntry]:
    """Return the entries of these days, both included, by day, journal and number."""
    key = LedgerEntry.entry_date, LedgerEntry.journal, LedgerEntry.number
    query = select(LedgerEntry).where(
        LedgerEntry.tenant_id == tenant_id,
        LedgerEntry.livemode == livemode,
        LedgerEntry.entry_date.between(first, last),
    )
    if after is not None:
        query = query.where(tuple_(*key) > tuple_(*after))
    return db.session.execute(query.order_by(*key).limit(constant(limit))).scalars().all()


def count(tenant_id: int, *, livemode: bool, first: date, last: date) -> int:
    """Return how many entries these days have."""
    query = select(func.count()).where(
        LedgerEntry.tenant_id == tenant_id,
        LedgerEntry.livemode == livemode,
        LedgerEntry.entry_date.between(first, last),
    )
    return db.session.execute(query).scalar_one()


# By the day of what is booked, and not of the entry, which is later if it was found after its day was posted.
_SUMS = text(
    """
    SELECT journal, event, role, foreign_currency IS NOT NULL AS is_foreign, sum(amount)::bigint AS amount
    FROM ledger_entries, unnest(roles, amounts) AS booked (role, amount)
    WHERE tenant_id = :tenant_id AND livemode = :livemode AND piece_date BETWEEN :first AND :last
        AND entry_date >= :first
    GROUP BY journal, event, role, is_foreign
    """
)


@dataclass(frozen=True, slots=True)
class Sum:
    """What is booked about a period in one journal, for one event and role, in or from another currency or not."""

    journal: str
    event: str
    role: str
    is_foreign: bool
    amount: int


def sum_of_period(tenant_id: int, *, livemode: bool, first: date, last: date) -> list[Sum]:
    """Return what is booked about what happened on these days, both included."""
    values: dict[str, Any] = {"tenant_id": tenant_id, "livemode": livemode, "first": first, "last": last}
    rows = db.session.execute(_SUMS, values)
    return [Sum(row.journal, row.event, row.role, row.is_foreign, row.amount) for row in rows]
