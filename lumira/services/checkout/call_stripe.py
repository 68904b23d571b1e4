"""Call Stripe for the PaymentIntent or Checkout Session of an order, between two transactions.

What Stripe refuses, and what stays unknown, is recorded on the order's request.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from lumira.clients import stripe_client
from lumira.clock import utc_now
from lumira.database import atomic, retried
from lumira.domain.stripe import requests as stripe_requests
from lumira.domain.stripe.requests import Refusal
from lumira.errors.stripe import PaymentFailed
from lumira.models import AlertKind, Order, PaymentRequest, RequestKind, RequestState
from lumira.repositories.alerts import alerts
from lumira.repositories.customers import customers, stripe_customers
from lumira.repositories.orders import orders
from lumira.repositories.tenants import stripe_accounts
from lumira.services.checkout.begin_checkout import CheckoutStarted, with_customer
from lumira.settlement.settle_order import settle_order

#: A difference of clocks that raises an alert. Stripe's signatures are accepted for five minutes.
LARGEST_CLOCK_DIFFERENCE = timedelta(seconds=30)
#: One attempt for each cause that the next attempt avoids, and one more.
_ATTEMPTS = 4

_T = TypeVar("_T")


class AttemptRefused(PaymentFailed):
    """Stripe refused this attempt for a cause that the next one avoids.

    It names a customer that Stripe does not have: the refusal removed its id, and the next attempt creates a new one.
    Or it has an expiry that is too early by Stripe's clock, which the next attempt reads. Or it has a parameter that
    the sale does not need, such as an e-mail address that Stripe does not accept.
    """


def attempt_repeatedly(
    tenant_id: int, started: CheckoutStarted, attempt: Callable[[int, CheckoutStarted], _T]
) -> _T:
    """The result of the first attempt that Stripe accepts; `PaymentFailed` if each is refused."""
    for _ in range(_ATTEMPTS - 1):
        try:
            return attempt(tenant_id, started)
        except AttemptRefused:
            # The refusal may have removed the customer's id at Stripe.
            started = with_customer(tenant_id, started)
    return attempt(tenant_id, started)


@dataclass(frozen=True, slots=True)
class Lookup:
    """How to find an intent or session of an order at Stripe when its id was lost."""

    order_number: str
    created_after: datetime
    stripe_customer_id: str | None


@dataclass(frozen=True, slots=True)
class StripeCall:
    """What to request from Stripe: an existing object by its id, or a new one. Ids and values, no rows."""

    order_id: UUID
    customer_id: UUID | None
    kind: RequestKind
    #: The id of an object that exists at Stripe.
    stripe_id: str | None = None
    request_id: UUID | None = None
    parameters: dict[str, Any] | None = None
    key: str | None = None
    #: Set if Stripe may have created an object whose id was lost: it is looked up before anything is sent.
    lookup: Lookup | None = None


def lookup_for(order: Order) -> Lookup | None:
    """How to look up what earlier requests may have created; `None` if every outcome is known.

    All requests count, not only the last: a process may die after it freezes the next attempt and before it
    records what the lookup returned.
    """
    doubtful = [request for request in order.requests if _is_doubtful(request)]
    if not doubtful:
        return None
    # An intent that was created without a customer is not in any customer's list.
    customer_ids = {request.parameters.get("customer") for request in doubtful}
    stripe_customer_id = customer_ids.pop() if len(customer_ids) == 1 else None
    return Lookup(order.order_number, doubtful[0].created_at, stripe_customer_id)


def _is_doubtful(request: PaymentRequest) -> bool:
    """Whether Stripe may have created an intent that sending the request again would not return."""
    is_stale = request.state is RequestState.FROZEN and stripe_requests.is_key_stale(
        request.created_at, utc_now()
    )
    return is_stale or request.state is RequestState.UNKNOWN


def call_stripe(
    tenant_id: int, account: stripe_accounts.StripeAccount, stripe_call: StripeCall
) -> dict[str, Any]:
    """The PaymentIntent or Checkout Session, as Stripe returns it.

    Raises `PaymentFailed` if Stripe refuses: `AttemptRefused` if another attempt may succeed. Raises
    `StripeUnavailable` and `StripeConfigError` if the outcome is not decided: the same request is sent again when the
    call is repeated.
    """
    try:
        with alerting_of_permissions(tenant_id):
            stripe_object = _find_existing(account, stripe_call) or _create(account, stripe_call)
    except stripe_client.StripeRefused as error:
        _record_refusal(tenant_id, stripe_call, error)
        failure = _failure_of(error, stripe_call)
        raise failure("Stripe refused to open the payment.", stripe_code=error.code) from error
    except stripe_client.StripeOutcomeUnknown:
        _record_unknown_outcome(tenant_id, stripe_call)
        raise
    if abs(stripe_client.clock_difference()) > LARGEST_CLOCK_DIFFERENCE:
        with atomic(tenant_id):
            _alert_about_clock(tenant_id)
    return stripe_object


@contextmanager
def alerting_of_permissions(tenant_id: int) -> Iterator[None]:
    """Alert the team if the tenant's key lacks the permission for a call inside; the error reaches the caller."""
    try:
        yield
    except stripe_client.StripePermissionMissing as error:
        with atomic(tenant_id):
            alerts.raise_missing_permission(tenant_id, error)
        raise


def _failure_of(error: stripe_client.StripeRefused, stripe_call: StripeCall) -> type[PaymentFailed]:
    is_avoidable = (
        (error.is_missing_customer and stripe_call.customer_id is not None)
        or error.param == "expires_at"
        or _refusal_of(error).extra is not None
    )
    return AttemptRefused if is_avoidable else PaymentFailed


def _refusal_of(error: stripe_client.StripeRefused) -> Refusal:
    return Refusal(error.code, error.message, error.param, error.stripe_time)


def _alert_about_clock(tenant_id: int) -> None:
    difference = stripe_client.clock_difference()
    if abs(difference) > LARGEST_CLOCK_DIFFERENCE:
        seconds = round(difference.total_seconds())
        alerts.raise_alert(tenant_id, kind=AlertKind.CLOCK_DIFFERS, subject="clock", stripe_ahead_s=seconds)


def _find_existing(account: stripe_accounts.StripeAccount, stripe_call: StripeCall) -> dict[str, Any] | None:
    if stripe_call.stripe_id is not None:
        return stripe_client.get_payment_intent(account, stripe_call.stripe_id)
    if stripe_call.lookup is None:
        return None
    existing = find_at_stripe(account, stripe_call.kind, stripe_call.lookup)
    # The buyer cannot pay a closed one.
    return None if existing is not None and existing["status"] in ("canceled", "expired") else existing


def find_at_stripe(
    account: stripe_accounts.StripeAccount, kind: RequestKind, lookup: Lookup
) -> dict[str, Any] | None:
    """The intent or session that carries the order's number in its metadata; `None` if there is none."""
    is_session = kind is RequestKind.CHECKOUT_SESSION
    find = stripe_client.find_checkout_session if is_session else stripe_client.find_payment_intent
    return find(
        account,
        order_number=lookup.order_number,
        created_after=lookup.created_after,
        stripe_customer_id=lookup.stripe_customer_id,
    )


def _create(account: stripe_accounts.StripeAccount, stripe_call: StripeCall) -> dict[str, Any]:
    assert stripe_call.key is not None and stripe_call.parameters is not None  # noqa: PT018, S101 - frozen together
    is_session = stripe_call.kind is RequestKind.CHECKOUT_SESSION
    create = stripe_client.create_checkout_session if is_session else stripe_client.create_payment_intent
    return create(account, stripe_call.parameters, key=stripe_call.key)


def close_session(account: stripe_accounts.StripeAccount, session_id: str) -> dict[str, Any]:
    """Expire a Checkout Session; returns its final state, which may be paid."""
    try:
        return stripe_client.expire_checkout_session(account, session_id, key=f"lumira-expire-{session_id}")
    except stripe_client.StripeRefused:
        # It was paid or expired just before.
        return stripe_client.get_checkout_session(account, session_id)


@retried
def _record_refusal(tenant_id: int, stripe_call: StripeCall, error: stripe_client.StripeRefused) -> None:
    with atomic(tenant_id):
        _alert_about_clock(tenant_id)
        sent_customer_id = (stripe_call.parameters or {}).get("customer")
        if error.is_missing_customer and stripe_call.customer_id is not None:
            customer = customers.lock_current(tenant_id, stripe_call.customer_id)
            if customer.stripe_customer_id == sent_customer_id:
                stripe_customers.forget_stripe_customer(customer)
        order = orders.lock_order(tenant_id, stripe_call.order_id)
        request = _find_unanswered(order, stripe_call)
        if request is not None:
            stripe_requests.mark_refused(request, _refusal_of(error), now=utc_now())
            settle_order(order, actor="stripe")


@retried
def _record_unknown_outcome(tenant_id: int, stripe_call: StripeCall) -> None:
    with atomic(tenant_id):
        request = _find_unanswered(orders.lock_order(tenant_id, stripe_call.order_id), stripe_call)
        if request is not None:
            stripe_requests.mark_unknown(request, now=utc_now())


def _find_unanswered(order: Order, stripe_call: StripeCall) -> PaymentRequest | None:
    """The request that was sent, unless another process has recorded its response meanwhile."""
    sent = next((request for request in order.requests if request.id == stripe_call.request_id), None)
    return sent if sent is not None and sent.state is RequestState.FROZEN else None
