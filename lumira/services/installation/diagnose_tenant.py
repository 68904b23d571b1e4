"""Diagnose one tenant: its keys and their rights, its account at Stripe, and what that has registered."""

from collections.abc import Iterator

from lumira.clients import stripe_setup
from lumira.clients.stripe_client import API_VERSION
from lumira.clients.stripe_transport import StripeOutcomeUnknown
from lumira.database import atomic
from lumira.domain.stripe import credentials as stripe_credentials
from lumira.domain.stripe import setup as wanted
from lumira.domain.stripe.permissions import PERMISSIONS, Permission
from lumira.domain.stripe.setup import WantedEndpoint
from lumira.errors.stripe import (
    StripeBusy,
    StripeConfigError,
    StripeKeyUnreadable,
    StripePermissionMissing,
    StripeUnavailable,
)
from lumira.models import PaymentPage
from lumira.repositories.tenants import stripe_accounts, tenants
from lumira.services.installation.diagnose_deliveries import diagnose_deliveries
from lumira.services.installation.diagnose_registrations import check_domains, check_endpoint
from lumira.services.installation.findings import Finding, fault, ok, warning
from lumira.services.installation.known_tenant import KnownTenant

#: The subject of the lines about the secret key.
KEY = "Stripe key"
_ACCOUNT, _PUBLISHABLE = "Stripe account", "publishable key"
#: The code of the finding that the key lacks a permission begins with this and ends with that of the permission.
_LACKS = "key_lacks_"


def diagnose_tenant(tenant_id: int, *, public_url: str | None, events: frozenset[str]) -> Iterator[Finding]:
    """Yield a finding for each thing that is checked about the tenant; changes nothing."""
    with atomic(tenant_id):
        slug = tenants.get(tenant_id).slug
    yield diagnose_deliveries(tenant_id, slug)
    try:
        known = _load(tenant_id, public_url, events)
    except StripeConfigError as error:
        code = "key_unreadable" if isinstance(error, StripeKeyUnreadable) else "key_missing"
        yield fault(KEY, code, tenant=slug)
        return
    try:
        yield from _check_account(known)
        yield _check_publishable_key(known)
        yield from _check_rights(known)
        yield from check_endpoint(known)
        yield from check_domains(known)
    except StripeBusy:
        yield fault(_ACCOUNT, "stripe_busy", tenant=slug)
    except StripeOutcomeUnknown:
        yield fault(_ACCOUNT, "stripe_fails", tenant=slug)
    except StripeUnavailable:
        yield fault(_ACCOUNT, "stripe_unreachable", tenant=slug)
    except StripeConfigError as error:
        if error.stripe_message:
            yield fault(KEY, "key_refused_with_reason", tenant=slug, reason=error.stripe_message)
        else:
            yield fault(KEY, "key_refused", tenant=slug)


def _load(tenant_id: int, public_url: str | None, events: frozenset[str]) -> KnownTenant:
    with atomic(tenant_id):
        tenant = tenants.get(tenant_id)
        domains = tenants.list_domains(tenant_id)
        base = wanted.base_url(public_url, domains)
        secrets = frozenset(stripe_accounts.list_webhook_fingerprints(tenant_id))
        endpoint = None
        if base is not None:
            endpoint = WantedEndpoint(wanted.endpoint_url(base, tenant.slug), events, API_VERSION, secrets)
        hosts = wanted.registrable_hosts(public_url, domains)
        return KnownTenant(tenant, stripe_accounts.get_account(tenant_id), endpoint, hosts)


def _check_account(known: KnownTenant) -> Iterator[Finding]:
    is_live = known.account.livemode
    try:
        account = stripe_setup.get_account(known.account)
    except StripePermissionMissing:
        yield ok(KEY, "key_live_restricted" if is_live else "key_test_restricted", tenant=known.slug)
        return
    yield ok(KEY, "key_live" if is_live else "key_test", tenant=known.slug)
    if not account["charges_enabled"]:
        yield fault(_ACCOUNT, "account_incomplete", tenant=known.slug, account=account["id"])
    else:
        yield ok(_ACCOUNT, "account_works", tenant=known.slug, account=account["id"])


def _check_publishable_key(known: KnownTenant) -> Finding:
    slug, publishable_key = known.slug, known.tenant.stripe_publishable_key
    if publishable_key is None:
        if known.tenant.payment_page is PaymentPage.ELEMENT:
            return fault(_PUBLISHABLE, "publishable_key_missing_at_checkout", tenant=slug)
        return warning(_PUBLISHABLE, "publishable_key_missing", tenant=slug)
    if stripe_credentials.is_live_key(publishable_key) != known.account.livemode:
        return fault(_PUBLISHABLE, "modes_mixed", tenant=slug)
    return ok(_PUBLISHABLE, "publishable_key_set", tenant=slug)


def _check_rights(known: KnownTenant) -> Iterator[Finding]:
    """Try each permission of a restricted key; any other key has them all."""
    if not stripe_credentials.is_restricted_key(known.account.secret_key):
        return
    is_connected = known.account.stripe_account is not None
    # A Connect account has no endpoint of its own.
    needed = [each for each in PERMISSIONS if not (is_connected and each.code == "webhook_endpoints")]
    lacking = [permission for permission in needed if not _is_permitted(known, permission)]
    for permission in lacking:
        found = fault if permission.stops_sales else warning
        yield found(KEY, f"{_LACKS}{permission.code}", tenant=known.slug, permission=permission.name)
    if not lacking:
        yield ok(KEY, "key_has_permissions", tenant=known.slug)


def _is_permitted(known: KnownTenant, permission: Permission) -> bool:
    try:
        for method, path in permission.probes:
            stripe_setup.probe(known.account, method, path)
    except StripePermissionMissing:
        return False
    return True
