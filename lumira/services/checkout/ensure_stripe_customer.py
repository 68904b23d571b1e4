"""Create a customer's Stripe customer once, also when two requests run at the same time."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog

from lumira.clients import stripe_client
from lumira.clock import utc_now
from lumira.database import atomic
from lumira.domain import stripe_requests
from lumira.models import email_key
from lumira.repositories import alerts, customers, stripe_accounts
from lumira.services.checkout import even_duration

log = structlog.get_logger()


def ensure_stripe_customer(
    tenant_id: int,
    account: stripe_accounts.StripeAccount,
    customer_id: UUID | None,
    *,
    typed_email: str | None,
    is_public: bool = False,
) -> str | None:
    """The id of the Stripe customer, created if there is none; `None` for a buyer without an e-mail address.

    Also `None` if the typed address was merged into another: Stripe's page shows the Stripe customer's address to
    everyone who opens it, and the typed address may be a stranger's.
    An existing Stripe customer is never updated: otherwise every holder of the publishable key could rename it.
    If Stripe refuses to create one or fails to, or the key may not, the checkout continues without it. Raises
    `StripeUnavailable` only if Stripe cannot be reached, because the payment could not be opened either.

    For a public caller it takes as long whether or not one is created (see `even_duration`).
    """
    if customer_id is None:
        return None
    request = _freeze_request(tenant_id, account, customer_id, typed_email)
    if isinstance(request, _NotRequested):
        if is_public:
            even_duration.wait()
        return request.stripe_customer_id
    return _create(tenant_id, account, request)


@dataclass(frozen=True, slots=True)
class _NotRequested:
    """No request is needed: the customer has this id at Stripe, or the payment is opened without one."""

    stripe_customer_id: str | None


@dataclass(frozen=True, slots=True)
class _Request:
    """The frozen request for a Stripe customer."""

    customer_id: UUID
    parameters: dict[str, Any]
    key: str
    needs_lookup: bool


def _freeze_request(
    tenant_id: int, account: stripe_accounts.StripeAccount, customer_id: UUID, typed_email: str | None
) -> _Request | _NotRequested:
    with atomic(tenant_id):
        # An operator may have merged this customer into another since the order was opened.
        customer = customers.lock_current(tenant_id, customer_id)
        if typed_email is None or email_key(typed_email) != customer.email_key:
            return _NotRequested(None)
        if customer.stripe_customer_id is not None:
            return _NotRequested(customer.stripe_customer_id)
        customers.freeze_stripe_request(customer, tenant_slug=account.tenant_slug)
        frozen_at = customer.stripe_frozen_at or utc_now()
        return _Request(
            customer.id,
            dict(customer.stripe_parameters or {}),
            customers.stripe_idempotency_key(customer),
            # An earlier attempt may have created one whose id was lost, and Stripe forgets old idempotency keys.
            needs_lookup=customer.stripe_attempt > 1 or stripe_requests.is_key_stale(frozen_at, utc_now()),
        )


def _create(tenant_id: int, account: stripe_accounts.StripeAccount, request: _Request) -> str | None:
    customer_id = request.customer_id
    try:
        stripe_customer_id = _find_or_create_at_stripe(account, request)
    except stripe_client.StripeRefused as error:
        log.warning("stripe_customer_refused", customer_id=str(customer_id), stripe_code=error.code)
        _begin_next_attempt(tenant_id, customer_id)
        return None
    except stripe_client.StripePermissionMissing as error:
        # Nothing was created, so the same request is sent again for the customer's next order.
        with atomic(tenant_id):
            alerts.raise_missing_permission(tenant_id, error)
        return None
    except stripe_client.StripeOutcomeUnknown:
        # Stripe would repeat this response to the same key for a day.
        _begin_next_attempt(tenant_id, customer_id)
        return None

    with atomic(tenant_id):
        customer = customers.lock(tenant_id, customer_id)
        # Two requests at the same time send the same key, so Stripe returns the same customer to both.
        customer.stripe_customer_id = customer.stripe_customer_id or stripe_customer_id
        return customer.stripe_customer_id


def _find_or_create_at_stripe(account: stripe_accounts.StripeAccount, request: _Request) -> str:
    if request.needs_lookup:
        existing_id = stripe_client.find_customer(
            account, email=request.parameters["email"], customer_id=str(request.customer_id)
        )
        if existing_id is not None:
            return existing_id
    with even_duration.measured():
        return stripe_client.create_customer(account, request.parameters, key=request.key)


def _begin_next_attempt(tenant_id: int, customer_id: UUID) -> None:
    with atomic(tenant_id):
        customer = customers.lock(tenant_id, customer_id)
        if customer.stripe_customer_id is None:
            customers.forget_stripe_customer(customer)
