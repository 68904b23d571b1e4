"""Set the default tenant's Stripe credentials from the environment, while it has none."""

import structlog

from config.settings import SettingsError, StripeBootstrap
from lumira.database import atomic
from lumira.errors import InvalidRequest
from lumira.models import Tenant
from lumira.repositories.audit import audit
from lumira.repositories.tenants import stripe_accounts, tenants

log = structlog.get_logger()

_ACTOR = "operator"


def bootstrap_tenant(slug: str | None, settings: StripeBootstrap) -> bool:
    """Store the credentials that the tenant `slug` does not have; returns whether any was stored.

    Stored credentials are never overwritten, so a rotation on the command line survives the next start. Both API
    keys are stored or neither, because keys of two accounts do not work together. Raises `SettingsError` if a
    setting is malformed.
    """
    if slug is None or not settings.is_set:
        return False
    with atomic(None):
        tenant_id = tenants.find_id(slug)
    if tenant_id is None:
        log.warning("default_tenant_unknown", tenant=slug)
        return False
    with atomic(tenant_id):
        # Locked, because every process does this when it starts.
        tenant = tenants.lock(tenant_id)
        try:
            stored = [*_store_keys(tenant, settings), *_store_webhook_secret(tenant_id, settings)]
        except InvalidRequest as error:
            raise SettingsError(
                f"STRIPE_SECRET_KEY, STRIPE_PUBLISHABLE_KEY or STRIPE_WEBHOOK_SECRET: {error.message}"
            ) from error
        if stored:
            audit.record(
                tenant_id,
                actor=_ACTOR,
                action="stripe_credentials_set",
                subject="tenant",
                credentials=stored,
                source="environment",
            )
    return bool(stored)


def _store_keys(tenant: Tenant, settings: StripeBootstrap) -> list[str]:
    if tenant.stripe_secret_key_sealed is not None or tenant.stripe_publishable_key is not None:
        return []
    stripe_accounts.set_keys(tenant, secret_key=settings.secret_key, publishable_key=settings.publishable_key)
    names = {"secret_key": settings.secret_key, "publishable_key": settings.publishable_key}
    return [name for name, value in names.items() if value]


def _store_webhook_secret(tenant_id: int, settings: StripeBootstrap) -> list[str]:
    if settings.webhook_secret is None or stripe_accounts.list_webhook_secrets(tenant_id):
        return []
    stripe_accounts.add_webhook_secret(tenant_id, settings.webhook_secret)
    return ["webhook_secret"]
