"""Asking Stripe for what an order is paid with, between two transactions, and keeping what it refuses."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from lumira.clients import stripe_client
from lumira.clock import utc_now
from lumira.database import atomic, retried
from lumira.domain import payments
from lumira.errors import PaymentFailed
from lumira.models import Order, PaymentRequest, RequestKind, RequestState
from lumira.repositories import customers, orders, tenants
from lumira.settlement.settle_order import settle_order


class CustomerMissing(PaymentFailed):
    """Stripe does not know the customer that it was asked to charge; the next attempt makes a new one."""


class TimeOver(PaymentFailed):
    """The time that was asked for had passed when Stripe read it; the next attempt asks for another."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """By what an intent or a session of ours, whose id was lost, is looked for."""

    order_number: str
    created_after: datetime
    stripe_customer_id: str | None


@dataclass(frozen=True, slots=True)
class Question:
    """What Stripe is asked: to tell of what is known, or to create it. Ids and values, no rows."""

    order_id: UUID
    customer_id: UUID | None
    kind: RequestKind
    #: What Stripe has made already.
    stripe_id: str | None = None
    request_id: UUID | None = None
    parameters: dict[str, Any] | None = None
    key: str | None = None
    #: Set where Stripe may have one of ours that we do not know: looked for before anything is sent.
    look_up: Lookup | None = None


def lookup_for(order: Order) -> Lookup | None:
    """Where to look first: an answer may have been lost, or its key be too old to ask again.

    Every request counts and not only the last: what a process found, or was about to look for, died with it
    while the next attempt was frozen already.
    """
    doubtful = [request for request in order.requests if _is_doubtful(request)]
    if not doubtful:
        return None
    # An intent that was asked for without a customer has none: then it is looked for among all.
    asked = {request.parameters.get("customer") for request in doubtful}
    return Lookup(order.order_number, doubtful[0].created_at, asked.pop() if len(asked) == 1 else None)


def _is_doubtful(request: PaymentRequest) -> bool:
    """Whether Stripe may have made an intent of this request that asking again would not bring."""
    is_stale = request.state is RequestState.FROZEN and payments.key_is_stale(request, utc_now())
    return is_stale or request.state is RequestState.UNKNOWN


def call_stripe(tenant_id: int, account: tenants.StripeAccount, question: Question) -> dict[str, Any]:
    """The PaymentIntent or Checkout Session, with what the buyer needs to pay it.

    `PaymentFailed` if Stripe refused: `CustomerMissing` if for want of the customer, `TimeOver` if too late;
    `StripeUnavailable` and `StripeConfigError` where nothing is decided.
    """
    try:
        return _found(account, question) or _created(account, question)
    except stripe_client.StripeRefused as error:
        _record_refusal(tenant_id, question, error)
        raise _why(error, question)("Stripe refused to open the payment.", stripe_code=error.code) from error
    except stripe_client.StripeOutcomeUnknown:
        _record_unknown_outcome(tenant_id, question)
        raise


def _why(error: stripe_client.StripeRefused, question: Question) -> type[PaymentFailed]:
    if error.is_missing_customer and question.customer_id:
        return CustomerMissing
    return TimeOver if error.param == "expires_at" else PaymentFailed


def _found(account: tenants.StripeAccount, question: Question) -> dict[str, Any] | None:
    if question.stripe_id is not None:
        return stripe_client.get_payment_intent(account, question.stripe_id)
    if question.look_up is None:
        return None
    found = find_at_stripe(account, question.kind, question.look_up)
    # One that was closed meanwhile is of no use to the buyer.
    return None if found is not None and found["status"] in ("canceled", "expired") else found


def find_at_stripe(
    account: tenants.StripeAccount, kind: RequestKind, look_up: Lookup
) -> dict[str, Any] | None:
    """What a request of ours made at Stripe although its id was lost, found by the order's number."""
    is_session = kind is RequestKind.CHECKOUT_SESSION
    find = stripe_client.find_checkout_session if is_session else stripe_client.find_payment_intent
    return find(
        account,
        order_number=look_up.order_number,
        created_after=look_up.created_after,
        stripe_customer_id=look_up.stripe_customer_id,
    )


def _created(account: tenants.StripeAccount, question: Question) -> dict[str, Any]:
    assert question.key is not None and question.parameters is not None  # noqa: PT018, S101 - frozen together
    is_session = question.kind is RequestKind.CHECKOUT_SESSION
    create = stripe_client.create_checkout_session if is_session else stripe_client.create_payment_intent
    return create(account, question.parameters, key=question.key)


def close_session(account: tenants.StripeAccount, session_id: str) -> dict[str, Any]:
    """The Checkout Session after nobody can pay on it any more: closed just now, or finished before."""
    try:
        return stripe_client.expire_checkout_session(account, session_id, key=f"lumira-expire-{session_id}")
    except stripe_client.StripeRefused:
        # Paid in the last second: the payment wins.
        return stripe_client.get_checkout_session(account, session_id)


@retried
def _record_refusal(tenant_id: int, question: Question, error: stripe_client.StripeRefused) -> None:
    with atomic(tenant_id):
        asked = (question.parameters or {}).get("customer")
        if error.is_missing_customer and question.customer_id is not None:
            customer = customers.lock_current(tenant_id, question.customer_id)
            if customer.stripe_customer_id == asked:
                customers.forget_stripe_customer(customer)
        order = orders.lock_order(tenant_id, question.order_id)
        request = _still_open(order, question)
        if request is not None:
            payments.mark_refused(request, code=error.code, message=error.message)
            settle_order(order, actor="stripe")


@retried
def _record_unknown_outcome(tenant_id: int, question: Question) -> None:
    with atomic(tenant_id):
        request = _still_open(orders.lock_order(tenant_id, question.order_id), question)
        if request is not None:
            payments.mark_unknown(request)


def _still_open(order: Order, question: Question) -> PaymentRequest | None:
    """The request that was sent, unless somebody who took it over has got an answer meanwhile."""
    sent = next((request for request in order.requests if request.id == question.request_id), None)
    return sent if sent is not None and sent.state is RequestState.FROZEN else None
