"""The Stripe credentials of tenants, encrypted: API keys and webhook signing secrets."""

import hashlib
from dataclasses import dataclass, field

import structlog
from sqlalchemy import delete, select

from lumira import encryption
from lumira.database import db
from lumira.domain.stripe import credentials as stripe_credentials
from lumira.errors.stripe import StripeConfigError, StripeKeyUnreadable
from lumira.models import Tenant, WebhookSecret
from lumira.repositories.tenants import tenants

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
        return stripe_credentials.is_live_key(self.secret_key)


def set_keys(
    tenant: Tenant,
    *,
    secret_key: str | None = None,
    publishable_key: str | None = None,
    stripe_account: str | None = None,
) -> None:
    """Store the credentials that are not `None`.

    Raises `InvalidRequest` if one is malformed, or if the secret and the publishable key would be of two modes.
    """
    if secret_key is not None:
        secret_key = stripe_credentials.parse_secret_key(secret_key)
    if publishable_key is not None:
        publishable_key = stripe_credentials.parse_publishable_key(publishable_key)
    _check_modes(tenant, secret_key, publishable_key)
    if secret_key is not None:
        tenant.stripe_secret_key_sealed = encryption.seal(
            secret_key, tenant_id=tenant.id, purpose=_SECRET_KEY_PURPOSE
        )
        tenant.livemode = stripe_credentials.is_live_key(secret_key)
    if publishable_key is not None:
        tenant.stripe_publishable_key = publishable_key
    if stripe_account is not None:
        tenant.stripe_account = stripe_credentials.parse_account(stripe_account)


def _check_modes(tenant: Tenant, secret_key: str | None, publishable_key: str | None) -> None:
    """Raise `InvalidRequest` if a new key is of another mode than the key that it is used with."""
    if publishable_key is not None and secret_key is None:
        account = find_account(tenant.id)
        secret_key = account.secret_key if account else None
    elif publishable_key is None and secret_key is not None:
        publishable_key = tenant.stripe_publishable_key
    stripe_credentials.check_modes(secret_key, publishable_key)


def find_account(tenant_id: int) -> StripeAccount | None:
    """The tenant's Stripe credentials; `None` if it has no secret key.

    Raises `StripeConfigError` if no encryption key decrypts the stored one.
    """
    tenant = tenants.get(tenant_id)
    if tenant.stripe_secret_key_sealed is None:
        return None
    return StripeAccount(
        tenant_id=tenant.id,
        tenant_slug=tenant.slug,
        secret_key=_unseal(tenant.stripe_secret_key_sealed, tenant_id=tenant.id, purpose=_SECRET_KEY_PURPOSE),
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


def add_webhook_secret(tenant_id: int, secret: str) -> str:
    """Accept events signed with one more secret, and return its fingerprint.

    One that is stored already is encrypted with the newest key.
    """
    secret = stripe_credentials.parse_webhook_secret(secret)
    fingerprint = _fingerprint(secret)
    sealed = encryption.seal(secret, tenant_id=tenant_id, purpose=_WEBHOOK_PURPOSE)
    existing = db.session.execute(
        select(WebhookSecret).where(
            WebhookSecret.tenant_id == tenant_id, WebhookSecret.fingerprint == fingerprint
        )
    ).scalar_one_or_none()
    if existing is None:
        db.session.add(WebhookSecret(tenant_id=tenant_id, fingerprint=fingerprint, sealed=sealed))
    else:
        existing.sealed = sealed
    db.session.flush()
    return fingerprint


def list_webhook_secret_rows(tenant_id: int) -> list[WebhookSecret]:
    """Return the rows of the tenant's webhook secrets, oldest first; nothing is decrypted."""
    query = select(WebhookSecret).where(WebhookSecret.tenant_id == tenant_id).order_by(WebhookSecret.id)
    return list(db.session.execute(query).scalars())


def remove_webhook_secret(tenant_id: int, secret: str) -> bool:
    """Stop accepting events signed with this secret; returns `False` if the tenant does not have it."""
    secret = stripe_credentials.parse_webhook_secret(secret)
    removed = db.session.execute(
        delete(WebhookSecret)
        .where(WebhookSecret.tenant_id == tenant_id, WebhookSecret.fingerprint == _fingerprint(secret))
        .returning(WebhookSecret.id)
    )
    return removed.first() is not None


def replace_webhook_secrets(tenant_id: int, secret: str) -> None:
    """Accept events signed with this secret only."""
    secret = stripe_credentials.parse_webhook_secret(secret)
    add_webhook_secret(tenant_id, secret)
    db.session.execute(
        delete(WebhookSecret).where(
            WebhookSecret.tenant_id == tenant_id, WebhookSecret.fingerprint != _fingerprint(secret)
        )
    )


def list_webhook_fingerprints(tenant_id: int) -> list[str]:
    """The fingerprints of the signing secrets, which recognise them without decrypting any."""
    query = select(WebhookSecret.fingerprint).where(WebhookSecret.tenant_id == tenant_id)
    return list(db.session.execute(query).scalars())


def list_webhook_secrets(tenant_id: int) -> list[str]:
    """The signing secrets in clear, newest first: the newest endpoint delivers most events.

    Raises `StripeConfigError` if no encryption key decrypts one of them.
    """
    rows = db.session.execute(
        select(WebhookSecret.sealed)
        .where(WebhookSecret.tenant_id == tenant_id)
        .order_by(WebhookSecret.created_at.desc(), WebhookSecret.id)
    ).scalars()
    return [_unseal(sealed, tenant_id=tenant_id, purpose=_WEBHOOK_PURPOSE) for sealed in rows]


def _unseal(sealed: bytes, *, tenant_id: int, purpose: str) -> str:
    """Decrypt a stored credential; raises `StripeConfigError` if no encryption key does."""
    try:
        return encryption.unseal(sealed, tenant_id=tenant_id, purpose=purpose)
    except encryption.DecryptionError as error:
        slug = tenants.get(tenant_id).slug
        log.error("stripe_credentials_unreadable", tenant=slug)  # noqa: TRY400 - the traceback adds nothing
        raise StripeKeyUnreadable(
            "This shop's Stripe credentials cannot be decrypted.", tenant=slug
        ) from error


def _fingerprint(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
