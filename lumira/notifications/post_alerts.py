"""Posts alerts, and the end of those that are watched, to the webhook of the tenant's team.

A webhook that does not accept an alert for a day, or refuses it for good, raises `alert_not_sent`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog

from lumira import link_tokens
from lumira.clients import team_webhook
from lumira.clock import utc_now
from lumira.database import atomic
from lumira.domain import messages
from lumira.domain.retries import retry_delay
from lumira.domain.team_webhook import TeamNotice, body_of
from lumira.encryption import DecryptionError
from lumira.models import Alert, AlertKind, Tenant
from lumira.notifications.alert_texts import text_for
from lumira.notifications.send_alerts import TEAM_LANGUAGE
from lumira.repositories.alerts import alerts, team_posts
from lumira.repositories.messages import message_claims
from lumira.repositories.tenants import tenants

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Claimed:
    post_id: UUID
    alert_id: UUID
    kind: AlertKind
    attempts: int
    enqueued_at: datetime
    url: str
    body: dict[str, str | None]


def post_alerts(tenant_id: int, *, is_stopping: Callable[[], bool] = lambda: False) -> None:
    """Post every due alert of the tenant to its team's webhook."""
    while not is_stopping() and post_next(tenant_id):
        pass


def post_without_worker(tenant_id: int, *, is_stopping: Callable[[], bool] = lambda: False) -> None:
    """Post the alert that no worker runs, if it is due: no worker posts it."""
    if not is_stopping():
        post_next(tenant_id, only=AlertKind.WORKER_SILENT)


def post_next(tenant_id: int, *, only: AlertKind | None = None) -> bool:
    """Post the alert that is due longest; `False` if none is due, or none `only` of a kind."""
    with atomic(tenant_id):
        post = team_posts.claim_next(tenant_id, until=utc_now() + message_claims.LEASE, only=only)
        if post is None:
            return False
        alert, tenant = alerts.find(tenant_id, post.alert_id), tenants.get(tenant_id)
        is_over = alert is not None and alert.resolved_at is not None and not post.is_recovery
        url = _url_of(tenant)
        # The end of an alert that was never posted needs no post; neither does an alert that has ended before.
        if alert is None or url is None or (is_over and post.attempts == 1):
            team_posts.remove(tenant_id, post.id)
            return True
        claimed = _Claimed(
            post.id,
            alert.id,
            alert.kind,
            post.attempts,
            post.enqueued_at,
            url,
            _body(tenant, alert, is_recovery=post.is_recovery),
        )
    _send(tenant_id, claimed)
    return True


def _send(tenant_id: int, claimed: _Claimed) -> None:
    try:
        team_webhook.post(claimed.url, claimed.body)
    except team_webhook.NotAccepted as error:
        age = utc_now() - claimed.enqueued_at
        is_final = isinstance(error, team_webhook.RefusedForGood)
        log.warning("alert_not_posted", kind=claimed.kind, reason=str(error))
        if is_final or messages.is_given_up(attempts=claimed.attempts, age=age):
            _give_up(tenant_id, claimed, str(error))
            return
        with atomic(tenant_id):
            post = team_posts.find(tenant_id, claimed.post_id)
            if post is not None:
                post.next_attempt_at = utc_now() + retry_delay(claimed.attempts)
    else:
        with atomic(tenant_id):
            team_posts.remove(tenant_id, claimed.post_id)
        log.info("alert_posted", kind=claimed.kind)


def _give_up(tenant_id: int, claimed: _Claimed, reason: str) -> None:
    """Remove the post, and raise an alert: by e-mail the team is notified of the alert itself."""
    with atomic(tenant_id):
        is_first = team_posts.remove(tenant_id, claimed.post_id)
        # An alert about an alert that could not be sent would fail for the same reason, without end.
        if is_first and claimed.kind is not AlertKind.ALERT_NOT_SENT:
            alerts.raise_alert(
                tenant_id,
                kind=AlertKind.ALERT_NOT_SENT,
                subject=str(claimed.alert_id),
                alert=claimed.kind,
                webhook=reason,
            )


def _url_of(tenant: Tenant) -> str | None:
    try:
        return team_posts.url_of(tenant)
    except DecryptionError:
        log.error("team_webhook_unreadable", tenant=tenant.slug)  # noqa: TRY400 - the reason is the key, no traceback
        return None


def _body(tenant: Tenant, alert: Alert, *, is_recovery: bool) -> dict[str, str | None]:
    text = text_for(alert.kind, TEAM_LANGUAGE)
    notice = TeamNotice(
        kind=alert.kind,
        state="resolved" if is_recovery else "raised",
        tenant=tenant.name,
        subject=alert.subject,
        title=f"{'Résolu' if is_recovery else 'Alerte'} : {text.title}",
        message="Le problème a cessé." if is_recovery else text.meaning,
        remedy="" if is_recovery else text.remedy,
        link=link_tokens.public_url_of(f"/dashboard/{tenant.slug}/alerts"),
    )
    if tenant.team_webhook_format is None:
        raise ValueError("A webhook has a format.")
    return body_of(notice, tenant.team_webhook_format)
