"""A customer's counterpart at Stripe: made once, also when two requests race."""

from uuid import UUID

import structlog

from lumira.clients import stripe_client
from lumira.clock import utc_now
from lumira.database import atomic
from lumira.domain import payments
from lumira.repositories import customers, tenants

log = structlog.get_logger()


def ensure_stripe_customer(
    tenant_id: int, account: tenants.StripeAccount, customer_id: UUID | None
) -> str | None:
    """Id of the Stripe customer, created if there is none; `None` for a buyer without an address.

    An existing one is never rewritten: anybody with a publishable key could otherwise rename it. One that
    Stripe refuses to create does not stop the sale.
    """
    if customer_id is None:
        return None
    with atomic(tenant_id):
        # Somebody may have merged this customer into another since the order was opened.
        customer = customers.lock_current(tenant_id, customer_id)
        customer_id = customer.id
        if customer.stripe_customer_id is not None:
            return customer.stripe_customer_id
        customers.freeze_stripe_request(customer, tenant_slug=account.tenant_slug)
        parameters, key = dict(customer.stripe_parameters or {}), customers.stripe_key(customer)
        frozen_at = customer.stripe_frozen_at or utc_now()
        # An earlier attempt may have made one whose id was lost, and an old key may be forgotten at Stripe.
        look_up = customer.stripe_attempt > 1 or utc_now() - frozen_at > payments.KEY_TRUSTED_FOR

    try:
        stripe_customer_id = None
        if look_up:
            stripe_customer_id = stripe_client.find_customer(
                account, email=parameters["email"], customer_id=str(customer_id)
            )
        if stripe_customer_id is None:
            stripe_customer_id = stripe_client.create_customer(account, parameters, key=key)
    except stripe_client.StripeRefused as error:
        log.warning("stripe_customer_refused", customer_id=str(customer_id), stripe_code=error.code)
        _begin_anew(tenant_id, customer_id)
        return None
    except stripe_client.StripeOutcomeUnknown:
        # Stripe would repeat this answer to the same key for a day.
        _begin_anew(tenant_id, customer_id)
        raise

    with atomic(tenant_id):
        customer = customers.lock(tenant_id, customer_id)
        # Both of two racing requests sent the same key, so both were answered with the same customer.
        customer.stripe_customer_id = customer.stripe_customer_id or stripe_customer_id
        return customer.stripe_customer_id


def _begin_anew(tenant_id: int, customer_id: UUID) -> None:
    with atomic(tenant_id):
        customer = customers.lock(tenant_id, customer_id)
        if customer.stripe_customer_id is None:
            customers.forget_stripe_customer(customer)
