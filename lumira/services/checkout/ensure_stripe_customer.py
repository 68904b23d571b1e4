"""Create a customer's Stripe customer once, also when two requests run at the same time."""

from uuid import UUID

import structlog

from lumira.clients import stripe_client
from lumira.clock import utc_now
from lumira.database import atomic
from lumira.domain import stripe_requests
from lumira.models import email_key
from lumira.repositories import alerts, customers, stripe_accounts

log = structlog.get_logger()


def ensure_stripe_customer(
    tenant_id: int,
    account: stripe_accounts.StripeAccount,
    customer_id: UUID | None,
    *,
    typed_email: str | None,
) -> str | None:
    """The id of the Stripe customer, created if there is none; `None` for a buyer without an e-mail address.

    Also `None` if the typed address was merged into another: Stripe's page shows the Stripe customer's address to
    everyone who opens it, and the typed address may be a stranger's.
    An existing Stripe customer is never updated: otherwise every holder of the publishable key could rename it.
    If Stripe refuses to create one or fails to, or the key may not, the checkout continues without it. Raises
    `StripeUnavailable` only if Stripe cannot be reached, because the payment could not be opened either.
    """
    if customer_id is None:
        return None
    with atomic(tenant_id):
        # An operator may have merged this customer into another since the order was opened.
        customer = customers.lock_current(tenant_id, customer_id)
        if typed_email is None or email_key(typed_email) != customer.email_key:
            return None
        customer_id = customer.id
        if customer.stripe_customer_id is not None:
            return customer.stripe_customer_id
        customers.freeze_stripe_request(customer, tenant_slug=account.tenant_slug)
        parameters, key = dict(customer.stripe_parameters or {}), customers.stripe_idempotency_key(customer)
        frozen_at = customer.stripe_frozen_at or utc_now()
        # An earlier attempt may have created one whose id was lost, and Stripe forgets old idempotency keys.
        needs_lookup = customer.stripe_attempt > 1 or stripe_requests.is_key_stale(frozen_at, utc_now())

    try:
        stripe_customer_id = None
        if needs_lookup:
            stripe_customer_id = stripe_client.find_customer(
                account, email=parameters["email"], customer_id=str(customer_id)
            )
        if stripe_customer_id is None:
            stripe_customer_id = stripe_client.create_customer(account, parameters, key=key)
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


def _begin_next_attempt(tenant_id: int, customer_id: UUID) -> None:
    with atomic(tenant_id):
        customer = customers.lock(tenant_id, customer_id)
        if customer.stripe_customer_id is None:
            customers.forget_stripe_customer(customer)
