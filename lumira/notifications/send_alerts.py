"""Telling the team of alerts: each is sent once, as messages are, and what cannot be told ends in one alert more."""

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
from lumira.notifications.emails import Draft
from lumira.repositories import alerts, outbox, tenants

log = structlog.get_logger()

#: What the team reads.
TEAM_LANGUAGE = Language.FRENCH


def send_alerts(tenant_id: int, *, is_stopping: Callable[[], bool] = lambda: False) -> int:
    """Send the team every alert of the tenant that is due; how many messages that took."""
    taken = 0
    while not is_stopping() and send_next(tenant_id):
        taken += 1
    return taken


def send_next(tenant_id: int) -> bool:
    """Send the alert that is due longest, with others of its kind; `False` if there is none."""
    with atomic(tenant_id):
        taken = alerts.claim_next(tenant_id, until=utc_now() + outbox.LEASE)
        tenant = tenants.get(tenant_id)
    if not taken:
        return False
    with structlog.contextvars.bound_contextvars(alert_id=str(taken[0].id)):
        try:
            letter = emails.write(compose(tenant, taken, TEAM_LANGUAGE))
            delivery.deliver(letter, name=identity(taken[0]))
        except Undeliverable:
            log.warning("alert_undeliverable")
            _try_again(taken, None)
        except Exception:
            log.exception("alert_not_sent")
            _try_again(taken, _next_try(taken[0]))
        else:
            with atomic(tenant_id):
                for alert in taken:
                    alerts.mark_notified(alert)
            log.info("alert_told", kind=taken[0].kind, alerts=len(taken))
    return True


def identity(alert: Alert) -> str:
    """Of this raising: told again after a crash it is the same message, raised anew it is another."""
    # Short enough for one line of a header, with the domain after it.
    return f"{alert.id.hex}.{int(alert.raised_at.timestamp() * 1_000):x}"


def compose(tenant: Tenant, taken: Sequence[Alert], language: Language) -> Draft:
    """What is wrong, since when, and what can be done about it; of the first, and what else it is wrong with."""
    alert, *others = taken
    return Draft(
        tenant=tenant,
        kind="alert",
        language=language,
        to=emails.team_mailbox(tenant),
        identity=identity(alert),
        at=alert.raised_at,
        facts={
            "alert": alert,
            "words": text_for(alert.kind, language),
            "others": [other.subject for other in others],
            "details": [(name, str(value)) for name, value in alert.details.items() if value is not None],
        },
    )


def _next_try(alert: Alert) -> datetime | None:
    now = utc_now()
    if messages.is_given_up(attempts=alert.notification_attempts, age=now - alert.raised_at):
        return None
    return now + retry_delay(alert.notification_attempts)


def _try_again(taken: Sequence[Alert], until: datetime | None) -> None:
    """Then; or never, and leave word of it where it is not sent by mail again."""
    with atomic(taken[0].tenant_id):
        for alert in taken:
            is_owed = alerts.reschedule_notification(alert, until)
            if is_owed and until is None:
                alerts.raise_alert(
                    alert.tenant_id, kind=AlertKind.ALERT_NOT_SENT, subject=str(alert.id), alert=alert.kind
                )
