"""Authentication: from an API key, a tenant's domain or a webhook's path to the tenant and the caller's rights."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import TypeVar
from uuid import UUID

import structlog
from cachetools import TTLCache
from flask import Flask, current_app, g, request

from config.settings import Settings
from lumira.clock import utc_now
from lumira.database import atomic
from lumira.errors import Forbidden, TenantFrozen, Unauthorized
from lumira.errors.tenants import TenantNotFound
from lumira.formats import HOST_NAME_PATTERN, SLUG_PATTERN
from lumira.models import KeyKind
from lumira.repositories.tenants import api_keys, tenants

#: Seconds. A process may accept a revoked or expired key or a moved domain for this long.
_CACHE_SECONDS = 10
#: Callers that a process caches.
_CACHE_SIZE = 10_000
#: The key of the cache among an application's extensions.
_CALLERS = "lumira.tenancy"
_SEND_KEY = "Send an API key as `Authorization: Bearer <key>`."

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class Caller:
    """The tenant of a request and the rights of its caller."""

    tenant_id: int
    slug: str
    rights: KeyKind
    #: `None` for a page on the tenant's domain, which sends no key.
    key_id: UUID | None
    #: The actor in the audit log: `key:<id>` or `host:<domain>`.
    actor: str
    #: Whether nothing of the tenant can be changed, because it is moved to another installation.
    is_frozen: bool = False

    @property
    def is_public(self) -> bool:
        """Whether the caller may be any visitor of the shop: only a secret key is the shop's own."""
        return self.rights is not KeyKind.SECRET


#: The tenants to which a webhook may belong, the likeliest first; the signature decides.
Receivers = tuple[Caller, ...]


def _new_cache() -> TTLCache[_Key, _Value]:
    return TTLCache(_CACHE_SIZE, _CACHE_SECONDS)


@dataclass(frozen=True, slots=True)
class _Callers:
    """The callers that one process caches for a few seconds.

    Only existing keys and domains are cached, so a new one works at once.
    """

    api_keys: TTLCache[str, Caller] = field(default_factory=_new_cache)
    domains: TTLCache[str, Caller] = field(default_factory=_new_cache)
    receivers: TTLCache[tuple[str | None, str | None], Receivers] = field(default_factory=_new_cache)
    shops: TTLCache[str, Caller] = field(default_factory=_new_cache)
    lock: Lock = field(default_factory=Lock)

    def find_cached(self, cache: TTLCache[_Key, _Value], key: _Key) -> _Value | None:
        with self.lock:
            return cache.get(key)

    def find(
        self, cache: TTLCache[_Key, _Value], key: _Key, load: Callable[[], _Value | None]
    ) -> _Value | None:
        """The cached value of `key`, else the one that `load` returns, which is then cached."""
        value = self.find_cached(cache, key)
        if value is None and (value := load()) is not None:
            with self.lock:
                cache[key] = value
        return value


def init_app(app: Flask) -> None:
    """Give the application an empty cache of callers."""
    app.extensions[_CALLERS] = _Callers()


def _callers() -> _Callers:
    callers: _Callers = current_app.extensions[_CALLERS]
    return callers


def require_publishable_key() -> None:
    """Accept any API key, and requests to a tenant's domain without one; raises `Unauthorized` otherwise.

    A token of the front end's own user is no API key: it does not matter here.
    """
    # A preflight request carries no key: the request that follows it is authenticated.
    if request.method != "OPTIONS":
        _authenticate(_find_sent_key())


def require_secret_key() -> None:
    """Accept a secret key only; raises `Forbidden` for a publishable key and for a tenant's domain."""
    if request.method == "OPTIONS":
        return
    key = _find_sent_key()
    if key is None and "Authorization" in request.headers:
        raise Unauthorized(f"These credentials are no API key of Lumira. {_SEND_KEY}")
    if _authenticate(key).rights is not KeyKind.SECRET:
        raise Forbidden("This route requires a secret key (lum_sk_…).")


def _authenticate(key: str | None) -> Caller:
    caller = _by_host() if key is None else _by_key(key)
    g.caller = caller
    g.tenant_id = caller.tenant_id
    structlog.contextvars.bind_contextvars(tenant=caller.slug)
    return caller


def _find_sent_key() -> str | None:
    """The API key that the request carries, valid or not; `None` if it carries none.

    Front ends send the token of their own user with every request, and browsers send the password of a protected
    site: credentials that do not name a key of Lumira's are not meant for it. Raises `Unauthorized` if a key is
    named without the scheme.
    """
    header = request.headers.get("Authorization", "")
    if not api_keys.is_named_in(header):
        return None
    scheme, _, key = header.partition(" ")
    if scheme.lower() != "bearer":
        raise Unauthorized(_SEND_KEY)
    return key.strip()


def _by_key(key: str) -> Caller:
    callers = _callers()
    caller = callers.find(callers.api_keys, api_keys.digest(key), lambda: _load_key(key))
    if caller is None:
        # The domain is not consulted: a caller that sends a key expects the key's rights.
        raise Unauthorized("Unknown or revoked API key.")
    return caller


def _load_key(key: str) -> Caller | None:
    with atomic(None):
        address = api_keys.find_address(key)
    if address is None:
        return None
    with atomic(address.tenant_id):
        row = api_keys.find_verified(address, key)
        if row is None:
            return None
        if row.has_expired(utc_now()):
            raise Unauthorized("This API key has expired: send the key that replaced it.")
        slug = tenants.get(address.tenant_id).slug
    return Caller(address.tenant_id, slug, row.kind, address.key_id, f"key:{address.key_id}")


def _by_host() -> Caller:
    caller = find_by_domain(host_name(request.host))
    if caller is None:
        raise Unauthorized(_SEND_KEY)
    return caller


def host_name(host: str) -> str | None:
    """The host name of a `Host` header, without its port; `None` if it is not a valid host name."""
    name = re.sub(r":\d*\Z", "", host).lower().removesuffix(".")
    return name if HOST_NAME_PATTERN.fullmatch(name) else None


def find_by_domain(domain: str | None) -> Caller | None:
    """A caller with publishable rights for the tenant that has this domain; `None` if no tenant has it."""
    if domain is None:
        return None
    callers = _callers()
    return callers.find(callers.domains, domain, lambda: _load_domain(domain))


def find_shop(slug: str | None) -> Caller | None:
    """The visitor of a tenant's page: by the tenant's slug in the path, else by its domain.

    `None` if there is no such tenant, and for another tenant's slug on a tenant's domain.
    """
    by_host = find_by_domain(host_name(request.host))
    if slug is None or by_host is not None:
        return by_host if by_host is not None and slug in (None, by_host.slug) else None
    callers = _callers()
    return callers.find(callers.shops, slug, lambda: _load_shop(slug))


def _load_shop(slug: str) -> Caller | None:
    if not SLUG_PATTERN.fullmatch(slug):
        return None
    with atomic(None):
        tenant_id = tenants.find_id(slug)
    return None if tenant_id is None else _publishable_caller(tenant_id, "checkout_page")


def find_crm_tenant(slug: str) -> Caller | None:
    """The tenant of a path that a CRM posts to; `None` if there is none. The secret in it is not compared here."""
    callers = _callers()
    return callers.find(callers.shops, slug, lambda: _load_shop(slug))


def _load_domain(domain: str) -> Caller | None:
    with atomic(None):
        tenant_id = tenants.find_id_by_domain(domain)
    return None if tenant_id is None else _publishable_caller(tenant_id, f"host:{domain}")


def _publishable_caller(tenant_id: int, actor: str) -> Caller | None:
    """The caller; `None` for a tenant that was removed, which has no pages any more."""
    with atomic(tenant_id):
        tenant = tenants.get(tenant_id)
        slug, is_frozen = tenant.slug, tenant.frozen_at is not None
        if tenant.removed_at is not None:
            return None
    return Caller(tenant_id, slug, KeyKind.PUBLISHABLE, None, actor, is_frozen)


def find_webhook_tenant() -> None:
    """Set the tenants to which a webhook may belong: that of its path, else that of its host and the default tenant.

    Raises `TenantNotFound` if there is none, `TenantFrozen`. Nothing is authenticated here: the inbox verifies the
    signature, and with it decides between the last two.
    """
    receivers = find_receivers((request.view_args or {}).get("tenant"), request.host)
    if receivers is None:
        raise TenantNotFound("This tenant does not exist.")
    g.receivers = receivers
    set_receiver(receivers[0])


def find_receivers(slug: str | None, host: str | None) -> Receivers | None:
    """The tenants to which a webhook with this slug, or at this host, may belong; `None` if there is none.

    Raises `TenantFrozen`.
    """
    callers = _callers()
    receiver_key = _receiver_key(slug, host or "")
    # The result is cached, not its steps: for a host without a tenant the domain is queried only once.
    return callers.find(callers.receivers, receiver_key, lambda: _load_receivers(*receiver_key))


def set_receiver(receiver: Caller) -> None:
    """Set the tenant of a webhook, also for the log."""
    g.tenant_id = receiver.tenant_id
    structlog.contextvars.bind_contextvars(tenant=receiver.slug)


def find_cached_receivers(app: Flask, slug: str | None, host: str | None) -> Receivers:
    """The tenants to which a webhook may belong, from the cache of `app` only; none that is frozen."""
    callers: _Callers = app.extensions[_CALLERS]
    receivers = callers.find_cached(callers.receivers, _receiver_key(slug, host or "")) or ()
    return tuple(receiver for receiver in receivers if not receiver.is_frozen)


def _receiver_key(slug: str | None, host: str) -> tuple[str | None, str | None]:
    """The cache key of a webhook's tenant: the slug in the path, else the host."""
    return (slug, None) if slug is not None else (None, host_name(host))


def _load_receivers(slug: str | None, host: str | None) -> Receivers | None:
    if slug is not None:
        found = [_load_receiver(slug)]
    else:
        # An owner may add any host that no tenant has. The default tenant goes on receiving its events there.
        settings: Settings = current_app.extensions["lumira"]
        found = [find_by_domain(host), _load_receiver(settings.default_tenant)]
    by_id = {receiver.tenant_id: receiver for receiver in reversed(found) if receiver is not None}
    receivers = tuple(reversed(by_id.values()))
    if receivers and all(receiver.is_frozen for receiver in receivers):
        # Stripe repeats the delivery for three days. Nothing is cached: the tenant may be resumed.
        raise TenantFrozen
    return receivers or None


def _load_receiver(slug: str | None) -> Caller | None:
    if slug is None or not SLUG_PATTERN.fullmatch(slug):
        return None
    with atomic(None):
        tenant_id = tenants.find_id(slug)
    return None if tenant_id is None else _publishable_caller(tenant_id, "stripe")


def find_cached_caller() -> Caller | None:
    """The caller of the running request, without a query; `None` if it is not cached."""
    if "caller" in g:
        caller: Caller = g.caller
        return caller
    return find_cached(sent_key_digest(), request.host)


def find_cached(key_digest: str | None, host: str) -> Caller | None:
    """The caller with this key, or without one at this host, without a query; `None` if it is not cached."""
    callers = _callers()
    if key_digest is not None:
        return callers.find_cached(callers.api_keys, key_digest)
    domain = host_name(host)
    return None if domain is None else callers.find_cached(callers.domains, domain)


def has_sent_secret_key() -> bool:
    """Whether the request carries a key with the prefix of a secret key, valid or not."""
    key = _unverified_key()
    return key is not None and api_keys.is_secret(key)


def _unverified_key() -> str | None:
    """The text in the place of a key, valid or not; `None` if no key of Lumira's is named."""
    header = request.headers.get("Authorization", "")
    return header.partition(" ")[2].strip() if api_keys.is_named_in(header) else None


def sent_key_digest() -> str | None:
    """The hash of the request's key, valid or not; `None` without one."""
    key = _unverified_key()
    return None if key is None else api_keys.digest(key)
