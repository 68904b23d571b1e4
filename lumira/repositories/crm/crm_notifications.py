"""Records of Dolibarr that are to be read again: one row for each, however often it is reported."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, case, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from lumira.clock import utc_now
from lumira.database import constant, db
from lumira.models import CrmElement, CrmNotification

#: Dolibarr sends a notification before it commits: the record is read once that is over.
READ_AFTER = timedelta(seconds=5)
#: A record that changes all the time is read at the latest so long after its first notification.
READ_WITHIN = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A record that this run reads, as claimed."""

    element: CrmElement
    dolibarr_id: int
    number: int
    attempts: int
    enqueued_at: datetime


def enqueue(
    tenant_id: int, element: CrmElement, dolibarr_ids: Collection[int], *, after: timedelta = READ_AFTER
) -> None:
    """Have these records read again; one that waits already counts the notification."""
    if not dolibarr_ids:
        return
    now = utc_now()
    new = insert(CrmNotification).values(
        [
            {
                "tenant_id": tenant_id,
                "element": element,
                "dolibarr_id": dolibarr_id,
                "number": 1,
                "enqueued_at": now,
                "next_attempt_at": now + after,
                "attempts": 0,
            }
            for dolibarr_id in sorted(set(dolibarr_ids))
        ]
    )
    is_unread = CrmNotification.attempts == 0
    latest = func.least(new.excluded.next_attempt_at, CrmNotification.enqueued_at + READ_WITHIN)
    db.session.execute(
        new.on_conflict_do_update(
            index_elements=["tenant_id", "element", "dolibarr_id"],
            set_={
                "number": CrmNotification.number + 1,
                "next_attempt_at": case((is_unread, latest), else_=CrmNotification.next_attempt_at),
            },
        )
    )


def claim(tenant_id: int, *, until: datetime, limit: int) -> list[Claimed]:
    """Claim the records that are due longest, leased until `until`."""
    query = (
        select(CrmNotification)
        .where(CrmNotification.tenant_id == tenant_id, CrmNotification.next_attempt_at <= utc_now())
        .order_by(CrmNotification.next_attempt_at)
        .limit(constant(limit))
        .with_for_update(skip_locked=True)
    )
    rows = list(db.session.execute(query).scalars())
    for row in rows:
        row.attempts += 1
        row.next_attempt_at = until
    return [Claimed(row.element, row.dolibarr_id, row.number, row.attempts, row.enqueued_at) for row in rows]


def finish(tenant_id: int, claimed: Claimed) -> None:
    """Remove a record that was read; one that was reported meanwhile is read again."""
    removed = db.session.execute(
        delete(CrmNotification)
        .where(*_is(tenant_id, claimed), CrmNotification.number == claimed.number)
        .returning(CrmNotification.dolibarr_id)
        .execution_options(synchronize_session=False)
    )
    if removed.first() is None:
        postpone(tenant_id, claimed, until=utc_now() + READ_AFTER)


def postpone(tenant_id: int, claimed: Claimed, *, until: datetime) -> None:
    """Read a record later."""
    db.session.execute(
        update(CrmNotification)
        .where(*_is(tenant_id, claimed))
        .values(next_attempt_at=until)
        .execution_options(synchronize_session=False)
    )


def postpone_all(tenant_id: int, *, until: datetime) -> None:
    """Read no record of this tenant before: its Dolibarr does not answer."""
    db.session.execute(
        update(CrmNotification)
        .where(CrmNotification.tenant_id == tenant_id, CrmNotification.next_attempt_at < until)
        .values(next_attempt_at=until)
        .execution_options(synchronize_session=False)
    )


def remove_all(tenant_id: int) -> None:
    """Remove all of them: the tenant's CRM is switched off."""
    db.session.execute(
        delete(CrmNotification)
        .where(CrmNotification.tenant_id == tenant_id)
        .execution_options(synchronize_session=False)
    )


def remove_old(tenant_id: int, before: datetime, *, limit: int) -> int:
    """Remove those that could not be read for so long: the nightly sweep finds what they were about."""
    old = (
        select(CrmNotification.element, CrmNotification.dolibarr_id)
        .where(CrmNotification.tenant_id == tenant_id, CrmNotification.enqueued_at < before)
        .limit(limit)
    )
    found = db.session.execute(old).all()
    for element, dolibarr_id in found:
        db.session.execute(
            delete(CrmNotification).where(
                CrmNotification.tenant_id == tenant_id,
                CrmNotification.element == element,
                CrmNotification.dolibarr_id == dolibarr_id,
            )
        )
    return len(found)


def _is(tenant_id: int, claimed: Claimed) -> tuple[ColumnElement[bool], ...]:
    return (
        CrmNotification.tenant_id == tenant_id,
        CrmNotification.element == claimed.element,
        CrmNotification.dolibarr_id == claimed.dolibarr_id,
    )
