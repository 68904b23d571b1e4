"""Who calls: a key, a tenant's own domain or a webhook's path, turned into a tenant and rights."""

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
from lumira.database import atomic
from lumira.errors import Forbidden, TenantNotFound, Unauthorized
from lumira.formats import HOST_NAME_PATTERN
from lumira.models import KeyKind
from lumira.repositories import api_keys, tenants

#: Seconds that a revoked key or a moved domain may still count in a process.
_REMEMBERED_FOR = 10
#: Entries; a process serves this many callers without asking for each of them again.
_REMEMBERED = 10_000
_SLUG = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, in whose name, and what they may do."""

    tenant_id: int
    slug: str
    rights: KeyKind
    #: `None` for a tenant's own page, which shows no key.
    key_id: UUID | None
    #: As the audit log names them: `key:<id>` or `host:<domain>`.
    actor: str


def _cache() -> TTLCache[_Key, _Value]:
    return TTLCache(_REMEMBERED, _REMEMBERED_FOR)


@dataclass(frozen=True, slots=True)
class _Memory:
    """What one process knows for a few seconds: only what was found, so that what is new is found at once."""

    api_keys: TTLCache[str, Caller] = field(default_factory=_cache)
    domains: TTLCache[str, Caller] = field(default_factory=_cache)
    receivers: TTLCache[tuple[str | None, str | None], Caller] = field(default_factory=_cache)
    lock: Lock = field(default_factory=Lock)

    def recall(self, cache: TTLCache[_Key, Caller], key: _Key) -> Caller | None:
        with self.lock:
            return cache.get(key)

    def find(
        self, cache: TTLCache[_Key, Caller], key: _Key, ask: Callable[[], Caller | None]
    ) -> Caller | None:
        """What is remembered under `key`, else what `ask` finds, remembered from now on."""
        known = self.recall(cache, key)
        if known is None and (known := ask()) is not None:
            with self.lock:
                cache[key] = known
        return known


def init_app(app: Flask) -> None:
    """Give the application its memory, empty."""
    app.extensions["lumira.tenancy"] = _Memory()


def _memory() -> _Memory:
    memory: _Memory = current_app.extensions["lumira.tenancy"]
    return memory


def publishable() -> None:
    """Admit whoever shows a key of a tenant, or calls one of its domains; `Unauthorized` otherwise."""
    # A browser asks beforehand without its key: what it may do is decided when it calls.
    if request.method != "OPTIONS":
        _admit()


def secret() -> None:
    """Admit whoever shows a secret key; `Forbidden` for a publishable one and for a tenant's own page."""
    if request.method != "OPTIONS" and _admit().rights is not KeyKind.SECRET:
        raise Forbidden("This needs a secret key.")


def _admit() -> Caller:
    caller = _by_host() if "Authorization" not in request.headers else _by_key(_shown_key())
    g.caller = caller
    g.tenant_id = caller.tenant_id
    structlog.contextvars.bind_contextvars(tenant=caller.slug)
    return caller


def _shown_key() -> str:
    scheme, _, key = request.headers["Authorization"].partition(" ")
    if scheme.lower() != "bearer":
        raise Unauthorized("Send the key as `Authorization: Bearer <key>`.")
    return key.strip()


def _by_key(key: str) -> Caller:
    memory = _memory()
    caller = memory.find(memory.api_keys, api_keys.digest(key), lambda: _ask_for_key(key))
    if caller is None:
        # A page's own domain does not make up for a wrong key: whoever sends one means something by it.
        raise Unauthorized("This key is not known, or no longer.")
    return caller


def _ask_for_key(key: str) -> Caller | None:
    with atomic(None):
        address = api_keys.find_address(key)
    if address is None:
        return None
    with atomic(address.tenant_id):
        kind = api_keys.find_kind(address, key)
        if kind is None:
            return None
        slug = tenants.get(address.tenant_id).slug
    return Caller(address.tenant_id, slug, kind, address.key_id, f"key:{address.key_id}")


def _by_host() -> Caller:
    caller = find_by_domain(host_name(request.host))
    if caller is None:
        raise Unauthorized("Send a key as `Authorization: Bearer <key>`.")
    return caller


def host_name(host: str) -> str | None:
    """The name in a `Host` header, without its port; `None` if it could be nobody's domain."""
    name = re.sub(r":\d*\Z", "", host).lower().removesuffix(".")
    return name if HOST_NAME_PATTERN.fullmatch(name) else None


def find_by_domain(domain: str | None) -> Caller | None:
    """A page of the tenant whose domain this is, with a publishable key's rights."""
    if domain is None:
        return None
    memory = _memory()
    return memory.find(memory.domains, domain, lambda: _ask_for_domain(domain))


def _ask_for_domain(domain: str) -> Caller | None:
    with atomic(None):
        tenant_id = tenants.find_id_by_domain(domain)
    return None if tenant_id is None else _page_of(tenant_id, f"host:{domain}")


def _page_of(tenant_id: int, actor: str) -> Caller:
    with atomic(tenant_id):
        slug = tenants.get(tenant_id).slug
    return Caller(tenant_id, slug, KeyKind.PUBLISHABLE, None, actor)


def addressed() -> None:
    """Find whom a webhook is for: by its path, else by the host, else the installation's default tenant.

    `TenantNotFound` if that is nobody. Nothing is trusted yet: the event's signature decides.
    """
    memory = _memory()
    slug = (request.view_args or {}).get("tenant")
    receiver_key = _receiver_key(slug, request.host)
    # The outcome is remembered and not the steps: a host that is nobody's domain is asked for once.
    receiver = memory.find(memory.receivers, receiver_key, lambda: _ask_for_receiver(*receiver_key))
    if receiver is None:
        raise TenantNotFound("There is no such tenant.")
    g.tenant_id = receiver.tenant_id
    structlog.contextvars.bind_contextvars(tenant=receiver.slug)


def recall_receiver(slug: str | None, host: str | None) -> Caller | None:
    """Whom a webhook is for, if that is known without asking the database."""
    memory = _memory()
    return memory.recall(memory.receivers, _receiver_key(slug, host or ""))


def _receiver_key(slug: str | None, host: str) -> tuple[str | None, str | None]:
    """What decides whom a webhook is for: the host does not where the path does."""
    return (slug, None) if slug is not None else (None, host_name(host))


def _ask_for_receiver(slug: str | None, host: str | None) -> Caller | None:
    settings: Settings = current_app.extensions["lumira"]
    if slug is None:
        by_host = find_by_domain(host)
        if by_host is not None:
            return by_host
        slug = settings.default_tenant
    if slug is None or not _SLUG.fullmatch(slug):
        return None
    with atomic(None):
        tenant_id = tenants.find_id(slug)
    return None if tenant_id is None else _page_of(tenant_id, "stripe")


def recall() -> Caller | None:
    """Who calls, if that is known without asking the database."""
    if "caller" in g:
        caller: Caller = g.caller
        return caller
    memory = _memory()
    digest = shown_key_digest()
    if digest is not None:
        return memory.recall(memory.api_keys, digest)
    domain = host_name(request.host)
    return None if domain is None else memory.recall(memory.domains, domain)


def shows_secret_key() -> bool:
    """Whether the key that was shown, right or wrong, is of the secret kind."""
    shown = _sent_as_key()
    return shown is not None and api_keys.is_secret(shown)


def _sent_as_key() -> str | None:
    """What was shown as a key, right or wrong; `None` where nothing was."""
    header = request.headers.get("Authorization")
    return None if header is None else header.partition(" ")[2].strip()


def shown_key_digest() -> str | None:
    """What is kept of the key that was shown, right or wrong; `None` where none was."""
    shown = _sent_as_key()
    return None if shown is None else api_keys.digest(shown)
