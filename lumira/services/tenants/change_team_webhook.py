"""Set, remove and test the webhook of a tenant's team. Its URL is a credential: it is encrypted, and never shown."""

from threading import BoundedSemaphore

from lumira import link_tokens
from lumira.clients import public_addresses, team_webhook
from lumira.database import atomic
from lumira.domain.team_webhook import TeamNotice, body_of, host_of
from lumira.errors import Conflict, InvalidRequest
from lumira.models import TeamWebhookFormat
from lumira.repositories.alerts import team_posts
from lumira.repositories.audit import audit
from lumira.repositories.tenants import tenants

#: A test may take the whole deadline of a post: it occupies one thread of a process, and not all of them.
_test_slot = BoundedSemaphore(1)


def format_of(text: str) -> TeamWebhookFormat:
    """Return the format with this name; the one of Slack and Mattermost for any other."""
    return TeamWebhookFormat.JSON if text == TeamWebhookFormat.JSON else TeamWebhookFormat.TEXT


def set_team_webhook(tenant_id: int, url: str, shape: TeamWebhookFormat, *, actor: str) -> None:
    """Post the tenant's alerts to this URL from now on. Raises `InvalidRequest` if no webhook may have it."""
    host = host_of(url, is_development=public_addresses.allows_private())
    if host is None:
        raise InvalidRequest(
            "The URL of a webhook begins with https://, has no user and no #, and its port is 443 or from 1024."
        )
    with atomic(tenant_id):
        tenant = tenants.lock(tenant_id)
        team_posts.set_url(tenant, url)
        tenant.team_webhook_host, tenant.team_webhook_format = host, shape
        _audit(tenant_id, "team_webhook_set", actor=actor, host=host, format=shape)


def remove_team_webhook(tenant_id: int, *, actor: str) -> bool:
    """Post nothing more; `False` if there was no webhook."""
    with atomic(tenant_id):
        tenant = tenants.lock(tenant_id)
        if tenant.team_webhook_sealed is None:
            return False
        tenant.team_webhook_sealed = tenant.team_webhook_host = tenant.team_webhook_format = None
        _audit(tenant_id, "team_webhook_removed", actor=actor)
        return True


def post_test(tenant_id: int) -> str | None:
    """Post a test, and return why it was not accepted; `None` if it was.

    Raises `InvalidRequest` without a webhook, and `Conflict` while another test is under way in this process.
    """
    with atomic(tenant_id):
        tenant = tenants.get(tenant_id)
        url, shape = team_posts.url_of(tenant), tenant.team_webhook_format
        notice = TeamNotice(
            kind="test",
            state="test",
            tenant=tenant.name,
            subject=tenant.slug,
            title="Test",
            message="Lumira poste ses alertes ici.",
            remedy="",
            link=link_tokens.public_url_of(f"/dashboard/{tenant.slug}/alerts"),
        )
    if url is None or shape is None:
        raise InvalidRequest("The tenant has no webhook for its team.")
    if not _test_slot.acquire(blocking=False):
        raise Conflict("Another webhook is being tested. Try again in ten seconds.")
    try:
        team_webhook.post(url, body_of(notice, shape))
    except team_webhook.NotAccepted as error:
        return str(error)
    finally:
        _test_slot.release()
    return None


def _audit(tenant_id: int, action: str, *, actor: str, **details: object) -> None:
    audit.record(tenant_id, actor=actor, action=action, subject="tenant", **details)
