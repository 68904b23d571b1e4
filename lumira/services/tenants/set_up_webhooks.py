"""Set up a tenant's account at Stripe: its webhook endpoint, and the domains on which Elements show wallets."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lumira.clients import stripe_setup
from lumira.clients.stripe_client import API_VERSION, StripeRefused
from lumira.database import atomic
from lumira.domain.stripe import setup as wanted
from lumira.domain.stripe.setup import Lack, WantedEndpoint
from lumira.errors.tenants import AddressUnknown, ConnectHasNoEndpoint
from lumira.repositories.audit import audit
from lumira.repositories.tenants import stripe_accounts, tenants
from lumira.repositories.tenants.stripe_accounts import StripeAccount
from lumira.services.tenants.setup_steps import Step, step


@dataclass(slots=True)
class StripeSetup:
    """What was set up, and what the operator has to do."""

    done: list[Step] = field(default_factory=list)
    warnings: list[Step] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Plan:
    account: StripeAccount
    endpoint: WantedEndpoint
    hosts: list[str]


def set_up_webhooks(
    tenant_id: int, *, public_url: str | None, events: Iterable[str], actor: str
) -> StripeSetup:
    """Create or complete the tenant's endpoint and register its domains; repeating it changes nothing.

    `events` are the types that act. An endpoint of another API version, or whose secret is not stored here, is
    replaced: the new one exists before the old one is disabled, and what the old one did not deliver is pulled.
    Raises `InvalidRequest` if there is no address or the tenant is a Connect account, and from the calls to Stripe
    `StripeConfigError` and `StripeUnavailable`.
    """
    plan = _plan(tenant_id, public_url, frozenset(events))
    setup = StripeSetup()
    _ensure_endpoint(tenant_id, plan, setup, actor=actor)
    _register_domains(plan, setup)
    return setup


def _plan(tenant_id: int, public_url: str | None, events: frozenset[str]) -> _Plan:
    with atomic(tenant_id):
        account = stripe_accounts.get_account(tenant_id)
        domains = tenants.list_domains(tenant_id)
        secrets = frozenset(stripe_accounts.list_webhook_fingerprints(tenant_id))
    if account.stripe_account is not None:
        raise ConnectHasNoEndpoint(
            f"{account.tenant_slug} is a Connect account: its events arrive at an endpoint of the platform, with "
            "`connect` set."
        )
    base = wanted.base_url(public_url, domains)
    if base is None:
        raise AddressUnknown("Set PUBLIC_URL: Stripe needs the address that it delivers events to.")
    url = wanted.endpoint_url(base, account.tenant_slug)
    return _Plan(
        account,
        WantedEndpoint(url, events, API_VERSION, secrets),
        wanted.registrable_hosts(public_url, domains),
    )


def _ensure_endpoint(tenant_id: int, plan: _Plan, setup: StripeSetup, *, actor: str) -> None:
    found = plan.endpoint.ranked(stripe_setup.list_webhook_endpoints(plan.account))
    if found and plan.endpoint.is_completable(found[0]):
        kept = found[0]
        _complete(plan, kept, setup)
    else:
        kept = _create(tenant_id, plan, setup, actor=actor)
    for endpoint in found:
        if endpoint["id"] != kept["id"]:
            _retire(plan, endpoint, setup)


def _complete(plan: _Plan, endpoint: Mapping[str, Any], setup: StripeSetup) -> None:
    lacks = plan.endpoint.lacks(endpoint)
    changes: dict[str, Any] = {}
    if Lack.EVENTS in lacks:
        changes["enabled_events"] = sorted({*endpoint["enabled_events"], *plan.endpoint.events})
    if Lack.DISABLED in lacks:
        changes["disabled"] = False
    if not changes:
        setup.done.append(step("endpoint_complete", endpoint=endpoint["id"]))
        return
    stripe_setup.update_webhook_endpoint(plan.account, endpoint["id"], changes)
    name, missing = endpoint["id"], ", ".join(plan.endpoint.missing_events(endpoint))
    if not missing:
        setup.done.append(step("endpoint_enabled", endpoint=name))
    elif Lack.DISABLED in lacks:
        setup.done.append(step("endpoint_events_added_and_enabled", endpoint=name, events=missing))
    else:
        setup.done.append(step("endpoint_events_added", endpoint=name, events=missing))


def _create(tenant_id: int, plan: _Plan, setup: StripeSetup, *, actor: str) -> Mapping[str, Any]:
    created = stripe_setup.create_webhook_endpoint(
        plan.account,
        url=plan.endpoint.url,
        events=sorted(plan.endpoint.events),
        api_version=plan.endpoint.api_version,
        metadata={wanted.TENANT: plan.account.tenant_slug},
    )
    with atomic(tenant_id):
        fingerprint = stripe_accounts.add_webhook_secret(tenant_id, created["secret"])
        audit.record(
            tenant_id,
            actor=actor,
            action="webhook_endpoint_created",
            subject="tenant",
            endpoint=created["id"],
            url=plan.endpoint.url,
        )
    # Named last: an endpoint without a name of its secret is one whose secret was lost, and is replaced.
    stripe_setup.update_webhook_endpoint(
        plan.account, created["id"], {"metadata": {wanted.SECRET: wanted.short(fingerprint)}}
    )
    setup.done.append(step("endpoint_created", endpoint=created["id"], url=plan.endpoint.url))
    return created


def _retire(plan: _Plan, endpoint: Mapping[str, Any], setup: StripeSetup) -> None:
    """Disable an endpoint of the same URL: each event would arrive twice, or with a secret that is not stored."""
    if endpoint["status"] != "enabled":
        return
    stripe_setup.update_webhook_endpoint(plan.account, endpoint["id"], {"disabled": True})
    setup.done.append(step("endpoint_replaced", endpoint=endpoint["id"]))


def _register_domains(plan: _Plan, setup: StripeSetup) -> None:
    known = {each["domain_name"]: each for each in stripe_setup.list_payment_method_domains(plan.account)}
    for host in plan.hosts:
        domain = known.get(host)
        try:
            if domain is None:
                domain = stripe_setup.register_payment_method_domain(plan.account, host)
                setup.done.append(step("domain_registered", host=host))
            elif not domain["enabled"]:
                domain = stripe_setup.enable_payment_method_domain(plan.account, domain["id"])
                setup.done.append(step("domain_enabled", host=host))
        except StripeRefused as error:
            setup.warnings.append(step("domain_refused", host=host, reason=error.message))
            continue
        if domain["apple_pay"]["status"] != "active":
            reason = (domain["apple_pay"].get("status_details") or {}).get("error_message")
            setup.warnings.append(
                step("apple_pay_inactive", host=host, reason=reason)
                if reason
                else step("apple_pay_unverified", host=host)
            )
