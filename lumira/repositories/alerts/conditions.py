"""Alerts about conditions that are watched: raised while one is true, resolved once it has ended for some time."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, case, exists, func, or_, select, update

from lumira.clock import utc_now
from lumira.database import db
from lumira.models import Alert, AlertKind
from lumira.repositories.alerts import alerts, team_posts

#: A condition that comes and goes is one alert: it is resolved when the condition was not true for so long.
CALM_FOR = timedelta(minutes=10)


def note(
    tenant_id: int,
    *,
    kind: AlertKind,
    subject: str,
    is_true: bool,
    notify_after: timedelta = timedelta(),
    calm_for: timedelta = CALM_FOR,
    **details: object,
) -> None:
    """Raise the alert about a condition that is true, or resolve it if the condition has ended.

    The team is notified of the recovery, once, if it may have been notified of the alert. An alert of which it was not
    notified yet is resolved at once.
    """
    if kind not in alerts.WATCHED:
        raise ValueError(f"{kind} is not among the kinds that are watched.")
    if is_true:
        alerts.raise_alert(
            tenant_id, kind=kind, subject=subject, once=False, notify_after=notify_after, **details
        )
        _change_open(tenant_id, kind, subject, seen_at=utc_now())
    else:
        resolve_ended(tenant_id, kind=kind, subject=subject, calm_for=calm_for)


def was_noted(tenant_id: int, *, kind: AlertKind, subject: str, since: datetime) -> bool:
    """Whether the alert is open, and its condition was noted to be true since this time."""
    noted = exists().where(
        Alert.tenant_id == tenant_id,
        Alert.kind == kind,
        Alert.subject == subject,
        Alert.resolved_at.is_(None),
        Alert.seen_at >= since,
    )
    return bool(db.session.execute(select(noted)).scalar_one())


def resolve_ended(tenant_id: int, *, kind: AlertKind, subject: str, calm_for: timedelta = CALM_FOR) -> None:
    """Resolve the alert if its condition was not true for so long, or if no one was notified of it."""
    now = utc_now()
    is_notified = Alert.notification_attempts > 0
    ended = db.session.execute(
        update(Alert)
        .where(
            *_is_open(tenant_id, kind, subject),
            or_(~is_notified, func.coalesce(Alert.seen_at, Alert.raised_at) <= now - calm_for),
        )
        .values(
            resolved_at=now,
            next_notification_at=case((is_notified, now)),
            notification_attempts=0,
        )
        .returning(Alert.id, Alert.next_notification_at)
        .execution_options(synchronize_session=False)
    )
    for alert_id, notified_at in ended:
        if notified_at is not None:
            team_posts.enqueue(tenant_id, alert_id, at=now, is_recovery=True)


def _is_open(tenant_id: int, kind: AlertKind, subject: str) -> tuple[ColumnElement[bool], ...]:
    return (
        Alert.tenant_id == tenant_id,
        Alert.kind == kind,
        Alert.subject == subject,
        Alert.resolved_at.is_(None),
    )


def _change_open(tenant_id: int, kind: AlertKind, subject: str, **values: object) -> None:
    db.session.execute(
        update(Alert)
        .where(*_is_open(tenant_id, kind, subject))
        .values(**values)
        .execution_options(synchronize_session=False)
    )
