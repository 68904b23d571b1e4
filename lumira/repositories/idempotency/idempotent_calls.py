"""Calls that may be repeated: their keys, which callers share a key, and how long it lives."""

import hashlib
import json
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from lumira.repositories.tenants import tenants

#: Characters. A shorter key of a public caller may be another buyer's key as well: a counter, a product, a date.
SHORTEST_UNIQUE_KEY = 16


class KeySource(StrEnum):
    """The header that a key came from; it decides the key's lifetime."""

    IDEMPOTENCY_KEY = "idempotency-key"
    REQUEST_ID = "request-id"


LIFETIME = {
    # Three days: a bug shipped on Friday and fixed on Monday still finds the key, so the client's retry succeeds.
    KeySource.IDEMPOTENCY_KEY: timedelta(hours=72),
    # A correlation id does not promise that two requests are the same; ten minutes cover an automatic retry.
    KeySource.REQUEST_ID: timedelta(minutes=10),
}


@dataclass(frozen=True, slots=True)
class Call:
    """One POST of a caller. `key` is `None` if the caller sent neither header: the call cannot be repeated."""

    fingerprint: str
    actor: str
    source: KeySource | None = None
    key: str | None = None
    request_id: str | None = None
    #: The hash of the network of a public caller; `None` for a caller with a secret key, and for an operator.
    public_network: str | None = None
    #: The hashes of the same network by former values of `SECRET_KEY`.
    former_networks: tuple[str, ...] = ()
    #: The hash of what a proxy forwards that is not trusted: its network is that of all who call through it.
    forwarded: str | None = None

    def is_of_network(self, network: str | None) -> bool:
        """Whether this is the network of a public caller, and the caller's own instead of a proxy's."""
        if self.public_network is None or self.forwarded is not None:
            return False
        return network in (self.public_network, *self.former_networks)


def fingerprint(method: str, path: str, body: object) -> str:
    """SHA-256 of method, path and body; two calls with one fingerprint are the same call.

    The order of the body's fields does not matter.
    """
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{method} {path}\n{canonical}".encode()).hexdigest()


def slot_of(tenant_id: int, call: Call) -> str:
    """Return the hash under which the key of a call is stored."""
    # A correlation id that is reused for another call is a new call; a reused key is a mistake to report.
    own = call.fingerprint if call.source is KeySource.REQUEST_ID else ""
    named = (_stripe_account(tenant_id), _name_space(call), call.source, call.key, own)
    return hashlib.sha256("\n".join(map(str, named)).encode()).hexdigest()


def _stripe_account(tenant_id: int) -> str:
    """The Stripe mode and account that replies are valid for: a client secret of another one cannot be paid."""
    tenant = tenants.get(tenant_id)
    return f"{'live' if tenant.livemode else 'test'} {tenant.stripe_account or ''}"


def _name_space(call: Call) -> str:
    """The callers who share the call's key.

    A shop's buyers share its publishable key: none may use a key of the shop's own backend, nor get the reply to
    another buyer who happens to have sent the same key. Only a long key shows that both calls are one buyer's.
    """
    if call.public_network is None:
        return "secret"
    is_unique = call.source is KeySource.IDEMPOTENCY_KEY and len(call.key or "") >= SHORTEST_UNIQUE_KEY
    if is_unique:
        return "public"
    # What an untrusted proxy forwards only keeps callers apart: a caller may write it, but the proxy adds to it.
    return " ".join(["public", call.public_network, *filter(None, [call.forwarded])])
