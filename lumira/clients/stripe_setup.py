"""Operations at Stripe that set up an account: its webhook endpoints and payment method domains.

Each raises as `stripe_transport.call` does, and returns plain dicts.
"""

import contextlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from lumira.clients.stripe_transport import Account, StripeRefused, call, call_pages

if TYPE_CHECKING:
    from stripe.params import (
        PaymentMethodDomainListParams,
        WebhookEndpointCreateParams,
        WebhookEndpointListParams,
        WebhookEndpointUpdateParams,
    )


def get_account(account: Account) -> dict[str, Any]:
    """Return the account that the key belongs to; whether it can take payments is `charges_enabled`."""
    return call(
        account,
        "get_account",
        lambda client, options: client.v1.accounts.retrieve_current(None, options),
    )


def probe(account: Account, method: str, path: str) -> None:
    """Make a call that changes nothing, such as for an object that does not exist.

    Returns if the key is permitted to make it. Raises `StripePermissionMissing` if it is not, and otherwise as `call`.
    """
    with contextlib.suppress(StripeRefused):
        call(account, "probe", lambda client, options: client.raw_request(method, path, **options))


def list_webhook_endpoints(account: Account) -> list[dict[str, Any]]:
    """Return the account's endpoints, newest first, without their secrets."""
    return list(
        call_pages(
            account,
            "list_webhook_endpoints",
            {},
            lambda client, page, options: client.v1.webhook_endpoints.list(
                cast("WebhookEndpointListParams", page), options
            ),
        )
    )


def create_webhook_endpoint(
    account: Account, *, url: str, events: Sequence[str], api_version: str, metadata: Mapping[str, str]
) -> dict[str, Any]:
    """Create an endpoint and return it with its `secret`, which Stripe returns only now."""
    parameters = {
        "url": url,
        "enabled_events": list(events),
        "api_version": api_version,
        "metadata": dict(metadata),
        "description": "Lumira",
    }
    return call(
        account,
        "create_webhook_endpoint",
        lambda client, options: client.v1.webhook_endpoints.create(
            cast("WebhookEndpointCreateParams", parameters), options
        ),
    )


def update_webhook_endpoint(
    account: Account, endpoint_id: str, parameters: Mapping[str, Any]
) -> dict[str, Any]:
    """Change an endpoint and return it. Its API version cannot be changed."""
    return call(
        account,
        "update_webhook_endpoint",
        lambda client, options: client.v1.webhook_endpoints.update(
            endpoint_id, cast("WebhookEndpointUpdateParams", dict(parameters)), options
        ),
    )


def list_payment_method_domains(account: Account) -> list[dict[str, Any]]:
    """Return the domains on which Elements may show wallets such as Apple Pay."""
    return list(
        call_pages(
            account,
            "list_payment_method_domains",
            {},
            lambda client, page, options: client.v1.payment_method_domains.list(
                cast("PaymentMethodDomainListParams", page), options
            ),
        )
    )


def register_payment_method_domain(account: Account, domain_name: str) -> dict[str, Any]:
    """Register a domain, or return the one that is registered; its `apple_pay.status` says whether Apple accepts it."""
    return call(
        account,
        "register_payment_method_domain",
        lambda client, options: client.v1.payment_method_domains.create(
            {"domain_name": domain_name}, options
        ),
    )


def enable_payment_method_domain(account: Account, domain_id: str) -> dict[str, Any]:
    """Enable a registered domain, and return it."""
    return call(
        account,
        "enable_payment_method_domain",
        lambda client, options: client.v1.payment_method_domains.update(
            domain_id, {"enabled": True}, options
        ),
    )
