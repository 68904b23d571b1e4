"""Rotate a tenant's webhook secrets: the new one counts beside the old one until that is removed."""

from uuid import UUID

from lumira.database import atomic, db
from lumira.errors import NotFound
from lumira.errors.tenants import LastWebhookSecret
from lumira.repositories.audit import audit
from lumira.repositories.tenants import stripe_accounts, tenants


def add_webhook_secret(tenant_id: int, secret: str, *, actor: str) -> None:
    """Accept events signed with one more secret. Raises `InvalidRequest` if the text is no webhook secret."""
    with atomic(tenant_id):
        tenants.lock(tenant_id)
        stripe_accounts.add_webhook_secret(tenant_id, secret)
        _audit(tenant_id, "added_webhook_secrets", actor=actor)


def remove_webhook_secret(tenant_id: int, secret_id: UUID, *, actor: str) -> None:
    """Refuse events signed with a secret from now on. Raises `NotFound`, and `LastWebhookSecret`."""
    with atomic(tenant_id):
        # One change at a time: two removals leave one secret.
        tenants.lock(tenant_id)
        rows = stripe_accounts.list_webhook_secret_rows(tenant_id)
        row = next((each for each in rows if each.id == secret_id), None)
        if row is None:
            raise NotFound("There is no such webhook secret.")
        if len(rows) == 1:
            raise LastWebhookSecret("Add the new secret first: without one every delivery is refused.")
        db.session.delete(row)
        _audit(tenant_id, "dropped_webhook_secrets", actor=actor)


def _audit(tenant_id: int, credential: str, *, actor: str) -> None:
    audit.record(
        tenant_id, actor=actor, action="stripe_credentials_set", subject="tenant", credentials=[credential]
    )
