"""The Stripe credentials of tenants, encrypted: API keys and webhook signing secrets."""

import hashlib
from dataclasses import dataclass, field

import structlog
from sqlalchemy import delete, select

from lumira import encryption
from lumira.database import db
from lumira.errors import InvalidRequest, StripeConfigError
from lumira.models import Tenant, WebhookSecret
from lumira.repositories import tenants

log = structlog.get_logger()

_SECRET_KEY_PURPOSE = "stripe secret key"  # noqa: S105 - the purpose of the encryption, not a secret
_WEBHOOK_PURPOSE = "stripe webhook secret"


@dataclass(frozen=True, slots=True)
class StripeAccount:
    """The credentials that a call to Stripe for one tenant needs."""

    tenant_id: int
    tenant_slug: str
    secret_key: str = field(repr=False)
    #: The Connect account, if the tenant sells through a platform's key.
    stripe_account: str | None

    @property
    def livemode(self) -> bool:
        return is_live_key(self.secret_key)


def is_live_key(secret_key: str) -> bool:
    """Whether a Stripe key, secret or restricted, is a live-mode key."""
    return secret_key.startswith(("sk_live_", "rk_live_"))


def set_keys(
    tenant: Tenant,
    *,
    secret_key: str | None = None,
    publishable_key: str | None = None,
    stripe_account: str | None = None,
) -> None:
    """Store the credentials that are not `None`; raises `InvalidRequest` if one has the wrong prefix."""
    if secret_key is not None:
        if not secret_key.startswith(("sk_", "rk_")):
            raise InvalidRequest("A Stripe secret key begins with sk_ or rk_.")
        tenant.stripe_secret_key_sealed = encryption.seal(
            secret_key, tenant_id=tenant.id, purpose=_SECRET_KEY_PURPOSE
        )
    if publishable_key is not None:
        if not publishable_key.startswith("pk_"):
            raise InvalidRequest("A Stripe publishable key begins with pk_.")
        tenant.stripe_publishable_key = publishable_key
    if stripe_account is not None:
        if not stripe_account.startswith("acct_"):
            raise InvalidRequest("A Connect account begins with acct_.")
        tenant.stripe_account = stripe_account


def find_account(tenant_id: int) -> StripeAccount | None:
    """The tenant's Stripe credentials; `None` if it has no secret key."""
    tenant = tenants.get(tenant_id)
    if tenant.stripe_secret_key_sealed is None:
        return None
    return StripeAccount(
        tenant_id=tenant.id,
        tenant_slug=tenant.slug,
        secret_key=encryption.unseal(
            tenant.stripe_secret_key_sealed, tenant_id=tenant.id, purpose=_SECRET_KEY_PURPOSE
        ),
        stripe_account=tenant.stripe_account,
    )


def get_account(tenant_id: int) -> StripeAccount:
    """The tenant's Stripe credentials; raises `StripeConfigError` if it has no secret key."""
    account = find_account(tenant_id)
    if account is None:
        slug = tenants.get(tenant_id).slug
        log.error("stripe_key_missing", tenant=slug)
        raise StripeConfigError("This shop has no Stripe key.", tenant=slug)
    return account


def add_webhook_secret(tenant_id: int, secret: str) -> None:
    """Accept events signed with one more secret; a secret that exists already changes nothing."""
    if not secret.startswith("whsec_"):
        raise InvalidRequest("A webhook secret begins with whsec_.")
    fingerprint = _fingerprint(secret)
    existing = select(WebhookSecret.id).where(
        WebhookSecret.tenant_id == tenant_id, WebhookSecret.fingerprint == fingerprint
    )
    if db.session.execute(existing).first() is None:
        sealed = encryption.seal(secret, tenant_id=tenant_id, purpose=_WEBHOOK_PURPOSE)
        db.session.add(WebhookSecret(tenant_id=tenant_id, fingerprint=fingerprint, sealed=sealed))
        db.session.flush()


def remove_webhook_secret(tenant_id: int, secret: str) -> bool:
    """Stop accepting events signed with this secret; returns `False` if the tenant does not have it."""
    removed = db.session.execute(
        delete(WebhookSecret)
        .where(WebhookSecret.tenant_id == tenant_id, WebhookSecret.fingerprint == _fingerprint(secret))
        .returning(WebhookSecret.id)
    )
    return removed.first() is not None


def replace_webhook_secrets(tenant_id: int, secret: str) -> None:
    """Accept events signed with this secret only."""
    add_webhook_secret(tenant_id, secret)
    db.session.execute(
        delete(WebhookSecret).where(
            WebhookSecret.tenant_id == tenant_id, WebhookSecret.fingerprint != _fingerprint(secret)
        )
    )


def list_webhook_secrets(tenant_id: int) -> list[str]:
    """The signing secrets in clear, newest first: the newest endpoint delivers most events."""
    rows = db.session.execute(
        select(WebhookSecret.sealed)
        .where(WebhookSecret.tenant_id == tenant_id)
        .order_by(WebhookSecret.created_at.desc(), WebhookSecret.id)
    ).scalars()
    return [encryption.unseal(sealed, tenant_id=tenant_id, purpose=_WEBHOOK_PURPOSE) for sealed in rows]


def _fingerprint(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
