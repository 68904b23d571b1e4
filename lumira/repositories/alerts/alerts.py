"""Alerts: raise, resolve, list, and claim those that the team has to be notified of."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from lumira.clock import utc_now
from lumira.database import constant, db
from lumira.domain.list_position import Position
from lumira.errors.stripe import StripePermissionMissing
from lumira.models import Alert, AlertKind
from lumira.models.columns import uuid7
from lumira.repositories.alerts import team_posts

log = structlog.get_logger()

#: Kinds that are not sent by e-mail. Disputes and inquiries have a message of their order; an e-mail about an
#: alert that could not be sent would fail for the same reason, without end.
_NOT_SENT = frozenset((AlertKind.DISPUTE, AlertKind.INQUIRY, AlertKind.ALERT_NOT_SENT))
#: Kinds that are raised once for each subject, because their cause stays true: these rows are never removed.
RAISED_ONCE = frozenset(
    (
        AlertKind.DISPUTE,
        AlertKind.DUPLICATE_PAYMENT,
        AlertKind.DUPLICATE_REFUND,
        AlertKind.EU_SALES_THRESHOLD,
        AlertKind.FRAUD_WARNING,
        AlertKind.INQUIRY,
        AlertKind.ORDER_OVERDUE,
        AlertKind.PAID_WITHOUT_RECIPIENT,
        AlertKind.PAYOUT_FAILED,
        AlertKind.RECEIPT_DATE_AHEAD,
        AlertKind.REFUND_FAILED,
        AlertKind.TRANSFER_INCOMPLETE,
        AlertKind.TRANSFER_NOT_RECEIVED,
    )
)
#: Kinds whose condition is watched: they resolve themselves when it has ended, and the team is notified of that.
WATCHED = frozenset(
    (
        AlertKind.CERTIFICATE_EXPIRES,
        AlertKind.CRM_FAILING,
        AlertKind.DISK_LOW,
        AlertKind.EVENT_WAITING,
        AlertKind.ORDER_UNSHIPPED,
        AlertKind.PROGRAM_ERROR,
        AlertKind.STRIPE_KEY_REFUSED,
        AlertKind.STRIPE_UNAVAILABLE,
        AlertKind.WEBHOOKS_MISSING,
        AlertKind.WORKER_SILENT,
    )
)
#: Alerts of one kind in one e-mail.
MAX_ALERTS_PER_EMAIL = 50
#: The clock of the process that raised an alert may be ahead of the one that sends it.
_CLOCK_SKEW = timedelta(seconds=3)


def raise_alert(
    tenant_id: int,
    *,
    kind: AlertKind,
    subject: str,
    once: bool = False,
    notify_after: timedelta = timedelta(),
    **details: object,
) -> None:
    """Raise an alert about `subject`, unless the same one is open; a resolved one is raised again.

    With `once`, a resolved alert stays resolved: its cause is permanent, and an operator has seen it. Its kind must be
    one of `RAISED_ONCE`. The row itself is the pending e-mail to the team, which is sent after `notify_after` unless
    the alert is resolved; the post to the team's webhook is a row of its own.
    """
    if once and kind not in RAISED_ONCE:
        raise ValueError(f"{kind} is not among the kinds that are raised once.")
    now = utc_now()
    values = {
        "details": details,
        "raised_at": now,
        "notified_at": None,
        "recovery_notified_at": None,
        "seen_at": now if kind in WATCHED else None,
        "next_notification_at": None if kind in _NOT_SENT else now + notify_after,
        "notification_attempts": 0,
        "acknowledged_at": None,
        "acknowledged_by": None,
    }
    statement = insert(Alert).values(tenant_id=tenant_id, id=uuid7(), kind=kind, subject=subject, **values)
    identity = ["tenant_id", "kind", "subject"]
    raised = db.session.execute(
        (
            statement.on_conflict_do_nothing(index_elements=identity)
            if once
            else statement.on_conflict_do_update(
                index_elements=identity,
                set_=values | {"resolved_at": None, "resolved_by": None},
                where=Alert.resolved_at.is_not(None),
            )
        ).returning(Alert.id)
    )
    alert_id = raised.scalar()
    if alert_id is not None:
        team_posts.enqueue(tenant_id, alert_id, at=now + notify_after)
        log.warning("alert_raised", kind=kind, subject=subject, **details)


def raise_missing_permission(tenant_id: int, error: StripePermissionMissing) -> None:
    """Raise one alert for each permission that the tenant's Stripe key lacks, however many calls need it."""
    raise_alert(
        tenant_id,
        kind=AlertKind.STRIPE_PERMISSION_MISSING,
        subject=error.permission,
        operation=error.operation,
        stripe_message=error.stripe_message,
    )


def resolve(tenant_id: int, *, kind: AlertKind, subject: str, by: str | None = None) -> None:
    """Resolve the alert about `subject`, if it is open."""
    resolve_all(tenant_id, kind=kind, subjects=[subject], by=by)


def resolve_all(tenant_id: int, *, kind: AlertKind, subjects: Sequence[str], by: str | None = None) -> None:
    """Resolve the open alerts of one kind about these subjects; `by` is the operator who does, if one does."""
    db.session.execute(
        update(Alert)
        .where(
            Alert.tenant_id == tenant_id,
            Alert.kind == kind,
            Alert.subject.in_(subjects),
            Alert.resolved_at.is_(None),
        )
        .values(resolved_at=utc_now(), resolved_by=by, next_notification_at=None)
        .execution_options(synchronize_session=False)
    )


def acknowledge(tenant_id: int, alert_id: UUID, *, by: str) -> bool:
    """Note that an operator has seen an open alert; `False` if it is resolved, or was acknowledged before.

    It stays open, and the e-mail about it is not sent if it is still pending.
    """
    acknowledged = db.session.execute(
        update(Alert)
        .where(
            Alert.tenant_id == tenant_id,
            Alert.id == alert_id,
            Alert.resolved_at.is_(None),
            Alert.acknowledged_at.is_(None),
        )
        .values(acknowledged_at=utc_now(), acknowledged_by=by, next_notification_at=None)
        .returning(Alert.id)
        .execution_options(synchronize_session=False)
    )
    return acknowledged.first() is not None


def list_page(
    tenant_id: int, *, is_resolved: bool, kind: AlertKind | None, before: Position | None, limit: int
) -> Sequence[Alert]:
    """List the open alerts by when they were raised, or the resolved ones by when they were resolved, newest first."""
    at = Alert.resolved_at if is_resolved else Alert.raised_at
    query = select(Alert).where(
        Alert.tenant_id == tenant_id,
        Alert.resolved_at.is_not(None) if is_resolved else Alert.resolved_at.is_(None),
    )
    if kind is not None:
        query = query.where(Alert.kind == kind)
    if before is not None:
        query = query.where(tuple_(at, Alert.id) < tuple_(before.at, before.id))
    return (
        db.session.execute(query.order_by(at.desc(), Alert.id.desc()).limit(constant(limit))).scalars().all()
    )


def list_open(tenant_id: int, *kinds: AlertKind) -> Sequence[Alert]:
    """Return the open alerts of these kinds."""
    query = select(Alert).where(
        Alert.tenant_id == tenant_id, Alert.kind.in_(kinds), Alert.resolved_at.is_(None)
    )
    return db.session.execute(query).scalars().all()


def list_about(
    tenant_id: int, subjects: Sequence[str], *, kinds: Sequence[AlertKind] = ()
) -> Sequence[Alert]:
    """Return the open alerts about these subjects, and those of these kinds about any subject, oldest first."""
    # With the kind in both conditions, the unique index finds the rows where many alerts are open.
    is_about = Alert.kind.in_(list(AlertKind)) & Alert.subject.in_(list(subjects))
    query = select(Alert).where(
        Alert.tenant_id == tenant_id, Alert.resolved_at.is_(None), is_about | Alert.kind.in_(list(kinds))
    )
    return db.session.execute(query.order_by(Alert.raised_at, Alert.id)).scalars().all()


def list_raised(tenant_id: int, *, kind: AlertKind, subjects: Sequence[str]) -> dict[str, datetime]:
    """Return when each alert of one kind about these subjects was raised, resolved or not, by subject."""
    query = select(Alert).where(Alert.tenant_id == tenant_id, Alert.kind == kind, Alert.subject.in_(subjects))
    return {alert.subject: alert.raised_at for alert in db.session.execute(query).scalars()}


def list_alerts(tenant_id: int, *, include_resolved: bool = False, limit: int = 50) -> Sequence[Alert]:
    """List the open alerts, or also the resolved ones, newest first."""
    query = (
        select(Alert).where(Alert.tenant_id == tenant_id).order_by(Alert.raised_at.desc(), Alert.id.desc())
    )
    if not include_resolved:
        query = query.where(Alert.resolved_at.is_(None))
    return db.session.execute(query.limit(limit)).scalars().all()


def find(tenant_id: int, alert_id: UUID) -> Alert | None:
    """Return the tenant's alert with this id, or `None`."""
    return db.session.get(Alert, (tenant_id, alert_id))


def find_about(tenant_id: int, *, kind: AlertKind, subject: str) -> Alert | None:
    """Return the alert of one kind about a subject, open or resolved; `None` if there is none."""
    query = select(Alert).where(Alert.tenant_id == tenant_id, Alert.kind == kind, Alert.subject == subject)
    return db.session.execute(query).scalar_one_or_none()


def claim_next(tenant_id: int, *, until: datetime, only: AlertKind | None = None) -> list[Alert]:
    """Claim the alert that is due longest and others of its kind, leased until `until`; empty if none is due.

    Alerts of one kind share an e-mail, because their cause is usually one. Only alerts with the same number of
    attempts are grouped, so that an e-mail repeated after a crash has the same content. A resolved alert is due only
    if the team is to be notified of that. With `only`, alerts of the other kinds are left to others.
    """
    due = (
        select(Alert)
        .where(
            Alert.tenant_id == tenant_id,
            Alert.next_notification_at <= utc_now() + _CLOCK_SKEW,
        )
        .order_by(Alert.next_notification_at, Alert.id)
        .with_for_update(skip_locked=True)
    )
    if only is not None:
        due = due.where(Alert.kind == only)
    first = db.session.execute(due.limit(1)).scalar_one_or_none()
    if first is None:
        return []
    others = due.where(
        Alert.kind == first.kind,
        Alert.notification_attempts == first.notification_attempts,
        Alert.resolved_at.is_(None) if first.resolved_at is None else Alert.resolved_at.is_not(None),
        Alert.id != first.id,
    ).limit(MAX_ALERTS_PER_EMAIL - 1)
    claimed = [first, *db.session.execute(others).scalars()]
    for alert in claimed:
        alert.notification_attempts += 1
        alert.next_notification_at = until
    return claimed


def mark_notified(alert: Alert) -> None:
    """Record that the team was notified, unless the alert was resolved or raised again meanwhile."""
    notified = "notified_at" if alert.resolved_at is None else "recovery_notified_at"
    _change_notification(alert, **{notified: utc_now(), "next_notification_at": None})


def reschedule_notification(alert: Alert, until: datetime | None) -> bool:
    """Set the next notification, or none; `False` if it was sent, resolved, raised again or acknowledged meanwhile.

    Who takes care of an alert gets the e-mail about its recovery all the same.
    """
    is_pending = Alert.acknowledged_at.is_(None) | Alert.resolved_at.is_not(None)
    return _change_notification(alert, is_pending, next_notification_at=until)


def _change_notification(alert: Alert, *also: ColumnElement[bool], **values: datetime | None) -> bool:
    changed = db.session.execute(
        update(Alert)
        .where(
            Alert.tenant_id == alert.tenant_id,
            Alert.id == alert.id,
            Alert.raised_at == alert.raised_at,
            Alert.resolved_at.is_not_distinct_from(alert.resolved_at),
            (Alert.notified_at if alert.resolved_at is None else Alert.recovery_notified_at).is_(None),
            *also,
        )
        .values(**values)
        .returning(Alert.id)
        .execution_options(synchronize_session=False)
    )
    return changed.first() is not None
