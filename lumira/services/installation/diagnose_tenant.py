"""Diagnose one tenant: its keys, its account at Stripe, its webhook endpoint, and the domains of its pages."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lumira.clients import stripe_setup
from lumira.clients.stripe_client import API_VERSION
from lumira.clients.stripe_transport import StripeOutcomeUnknown
from lumira.database import atomic
from lumira.domain import stripe_setup as wanted
from lumira.domain.stripe_setup import Lack, WantedEndpoint
from lumira.models import PaymentPage, Tenant
from lumira.repositories import stripe_accounts, tenants
from lumira.repositories.stripe_accounts import StripeAccount
from lumira.services.installation.findings import Finding, fault, ok, warning
from lumira.stripe_errors import (
    StripeBusy,
    StripeConfigError,
    StripeKeyUnreadable,
    StripePermissionMissing,
    StripeUnavailable,
)

_KEY, _ACCOUNT, _ENDPOINT, _DOMAINS = "Stripe key", "Stripe account", "webhook endpoint", "domains"


@dataclass(frozen=True, slots=True)
class _Tenant:
    """What is known here of a tenant."""

    tenant: Tenant
    account: StripeAccount
    endpoint: WantedEndpoint | None
    hosts: list[str]

    @property
    def slug(self) -> str:
        return self.tenant.slug


def diagnose_tenant(tenant_id: int, *, public_url: str | None, events: frozenset[str]) -> Iterator[Finding]:
    """Yield a finding for each thing that is checked about the tenant; changes nothing."""
    with atomic(tenant_id):
        slug = tenants.get(tenant_id).slug
    try:
        known = _load(tenant_id, public_url, events)
    except StripeConfigError as error:
        code = "key_unreadable" if isinstance(error, StripeKeyUnreadable) else "key_missing"
        yield fault(_KEY, code, tenant=slug)
        return
    try:
        yield from _check_account(known)
        yield _check_publishable_key(known)
        yield from _check_endpoint(known)
        yield from _check_domains(known)
    except StripeBusy:
        yield fault(_ACCOUNT, "stripe_busy", tenant=slug)
    except StripeOutcomeUnknown:
        yield fault(_ACCOUNT, "stripe_fails", tenant=slug)
    except StripeUnavailable:
        yield fault(_ACCOUNT, "stripe_unreachable", tenant=slug)
    except StripeConfigError as error:
        if error.stripe_message:
            yield fault(_KEY, "key_refused_with_reason", tenant=slug, reason=error.stripe_message)
        else:
            yield fault(_KEY, "key_refused", tenant=slug)


def _load(tenant_id: int, public_url: str | None, events: frozenset[str]) -> _Tenant:
    with atomic(tenant_id):
        tenant = tenants.get(tenant_id)
        domains = tenants.list_domains(tenant_id)
        base = wanted.base_url(public_url, domains)
        secrets = frozenset(stripe_accounts.list_webhook_fingerprints(tenant_id))
        endpoint = None
        if base is not None:
            endpoint = WantedEndpoint(wanted.endpoint_url(base, tenant.slug), events, API_VERSION, secrets)
        hosts = wanted.registrable_hosts(public_url, domains)
        return _Tenant(tenant, stripe_accounts.get_account(tenant_id), endpoint, hosts)


def _check_account(known: _Tenant) -> Iterator[Finding]:
    is_live = known.account.livemode
    try:
        account = stripe_setup.get_account(known.account)
    except StripePermissionMissing:
        yield ok(_KEY, "key_live_restricted" if is_live else "key_test_restricted", tenant=known.slug)
        return
    yield ok(_KEY, "key_live" if is_live else "key_test", tenant=known.slug)
    if not account["charges_enabled"]:
        yield fault(_ACCOUNT, "account_incomplete", tenant=known.slug, account=account["id"])
    else:
        yield ok(_ACCOUNT, "account_works", tenant=known.slug, account=account["id"])


def _check_publishable_key(known: _Tenant) -> Finding:
    subject, slug = "publishable key", known.slug
    if known.tenant.stripe_publishable_key is not None:
        return ok(subject, "publishable_key_set", tenant=slug)
    if known.tenant.payment_page is PaymentPage.ELEMENT:
        return fault(subject, "publishable_key_missing_at_checkout", tenant=slug)
    return warning(subject, "publishable_key_missing", tenant=slug)


def _check_endpoint(known: _Tenant) -> Iterator[Finding]:
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


def _describe(known: _Tenant, endpoint: WantedEndpoint, found: Mapping[str, Any]) -> Iterator[Finding]:
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


def _check_domains(known: _Tenant) -> Iterator[Finding]:
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
