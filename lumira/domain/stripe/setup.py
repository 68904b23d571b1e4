"""What a tenant's account at Stripe needs: its webhook endpoint, and the domains of its pages."""

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

#: Stripe's name for all events, also future ones.
_ALL_EVENTS = "*"
#: Metadata of an endpoint that Lumira created: the tenant, and the fingerprint of its signing secret once it is stored.
TENANT, SECRET = "lumiraTenant", "lumiraSecret"
#: Characters of the fingerprint: it names a secret and reveals nothing of it.
_FINGERPRINT_LENGTH = 16


class Lack(StrEnum):
    """What an endpoint lacks."""

    DISABLED = "disabled"
    EVENTS = "events"
    #: It can never be changed: another endpoint is needed.
    API_VERSION = "api_version"
    #: Its signing secret is not stored here: another endpoint is needed, because Stripe returns a secret only once.
    SECRET = "secret"  # noqa: S105 - what is missing, not a secret


#: An endpoint that lacks one of these cannot be completed.
_FINAL = {Lack.API_VERSION, Lack.SECRET}


@dataclass(frozen=True, slots=True)
class WantedEndpoint:
    """The endpoint that the tenant needs."""

    url: str
    events: frozenset[str]
    api_version: str
    #: The fingerprints of the tenant's stored signing secrets.
    secrets: frozenset[str]

    def is_of_url(self, endpoint: Mapping[str, Any]) -> bool:
        return str(endpoint["url"]).rstrip("/") == self.url

    def lacks(self, endpoint: Mapping[str, Any]) -> list[Lack]:
        """Return what an endpoint of this URL lacks; empty if it delivers what is needed."""
        enabled = set(endpoint["enabled_events"])
        conditions = {
            Lack.DISABLED: endpoint["status"] != "enabled",
            Lack.EVENTS: _ALL_EVENTS not in enabled and not self.events <= enabled,
            Lack.API_VERSION: endpoint["api_version"] != self.api_version,
            Lack.SECRET: not self._has_secret_of(endpoint),
        }
        return [lack for lack, is_true in conditions.items() if is_true]

    def is_completable(self, endpoint: Mapping[str, Any]) -> bool:
        """Return whether an endpoint lacks nothing that can never be added to it."""
        return not _FINAL & set(self.lacks(endpoint))

    def ranked(self, endpoints: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """Return the endpoints of this URL, the one to use first.

        A named secret is certainly stored here. Of an endpoint without a name it is only assumed: with another secret,
        each of its deliveries would be refused. So it is no replacement of an enabled endpoint that names its secret,
        even if that one must be replaced, and it is used if no other can be.
        """

        def rank(endpoint: Mapping[str, Any]) -> tuple[bool, bool, bool, int]:
            lacks = self.lacks(endpoint)
            names_secret = self._names_secret(endpoint)
            return (
                not names_secret or Lack.DISABLED in lacks,
                not self.is_completable(endpoint),
                not names_secret,
                len(lacks),
            )

        return sorted(filter(self.is_of_url, endpoints), key=rank)

    def missing_events(self, endpoint: Mapping[str, Any]) -> list[str]:
        """Return the names of the events that Lumira handles and that an endpoint does not deliver."""
        enabled = set(endpoint["enabled_events"])
        return [] if _ALL_EVENTS in enabled else sorted(self.events - enabled)

    def _has_secret_of(self, endpoint: Mapping[str, Any]) -> bool:
        if SECRET in endpoint["metadata"]:
            return self._names_secret(endpoint)
        # An operator created it and stored its secret, which nothing at Stripe names. One that Lumira created, and
        # whose secret was never stored, names its tenant only.
        return TENANT not in endpoint["metadata"] and bool(self.secrets)

    def _names_secret(self, endpoint: Mapping[str, Any]) -> bool:
        named = endpoint["metadata"].get(SECRET)
        return any(named == short(secret) for secret in self.secrets)


def short(fingerprint: str) -> str:
    """Return the part of a secret's fingerprint that the endpoint's metadata contains."""
    return fingerprint[:_FINGERPRINT_LENGTH]


def endpoint_url(base: str, tenant_slug: str) -> str:
    """Return the URL to which Stripe delivers a tenant's events."""
    return f"{base}/api/webhooks/stripe/{tenant_slug}"


def base_url(public_url: str | None, domains: Sequence[str]) -> str | None:
    """Return the origin under which Stripe reaches Lumira; `None` if neither is known."""
    if public_url is not None:
        return public_url
    return f"https://{domains[0]}" if domains else None


def registrable_hosts(public_url: str | None, domains: Iterable[str]) -> list[str]:
    """Return the hosts of the tenant's pages that Stripe can register: public names only."""
    public = urlsplit(public_url or "").hostname
    hosts = dict.fromkeys(filter(None, (public, *domains)))
    return [host for host in hosts if _is_public(host)]


def _is_public(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return "." in host and not host.endswith(".localhost")
    return False
