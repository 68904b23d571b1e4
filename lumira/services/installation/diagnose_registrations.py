"""Diagnose what a tenant's account at Stripe has registered: its webhook endpoint, and the domains of its pages."""

from collections.abc import Iterator, Mapping
from typing import Any

from lumira.clients import stripe_setup
from lumira.clients.stripe_client import API_VERSION
from lumira.domain.stripe.setup import Lack, WantedEndpoint
from lumira.errors.stripe import StripePermissionMissing
from lumira.services.installation.findings import Finding, fault, ok, warning
from lumira.services.installation.known_tenant import KnownTenant

_ENDPOINT, _DOMAINS = "webhook endpoint", "domains"


def check_endpoint(known: KnownTenant) -> Iterator[Finding]:
    slug = known.slug
    if known.account.stripe_account is not None:
        yield ok(_ENDPOINT, "endpoint_of_platform", tenant=slug)
        return
    if known.endpoint is None:
        yield fault(_ENDPOINT, "endpoint_unknown", tenant=slug)
        return
    try:
        found = stripe_setup.list_webhook_endpoints(known.account)
    except StripePermissionMissing as error:
        yield warning(_ENDPOINT, "endpoint_unlisted", tenant=slug, permission=error.permission)
        return
    ours = known.endpoint.ranked(found)
    if not ours:
        yield fault(_ENDPOINT, "endpoint_missing", tenant=slug, url=known.endpoint.url)
        return
    yield from _describe(known, known.endpoint, ours[0])


def _describe(known: KnownTenant, endpoint: WantedEndpoint, found: Mapping[str, Any]) -> Iterator[Finding]:
    lacks, slug, name = endpoint.lacks(found), known.slug, found["id"]
    if not lacks:
        yield ok(
            _ENDPOINT, "endpoint_works", tenant=slug, endpoint=name, url=endpoint.url, version=API_VERSION
        )
    for lack in lacks:
        match lack:
            case Lack.DISABLED:
                yield fault(_ENDPOINT, "endpoint_disabled", tenant=slug, endpoint=name)
            case Lack.SECRET:
                yield fault(_ENDPOINT, "endpoint_secret_missing", tenant=slug, endpoint=name)
            case Lack.EVENTS:
                missing = ", ".join(endpoint.missing_events(found))
                yield warning(
                    _ENDPOINT, "endpoint_events_missing", tenant=slug, endpoint=name, events=missing
                )
            case Lack.API_VERSION:
                version = found["api_version"]
                yield warning(
                    _ENDPOINT,
                    "endpoint_version",
                    tenant=slug,
                    endpoint=name,
                    found=version,
                    version=API_VERSION,
                )


def check_domains(known: KnownTenant) -> Iterator[Finding]:
    slug = known.slug
    if not known.hosts:
        yield ok(_DOMAINS, "domains_missing", tenant=slug)
        return
    try:
        listed = stripe_setup.list_payment_method_domains(known.account)
    except StripePermissionMissing as error:
        yield warning(_DOMAINS, "domains_unlisted", tenant=slug, permission=error.permission)
        return
    enabled = {each["domain_name"]: each for each in listed if each["enabled"]}
    for host in known.hosts:
        domain = enabled.get(host)
        if domain is None:
            yield warning(_DOMAINS, "domain_unregistered", tenant=slug, host=host)
        elif domain["apple_pay"]["status"] != "active":
            reason = (domain["apple_pay"].get("status_details") or {}).get("error_message")
            if reason:
                yield warning(
                    _DOMAINS, "apple_pay_inactive_with_reason", tenant=slug, host=host, reason=reason
                )
            else:
                yield warning(_DOMAINS, "apple_pay_inactive", tenant=slug, host=host)
        else:
            yield ok(_DOMAINS, "domain_registered", tenant=slug, host=host)
