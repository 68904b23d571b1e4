"""Brands: made, found by the names they answer to, and their Stripe credentials."""

import hashlib
from dataclasses import dataclass, field

import structlog
from sqlalchemy import delete, select, text
from sqlalchemy.exc import IntegrityError

from lumira import encryption
from lumira.database import db
from lumira.errors import (
    InvalidRequest,
    LumiraError,
    StripeConfigError,
    TenantNameTaken,
    TenantNotFound,
)
from lumira.formats import HOST_NAME_PATTERN
from lumira.models import Tenant, TenantDomain, WebhookSecret

log = structlog.get_logger()

_SECRET_KEY_PURPOSE = "stripe secret key"  # noqa: S105 - what is sealed, not the secret
_WEBHOOK_PURPOSE = "stripe webhook secret"


@dataclass(frozen=True, slots=True)
class StripeAccount:
    """What a call to Stripe in a tenant's name needs."""

    tenant_id: int
    tenant_slug: str
    secret_key: str = field(repr=False)
    #: A Connect account, when the tenant sells through a platform's key.
    stripe_account: str | None

    @property
    def livemode(self) -> bool:
        return is_live_key(self.secret_key)


def is_live_key(secret_key: str) -> bool:
    """Whether a Stripe key (secret or restricted) moves real money."""
    return secret_key.startswith(("sk_live_", "rk_live_"))


def reserve_id() -> int:
    """The id of a tenant about to be created; called without a tenant, before `create`."""
    reserved: int = db.session.execute(text("SELECT nextval('tenants_id_seq')")).scalar_one()
    return reserved


def create(tenant_id: int, *, slug: str, name: str, currency: str, order_prefix: str | None = None) -> Tenant:
    """A new tenant with the reserved id, in a transaction of that id.

    Without an `order_prefix` it gets the first free one made of its slug's letters. `TenantNameTaken` if the
    slug or the given prefix is another tenant's, `InvalidRequest` if a value is malformed.
    """
    prefixes = [order_prefix.upper()] if order_prefix is not None else _prefixes_for(slug)
    for prefix in prefixes:
        tenant = Tenant(id=tenant_id, slug=slug, name=name, currency=currency.lower(), order_prefix=prefix)
        try:
            # Other tenants cannot be seen from here: that a prefix is taken shows when it is inserted.
            with db.session.begin_nested():
                db.session.add(tenant)
                db.session.flush()
        except IntegrityError as error:
            constraint = _violated(error)
            if constraint == "uq_tenants_order_prefix" and order_prefix is None:
                continue
            raise _why_not(constraint, slug=slug, order_prefix=prefix) from error
        return tenant
    raise TenantNameTaken(f"No order prefix made of {slug!r} is free: give one.")


def _prefixes_for(slug: str) -> list[str]:
    letters = "".join(character for character in slug.upper() if character.isascii() and character.isalnum())
    stem = letters.ljust(2, "0")
    longer = [stem[:length] for length in range(3, 9)]
    return list(dict.fromkeys([*longer, *(f"{stem[:4]}{number}" for number in range(2, 1000))]))


def _violated(error: IntegrityError) -> str:
    return getattr(getattr(error.orig, "diag", None), "constraint_name", None) or ""


def _why_not(constraint: str, *, slug: str, order_prefix: str) -> LumiraError:
    taken = {
        "uq_tenants_slug": f"There is a tenant {slug} already.",
        "uq_tenants_order_prefix": f"The order prefix {order_prefix} belongs to another tenant.",
    }
    if constraint in taken:
        return TenantNameTaken(taken[constraint])
    malformed = {
        "ck_tenants_slug_is_a_label": f"{slug!r} is no slug: lower-case letters, digits, dashes; at most 63.",
        "ck_tenants_currency_is_iso": "The currency must be three letters, such as eur.",
        "ck_tenants_order_prefix_is_short": "The order prefix must be 2 to 8 letters or digits.",
    }
    return InvalidRequest(malformed.get(constraint, "The tenant cannot be created."))


def find_id(slug: str) -> int | None:
    """Id of the tenant with this slug; works without a tenant."""
    return db.session.execute(text("SELECT lumira_find_tenant(:slug)"), {"slug": slug}).scalar()


def find_id_by_domain(domain: str) -> int | None:
    """Id of the tenant whose page this host name is; works without a tenant."""
    return db.session.execute(
        text("SELECT lumira_find_tenant_by_domain(:domain)"), {"domain": domain.lower()}
    ).scalar()


def list_ids() -> list[int]:
    """Ids of all tenants; works without a tenant."""
    return list(db.session.execute(text("SELECT lumira_list_tenants()")).scalars())


def get(tenant_id: int) -> Tenant:
    """The tenant of the running transaction; `TenantNotFound` if it does not exist."""
    tenant = db.session.get(Tenant, tenant_id)
    if tenant is None:
        raise TenantNotFound("There is no such tenant.")
    return tenant


def lock(tenant_id: int) -> Tenant:
    """The tenant, locked until the transaction ends: one catalog is applied at a time.

    Rows that point at the tenant may still be added: no sale and no event waits for a catalog.
    """
    tenant = db.session.execute(
        select(Tenant)
        .where(Tenant.id == tenant_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if tenant is None:
        raise TenantNotFound("There is no such tenant.")
    return tenant


def list_domains(tenant_id: int) -> list[str]:
    """The host names that the tenant answers to, in alphabetical order."""
    return list(
        db.session.execute(
            select(TenantDomain.domain)
            .where(TenantDomain.tenant_id == tenant_id)
            .order_by(TenantDomain.domain)
        ).scalars()
    )


def set_domains(tenant_id: int, domains: list[str]) -> None:
    """Answer to exactly these host names; `InvalidRequest` if one is malformed or another tenant's."""
    wanted = {_checked_domain(domain) for domain in domains}
    known = set(list_domains(tenant_id))
    db.session.execute(
        delete(TenantDomain).where(
            TenantDomain.tenant_id == tenant_id, TenantDomain.domain.in_(known - wanted)
        )
    )
    for domain in sorted(wanted - known):
        db.session.add(TenantDomain(tenant_id=tenant_id, domain=domain))
        try:
            db.session.flush()
        except IntegrityError as error:
            raise InvalidRequest(f"The domain {domain} belongs to another tenant.") from error


def _checked_domain(domain: str) -> str:
    lowered = domain.strip().lower()
    if not HOST_NAME_PATTERN.fullmatch(lowered):
        raise InvalidRequest(f"{domain!r} is no host name: give it alone, without https:// or a path.")
    return lowered


def set_stripe_keys(
    tenant: Tenant,
    *,
    secret_key: str | None = None,
    publishable_key: str | None = None,
    stripe_account: str | None = None,
) -> None:
    """Keep the given credentials, the secret one encrypted; what is `None` stays as it is."""
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


def find_stripe_account(tenant_id: int) -> StripeAccount | None:
    """The tenant's Stripe credentials, or `None` if it has no secret key."""
    tenant = get(tenant_id)
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


def get_stripe_account(tenant_id: int) -> StripeAccount:
    """The tenant's Stripe credentials; `StripeConfigError` if it has no secret key."""
    account = find_stripe_account(tenant_id)
    if account is None:
        slug = get(tenant_id).slug
        log.error("stripe_key_missing", tenant=slug)
        raise StripeConfigError("This shop has no Stripe key.", tenant=slug)
    return account


def add_webhook_secret(tenant_id: int, secret: str) -> None:
    """Accept events signed with one secret more; one that is known already changes nothing."""
    if not secret.startswith("whsec_"):
        raise InvalidRequest("A webhook secret begins with whsec_.")
    fingerprint = _fingerprint(secret)
    known = select(WebhookSecret.id).where(
        WebhookSecret.tenant_id == tenant_id, WebhookSecret.fingerprint == fingerprint
    )
    if db.session.execute(known).first() is None:
        sealed = encryption.seal(secret, tenant_id=tenant_id, purpose=_WEBHOOK_PURPOSE)
        db.session.add(WebhookSecret(tenant_id=tenant_id, fingerprint=fingerprint, sealed=sealed))
        db.session.flush()


def drop_webhook_secret(tenant_id: int, secret: str) -> bool:
    """Stop accepting events signed with this secret; `False` if it was not known."""
    dropped = db.session.execute(
        delete(WebhookSecret)
        .where(WebhookSecret.tenant_id == tenant_id, WebhookSecret.fingerprint == _fingerprint(secret))
        .returning(WebhookSecret.id)
    )
    return dropped.first() is not None


def replace_webhook_secrets(tenant_id: int, secret: str) -> None:
    """Accept events signed with this secret and no other."""
    add_webhook_secret(tenant_id, secret)
    db.session.execute(
        delete(WebhookSecret).where(
            WebhookSecret.tenant_id == tenant_id, WebhookSecret.fingerprint != _fingerprint(secret)
        )
    )


def list_webhook_secrets(tenant_id: int) -> list[str]:
    """The signing secrets in clear, newest first, because the newest endpoint sends most."""
    rows = db.session.execute(
        select(WebhookSecret.sealed)
        .where(WebhookSecret.tenant_id == tenant_id)
        .order_by(WebhookSecret.created_at.desc(), WebhookSecret.id)
    ).scalars()
    return [encryption.unseal(sealed, tenant_id=tenant_id, purpose=_WEBHOOK_PURPOSE) for sealed in rows]


def _fingerprint(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
