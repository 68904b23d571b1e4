"""The default tenant's Stripe credentials, taken from the environment as long as it has none."""

import structlog

from config.settings import SettingsError, StripeBootstrap
from lumira.database import atomic
from lumira.errors import InvalidRequest
from lumira.models import Tenant
from lumira.repositories import audit, tenants

log = structlog.get_logger()

_ACTOR = "operator"


def bootstrap_tenant(slug: str | None, given: StripeBootstrap) -> bool:
    """Give the tenant `slug` the credentials that it lacks; whether that changed anything.

    What is stored is never overwritten: a rotation made on the command line outlives the next start. The
    two API keys are taken together or not at all, because keys of two accounts do not work with each other.
    `SettingsError` if the environment's are malformed.
    """
    if slug is None or not given.is_set:
        return False
    with atomic(None):
        tenant_id = tenants.find_id(slug)
    if tenant_id is None:
        log.warning("default_tenant_unknown", tenant=slug)
        return False
    with atomic(tenant_id):
        # Locked, because every process of an installation does this as it starts.
        tenant = tenants.lock(tenant_id)
        try:
            taken = [*_take_keys(tenant, given), *_take_webhook_secret(tenant_id, given)]
        except InvalidRequest as error:
            raise SettingsError(
                f"STRIPE_SECRET_KEY, STRIPE_PUBLISHABLE_KEY or STRIPE_WEBHOOK_SECRET: {error.message}"
            ) from error
        if taken:
            audit.record(
                tenant_id,
                actor=_ACTOR,
                action="stripe_credentials_set",
                subject="tenant",
                credentials=taken,
                source="environment",
            )
    return bool(taken)


def _take_keys(tenant: Tenant, given: StripeBootstrap) -> list[str]:
    if tenant.stripe_secret_key_sealed is not None or tenant.stripe_publishable_key is not None:
        return []
    tenants.set_stripe_keys(tenant, secret_key=given.secret_key, publishable_key=given.publishable_key)
    names = {"secret_key": given.secret_key, "publishable_key": given.publishable_key}
    return [name for name, value in names.items() if value]


def _take_webhook_secret(tenant_id: int, given: StripeBootstrap) -> list[str]:
    if given.webhook_secret is None or tenants.list_webhook_secrets(tenant_id):
        return []
    tenants.add_webhook_secret(tenant_id, given.webhook_secret)
    return ["webhook_secret"]
