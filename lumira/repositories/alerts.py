"""What a person has to look at, raised once until it is resolved."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from lumira.clock import utc_now
from lumira.database import db
from lumira.models import Alert
from lumira.models.columns import uuid7

log = structlog.get_logger()

#: That the team could not be told of another alert: sent by mail as well, it would never end.
NOT_TOLD = "alert_not_told"
#: Not sent by mail: of a dispute and of a bank's question the team is told by a message of the order.
_NOT_SENT = frozenset(("dispute", "inquiry", NOT_TOLD))
#: Alerts of one kind in one message.
MOST_TOLD_AT_ONCE = 50
#: The clock of the process that raised an alert may be ahead of the one that sends it.
_CLOCKS_DIFFER = timedelta(seconds=3)


def raise_alert(tenant_id: int, *, kind: str, subject: str, once: bool = False, **details: object) -> None:
    """Raise an alert about `subject`, unless the same one is open; one that was resolved is raised anew.

    With `once` it is not: what it tells of stays so for ever, and a person has seen it. The team is owed a message
    of it from then on; the row itself is what is owed.
    """
    now = utc_now()
    values = {
        "details": details,
        "raised_at": now,
        "notified_at": None,
        "next_notification_at": None if kind in _NOT_SENT else now,
        "notification_attempts": 0,
    }
    new = insert(Alert).values(tenant_id=tenant_id, id=uuid7(), kind=kind, subject=subject, **values)
    identity = ["tenant_id", "kind", "subject"]
    raised = db.session.execute(
        (
            new.on_conflict_do_nothing(index_elements=identity)
            if once
            else new.on_conflict_do_update(
                index_elements=identity,
                set_=values | {"resolved_at": None},
                where=Alert.resolved_at.is_not(None),
            )
        ).returning(Alert.id)
    )
    if raised.first() is not None:
        log.warning("alert_raised", kind=kind, subject=subject, **details)


def resolve(tenant_id: int, *, kind: str, subject: str) -> None:
    """Close the alert about `subject`, if it is open: what it was about is decided."""
    resolve_all(tenant_id, kind=kind, subjects=[subject])


def resolve_all(tenant_id: int, *, kind: str, subjects: Sequence[str]) -> None:
    """The same for several subjects at once."""
    db.session.execute(
        update(Alert)
        .where(
            Alert.tenant_id == tenant_id,
            Alert.kind == kind,
            Alert.subject.in_(subjects),
            Alert.resolved_at.is_(None),
        )
        .values(resolved_at=utc_now(), next_notification_at=None)
        .execution_options(synchronize_session=False)
    )


def list_alerts(tenant_id: int, *, is_whole: bool = False, limit: int = 50) -> Sequence[Alert]:
    """What is open, or also what was resolved, newest first."""
    query = (
        select(Alert).where(Alert.tenant_id == tenant_id).order_by(Alert.raised_at.desc(), Alert.id.desc())
    )
    if not is_whole:
        query = query.where(Alert.resolved_at.is_(None))
    return db.session.execute(query.limit(limit)).scalars().all()


def find(tenant_id: int, alert_id: UUID) -> Alert | None:
    """The tenant's alert with this id."""
    return db.session.get(Alert, (tenant_id, alert_id))


def claim_next(tenant_id: int, *, until: datetime) -> list[Alert]:
    """The alert that the team is to be told of next, and others of its kind, leased to the caller; or none.

    Together, because what is wrong with a thousand messages is one thing to a person. Only those that were
    tried as often: what is told again after a crash is told as it was. One that was resolved is no news.
    """
    due = (
        select(Alert)
        .where(
            Alert.tenant_id == tenant_id,
            Alert.next_notification_at <= utc_now() + _CLOCKS_DIFFER,
            Alert.resolved_at.is_(None),
        )
        .order_by(Alert.next_notification_at, Alert.id)
        .with_for_update(skip_locked=True)
    )
    first = db.session.execute(due.limit(1)).scalar_one_or_none()
    if first is None:
        return []
    alike = due.where(
        Alert.kind == first.kind,
        Alert.notification_attempts == first.notification_attempts,
        Alert.id != first.id,
    ).limit(MOST_TOLD_AT_ONCE - 1)
    taken = [first, *db.session.execute(alike).scalars()]
    for alert in taken:
        alert.notification_attempts += 1
        alert.next_notification_at = until
    return taken


def mark_notified(alert: Alert) -> None:
    """Note that the team was sent it; not of one that was raised anew meanwhile."""
    _change_notification(alert, notified_at=utc_now(), next_notification_at=None)


def reschedule_notification(alert: Alert, until: datetime | None) -> bool:
    """Try again then, or never; `False` if another process told it, or it was raised anew."""
    return _change_notification(alert, next_notification_at=until)


def _change_notification(alert: Alert, **values: datetime | None) -> bool:
    changed = db.session.execute(
        update(Alert)
        .where(
            Alert.tenant_id == alert.tenant_id,
            Alert.id == alert.id,
            Alert.raised_at == alert.raised_at,
            Alert.notified_at.is_(None),
        )
        .values(**values)
        .returning(Alert.id)
        .execution_options(synchronize_session=False)
    )
    return changed.first() is not None
