"""Diagnose one tenant: its keys, its account at Stripe, its webhook endpoint, and the domains of its pages."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lumira.clients import stripe_setup
from lumira.clients.stripe_client import API_VERSION
from lumira.database import atomic
from lumira.domain import stripe_setup as wanted
from lumira.domain.stripe_setup import Lack, WantedEndpoint
from lumira.models import PaymentPage, Tenant
from lumira.repositories import stripe_accounts, tenants
from lumira.repositories.stripe_accounts import StripeAccount
from lumira.services.installation.findings import Finding, fault, ok, warning
from lumira.stripe_errors import StripeConfigError, StripePermissionMissing, StripeUnavailable

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

    @property
    def remedy(self) -> str:
        return f"Run `flask webhooks setup {self.slug}`."


def diagnose_tenant(tenant_id: int, *, public_url: str | None, events: frozenset[str]) -> Iterator[Finding]:
    """Yield a finding for each thing that is checked about the tenant; changes nothing."""
    with atomic(tenant_id):
        slug = tenants.get(tenant_id).slug
    try:
        known = _load(tenant_id, public_url, events)
    except StripeConfigError as error:
        enter = f"Enter the key with `flask tenants stripe {slug} --secret-key -`."
        yield fault(_KEY, error.message, enter, tenant=slug)
        return
    try:
        yield from _check_account(known)
        yield _check_publishable_key(known)
        yield from _check_endpoint(known)
        yield from _check_domains(known)
    except StripeUnavailable as error:
        yield fault(_ACCOUNT, error.message, "Check the network, and https://status.stripe.com.", tenant=slug)
    except StripeConfigError as error:
        said = f" Stripe says: {error.stripe_message}" if error.stripe_message else ""
        enter = f"Enter another key with `flask tenants stripe {slug} --secret-key -`."
        yield fault(_KEY, f"{error.message}{said}", enter, tenant=slug)


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
    mode = "live" if known.account.livemode else "test"
    try:
        account = stripe_setup.get_account(known.account)
    except StripePermissionMissing:
        yield ok(_KEY, f"Stripe accepts it ({mode} mode); it may not read the account.", tenant=known.slug)
        return
    yield ok(_KEY, f"Stripe accepts it ({mode} mode).", tenant=known.slug)
    if not account["charges_enabled"]:
        message = f"The account {account['id']} cannot take payments yet."
        yield fault(_ACCOUNT, message, "Complete it in Stripe's Dashboard.", tenant=known.slug)
    else:
        yield ok(_ACCOUNT, f"The account {account['id']} takes payments.", tenant=known.slug)


def _check_publishable_key(known: _Tenant) -> Finding:
    subject, slug = "publishable key", known.slug
    if known.tenant.stripe_publishable_key is not None:
        return ok(subject, "It is set, in the mode of the secret key.", tenant=slug)
    remedy = f"Enter it with `flask tenants stripe {slug} --publishable-key -`."
    if known.tenant.payment_page is PaymentPage.ELEMENT:
        message = (
            "It is missing: the checkout page sells on Stripe's page instead of with the Payment Element."
        )
        return fault(subject, message, remedy, tenant=slug)
    return warning(subject, "It is missing: pages with Stripe.js cannot take payments.", remedy, tenant=slug)


def _check_endpoint(known: _Tenant) -> Iterator[Finding]:
    slug = known.slug
    if known.account.stripe_account is not None:
        yield ok(
            _ENDPOINT,
            "The tenant is a Connect account: the platform's endpoint receives its events.",
            tenant=slug,
        )
        return
    if known.endpoint is None:
        yield fault(_ENDPOINT, "Its address is unknown.", "Set PUBLIC_URL.", tenant=slug)
        return
    try:
        found = stripe_setup.list_webhook_endpoints(known.account)
    except StripePermissionMissing as error:
        message = f"The key may not list endpoints ({error.permission})."
        yield warning(
            _ENDPOINT, message, "Allow it to read webhook endpoints, or check the Dashboard.", tenant=slug
        )
        return
    ours = known.endpoint.ranked(found)
    if not ours:
        message = f"No endpoint delivers to {known.endpoint.url}: events are only polled."
        yield fault(_ENDPOINT, message, known.remedy, tenant=slug)
        return
    yield from _describe(known, known.endpoint, ours[0])


def _describe(known: _Tenant, endpoint: WantedEndpoint, found: Mapping[str, Any]) -> Iterator[Finding]:
    lacks = endpoint.lacks(found)
    if not lacks:
        message = f"{found['id']} delivers every acting event to {endpoint.url}, in version {API_VERSION}."
        yield ok(_ENDPOINT, message, tenant=known.slug)
    for lack in lacks:
        match lack:
            case Lack.DISABLED:
                message = f"{found['id']} is disabled: nothing is delivered."
            case Lack.SECRET:
                message = f"The signing secret of {found['id']} is not stored: every delivery is refused."
            case Lack.EVENTS:
                missing = ", ".join(endpoint.missing_events(found))
                yield warning(
                    _ENDPOINT, f"{found['id']} does not deliver {missing}.", known.remedy, tenant=known.slug
                )
                continue
            case Lack.API_VERSION:
                message = f"{found['id']} has the API version {found['api_version']}, not {API_VERSION}."
                yield warning(_ENDPOINT, message, known.remedy, tenant=known.slug)
                continue
        yield fault(_ENDPOINT, message, known.remedy, tenant=known.slug)


def _check_domains(known: _Tenant) -> Iterator[Finding]:
    slug = known.slug
    if not known.hosts:
        yield ok(_DOMAINS, "There is no public domain to register for wallets.", tenant=slug)
        return
    try:
        listed = stripe_setup.list_payment_method_domains(known.account)
    except StripePermissionMissing as error:
        message = f"The key may not list payment method domains ({error.permission})."
        yield warning(_DOMAINS, message, "Allow it to read them, or check the Dashboard.", tenant=slug)
        return
    enabled = {each["domain_name"]: each for each in listed if each["enabled"]}
    for host in known.hosts:
        domain = enabled.get(host)
        if domain is None:
            message = f"{host} is not registered for payment methods: its pages show no wallets."
            yield warning(_DOMAINS, message, known.remedy, tenant=slug)
        elif domain["apple_pay"]["status"] != "active":
            details = domain["apple_pay"].get("status_details") or {}
            message = f"Apple Pay is not active on {host}: {details.get('error_message', 'no reason given')}"
            yield warning(_DOMAINS, message, "Check that the domain leads to Lumira over HTTPS.", tenant=slug)
        else:
            yield ok(_DOMAINS, f"{host} is registered for payment methods.", tenant=slug)
