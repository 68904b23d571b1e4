"""Create a customer's Stripe customer once, also when two requests run at the same time."""

from dataclasses import dataclass
from uuid import UUID

import structlog

from lumira.clients import stripe_client
from lumira.clock import utc_now
from lumira.database import atomic
from lumira.domain.stripe import requests as stripe_requests
from lumira.models import email_key
from lumira.repositories.alerts import alerts
from lumira.repositories.customers import customers, stripe_customers
from lumira.repositories.customers.customers import Buyer
from lumira.repositories.customers.stripe_customers import StripeCustomerRequest
from lumira.repositories.rows import Step
from lumira.repositories.tenants import stripe_accounts
from lumira.services.checkout import even_duration

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class KnownCustomer:
    """No request is needed: the customer has this id at Stripe, or the payment is opened without one."""

    stripe_customer_id: str | None


#: What the transaction before the call found: the request to send, or that none is needed.
CustomerAtStripe = StripeCustomerRequest | KnownCustomer


def ensure_stripe_customer(
    tenant_id: int,
    account: stripe_accounts.StripeAccount,
    customer: CustomerAtStripe | None,
    *,
    is_public: bool = False,
) -> str | None:
    """The id of the Stripe customer, created if there is none; `None` for a buyer without an address of their own.

    An existing Stripe customer is never updated: otherwise every holder of the publishable key could rename it.
    If Stripe refuses to create one or fails to, or the key may not, the checkout continues without it. Raises
    `StripeUnavailable` only if Stripe cannot be reached, because the payment could not be opened either.

    For a public caller it takes as long whether or not one is created (see `even_duration`). The caller attaches a
    created one in its next transaction: if the process dies before, the same frozen request is sent again.
    """
    if customer is None:
        return None
    if isinstance(customer, KnownCustomer):
        if is_public:
            even_duration.wait()
        return customer.stripe_customer_id
    return _create(tenant_id, account, customer)


def freeze_customer_request(
    tenant_id: int, customer_id: UUID, *, typed_email: str | None, tenant_slug: str
) -> CustomerAtStripe | None:
    """Freeze and return the request for a Stripe customer in the caller's transaction, unless none is needed."""
    # An operator may have merged this customer into another since the order was opened.
    customer = customers.lock_current(tenant_id, customer_id)
    if not _is_own(typed_email, customer.email_key):
        return KnownCustomer(None)
    stripe_customers.freeze_stripe_request(customer, tenant_slug=tenant_slug)
    return of_buyer(customers.as_buyer(customer), typed_email=typed_email)


def of_buyer(buyer: Buyer, *, typed_email: str | None) -> CustomerAtStripe | None:
    """The buyer's customer at Stripe, or the frozen request for it; `None` if none is frozen."""
    if not _is_own(typed_email, buyer.email_key):
        return KnownCustomer(None)
    return KnownCustomer(buyer.stripe_customer_id) if buyer.stripe_customer_id else buyer.request


def _is_own(typed_email: str | None, key: str) -> bool:
    """Whether the typed address is the customer's own.

    If it was merged into another, no Stripe customer is used: Stripe's page shows the customer's address to everyone
    who opens it, and the typed address may be a stranger's.
    """
    return typed_email is not None and email_key(typed_email) == key


def attaching(
    tenant_id: int, customer: CustomerAtStripe | None, stripe_customer_id: str | None
) -> list[Step]:
    """Return how a created Stripe customer is recorded before the order is locked; empty if none was created.

    The step's value is the id that the customer has then.
    """
    if stripe_customer_id is None or not isinstance(customer, StripeCustomerRequest):
        return []
    return [stripe_customers.attaching_stripe_customer(tenant_id, customer.customer_id, stripe_customer_id)]


def _create(
    tenant_id: int, account: stripe_accounts.StripeAccount, request: StripeCustomerRequest
) -> str | None:
    customer_id = request.customer_id
    try:
        return _find_or_create_at_stripe(account, request)
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


def _find_or_create_at_stripe(account: stripe_accounts.StripeAccount, request: StripeCustomerRequest) -> str:
    # An earlier attempt may have created one whose id was lost, and Stripe forgets old idempotency keys.
    if request.attempt > 1 or stripe_requests.is_key_stale(request.frozen_at, utc_now()):
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
            stripe_customers.forget_stripe_customer(customer)
