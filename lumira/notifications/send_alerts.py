"""Notifies the team of alerts by e-mail, and of the end of those that are watched, each once.

An alert that cannot be sent raises `alert_not_sent`.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

import structlog

from lumira.clock import utc_now
from lumira.database import atomic
from lumira.domain import messages
from lumira.domain.retries import retry_delay
from lumira.models import Alert, AlertKind, Language, Tenant
from lumira.notifications import delivery, emails
from lumira.notifications.addresses import Undeliverable
from lumira.notifications.alert_texts import text_for
from lumira.notifications.draft import Draft
from lumira.repositories.alerts import alerts
from lumira.repositories.messages import message_claims
from lumira.repositories.tenants import tenants

log = structlog.get_logger()

TEAM_LANGUAGE = Language.FRENCH


def send_alerts(tenant_id: int, *, is_stopping: Callable[[], bool] = lambda: False) -> int:
    """Send the team every alert of the tenant that is due; return the number of e-mails."""
    sent = 0
    while not is_stopping() and send_next(tenant_id):
        sent += 1
    return sent


def send_without_worker(tenant_id: int, *, is_stopping: Callable[[], bool] = lambda: False) -> None:
    """Send the team the alert that no worker runs, if it is due: no worker sends it."""
    if not is_stopping():
        send_next(tenant_id, only=AlertKind.WORKER_SILENT)


def send_next(tenant_id: int, *, only: AlertKind | None = None) -> bool:
    """Send the alert that is due longest, with others of its kind; `False` if none is due, or none `only` of a kind."""
    with atomic(tenant_id):
        claimed = alerts.claim_next(tenant_id, until=utc_now() + message_claims.LEASE, only=only)
        tenant = tenants.get(tenant_id)
    if not claimed:
        return False
    with structlog.contextvars.bound_contextvars(alert_id=str(claimed[0].id)):
        try:
            email = emails.build(compose(tenant, claimed, TEAM_LANGUAGE))
            delivery.deliver(email, name=identity(claimed[0]))
        except Undeliverable:
            log.warning("alert_undeliverable")
            _reschedule(claimed, None)
        except Exception:
            log.exception("alert_not_sent")
            _reschedule(claimed, _next_attempt(claimed[0]))
        else:
            with atomic(tenant_id):
                for alert in claimed:
                    alerts.mark_notified(alert)
            is_recovery = claimed[0].resolved_at is not None
            log.info("alert_sent", kind=claimed[0].kind, alerts=len(claimed), is_recovery=is_recovery)
    return True


def identity(alert: Alert) -> str:
    """Return the local part of the Message-ID: the same after a crash, another one when the alert is raised again.

    The message about its recovery has another one too.
    """
    # Short enough for one header line together with the domain.
    raised = f"{alert.id.hex}.{int(alert.raised_at.timestamp() * 1_000):x}"
    return raised if alert.resolved_at is None else f"{raised}.resolved"


def compose(tenant: Tenant, claimed: Sequence[Alert], language: Language) -> Draft:
    """Compose one e-mail about alerts of one kind: the first in detail, of the others their subjects."""
    alert, *others = claimed
    return Draft(
        tenant=tenant,
        kind="alert",
        language=language,
        to=emails.team_mailbox(tenant),
        identity=identity(alert),
        at=_since(alert),
        values={
            "alert": alert,
            "text": text_for(alert.kind, language),
            "others": [other.subject for other in others],
            "details": [(name, str(value)) for name, value in alert.details.items() if value is not None],
        },
    )


def _since(alert: Alert) -> datetime:
    """Return when what the team is notified of has happened."""
    return alert.resolved_at or alert.raised_at


def _next_attempt(alert: Alert) -> datetime | None:
    now = utc_now()
    if messages.is_given_up(attempts=alert.notification_attempts, age=now - _since(alert)):
        return None
    return now + retry_delay(alert.notification_attempts)


def _reschedule(claimed: Sequence[Alert], until: datetime | None) -> None:
    """Reschedule the notification; with `None` give it up and raise an alert, which is not sent by e-mail."""
    with atomic(claimed[0].tenant_id):
        for alert in claimed:
            is_pending = alerts.reschedule_notification(alert, until)
            if is_pending and until is None:
                alerts.raise_alert(
                    alert.tenant_id, kind=AlertKind.ALERT_NOT_SENT, subject=str(alert.id), alert=alert.kind
                )
