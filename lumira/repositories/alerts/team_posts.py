"""Posts to the webhook of a tenant's team: enqueued with the alert that they are about, and removed once accepted."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, exists, select

from lumira import encryption
from lumira.clock import utc_now
from lumira.database import db
from lumira.models import Alert, AlertKind, TeamPost, Tenant

_PURPOSE = "team_webhook"


def enqueue(tenant_id: int, alert_id: UUID, *, at: datetime, is_recovery: bool = False) -> None:
    """Enqueue a post about an alert, if the tenant has a webhook; an earlier one that was not sent is replaced."""
    has_webhook = exists().where(Tenant.id == tenant_id, Tenant.team_webhook_sealed.is_not(None))
    if not db.session.execute(select(has_webhook)).scalar_one():
        return
    db.session.execute(
        delete(TeamPost)
        .where(TeamPost.tenant_id == tenant_id, TeamPost.alert_id == alert_id, TeamPost.attempts == 0)
        .execution_options(synchronize_session=False)
    )
    db.session.add(
        TeamPost(tenant_id=tenant_id, alert_id=alert_id, is_recovery=is_recovery, next_attempt_at=at)
    )


def claim_next(tenant_id: int, *, until: datetime, only: AlertKind | None = None) -> TeamPost | None:
    """Claim the post that is due longest, leased until `until`; `None` if none is due, or none `only` of a kind."""
    query = (
        select(TeamPost)
        .where(TeamPost.tenant_id == tenant_id, TeamPost.next_attempt_at <= utc_now())
        .order_by(TeamPost.next_attempt_at, TeamPost.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if only is not None:
        of_kind = select(Alert.id).where(Alert.tenant_id == tenant_id, Alert.kind == only)
        query = query.where(TeamPost.alert_id.in_(of_kind))
    post = db.session.execute(query).scalar_one_or_none()
    if post is not None:
        post.attempts += 1
        post.next_attempt_at = until
    return post


def remove(tenant_id: int, post_id: UUID) -> bool:
    """Remove a post that was accepted or is given up; `False` if it was removed before."""
    removed = db.session.execute(
        delete(TeamPost)
        .where(TeamPost.tenant_id == tenant_id, TeamPost.id == post_id)
        .returning(TeamPost.id)
        .execution_options(synchronize_session=False)
    )
    return removed.first() is not None


def find(tenant_id: int, post_id: UUID) -> TeamPost | None:
    """Return a post that is still to be sent."""
    return db.session.get(TeamPost, (tenant_id, post_id))


def set_url(tenant: Tenant, url: str) -> None:
    """Store the URL of the tenant's webhook, encrypted: who knows it can write to the team."""
    tenant.team_webhook_sealed = encryption.seal(url, tenant_id=tenant.id, purpose=_PURPOSE)


def url_of(tenant: Tenant) -> str | None:
    """Return the URL of the tenant's webhook; `None` without one. Raises `DecryptionError`."""
    if tenant.team_webhook_sealed is None:
        return None
    return encryption.unseal(tenant.team_webhook_sealed, tenant_id=tenant.id, purpose=_PURPOSE)
