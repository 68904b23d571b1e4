"""Payments: the requests that are sent to Stripe, and the facts that come back."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from lumira.clock import utc_now
from lumira.models import (
    Decline,
    Order,
    OrderLine,
    Payment,
    PaymentRequest,
    PaymentState,
    RequestKind,
    RequestState,
)
from lumira.models.columns import uuid7

#: Stripe may forget an idempotency key after 24 h; before that we stop trusting it.
KEY_TRUSTED_FOR = timedelta(hours=23)

#: Names in Stripe's metadata that are ours; a caller's values for them are ignored.
RESERVED_METADATA = frozenset(
    (
        "productId",
        "productName",
        "level",
        "customerEmail",
        "orderNumber",
        "tenant",
        "source",
        "timestamp",
        "requestId",
    )
)
#: Stripe's limits (docs.stripe.com/metadata; the description's is not published, so well below the known).
_VALUE_LENGTH = 500
_DESCRIPTION_LENGTH = 500


class PaymentMismatch(Exception):
    """A PaymentIntent names an order but asks for another amount or currency."""


@dataclass(frozen=True, slots=True)
class AttemptFailure:
    """One failed try, as the PaymentIntent's `last_payment_error` tells it."""

    charge_id: str | None
    payment_method_id: str | None
    code: str | None
    decline_code: str | None


@dataclass(frozen=True, slots=True)
class IntentFacts:
    """What Stripe says of one PaymentIntent; amounts in minor units."""

    id: str
    status: str
    amount: int
    currency: str
    amount_received: int = 0
    charge_id: str | None = None
    payment_method_id: str | None = None
    #: When Stripe said it: whole seconds.
    reported_at: datetime | None = None
    failure: AttemptFailure | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Seller:
    """What of the tenant is told to Stripe with every sale."""

    slug: str
    name: str
    statement_descriptor_suffix: str | None


def freeze_intent_request(order: Order, *, seller: Seller, stripe_customer_id: str | None) -> PaymentRequest:
    """The PaymentIntent that Stripe is asked for: what was frozen and not answered yet, else the next attempt."""
    parameters: dict[str, Any] = {
        "amount": order.amount,
        "currency": order.currency,
        "automatic_payment_methods": {"enabled": True},
        **_described(order, seller),
    }
    if stripe_customer_id is not None:
        parameters["customer"] = stripe_customer_id
    return _freeze(order, RequestKind.PAYMENT_INTENT, parameters)


def freeze_session_request(
    order: Order,
    *,
    seller: Seller,
    stripe_customer_id: str | None,
    success_url: str,
    cancel_url: str,
    expires_at: datetime,
) -> PaymentRequest:
    """The Checkout Session that Stripe is asked for: what was frozen and not answered yet, else the next attempt.

    A session's metadata are not copied to its PaymentIntent, so both are given them.
    """
    described = _described(order, seller)
    parameters: dict[str, Any] = {
        "mode": "payment",
        "line_items": [_line_item(order, line) for line in order.lines],
        "success_url": success_url,
        "cancel_url": cancel_url,
        "client_reference_id": order.order_number,
        "metadata": described["metadata"],
        "payment_intent_data": described,
        "expires_at": int(expires_at.timestamp()),
    }
    if stripe_customer_id is not None:
        parameters["customer"] = stripe_customer_id
    elif order.customer_email is not None:
        parameters["customer_email"] = order.customer_email
    return _freeze(order, RequestKind.CHECKOUT_SESSION, parameters)


def _freeze(order: Order, kind: RequestKind, parameters: dict[str, Any]) -> PaymentRequest:
    """Whole and final: a retry, by whichever process, sends exactly this under exactly this key."""
    newest = order.requests[-1] if order.requests else None
    if newest is not None and newest.state is RequestState.FROZEN and newest.kind is kind:
        return newest
    attempt = len(order.requests) + 1
    request = PaymentRequest(
        id=uuid7(),
        attempt=attempt,
        kind=kind,
        parameters=parameters,
        stripe_key=f"lumira-order-{order.id}-{attempt}",
        state=RequestState.FROZEN,
    )
    order.requests.append(request)
    return request


def _described(order: Order, seller: Seller) -> dict[str, Any]:
    """How the payment is called at Stripe and on the buyer's statement."""
    described: dict[str, Any] = {
        "description": f"{seller.name} - {order.product_name}"[:_DESCRIPTION_LENGTH],
        "metadata": stripe_metadata(order, tenant_slug=seller.slug),
    }
    if seller.statement_descriptor_suffix is not None:
        described["statement_descriptor_suffix"] = seller.statement_descriptor_suffix
    return described


def _line_item(order: Order, line: OrderLine) -> dict[str, Any]:
    return {
        "quantity": line.quantity,
        "price_data": {
            "currency": order.currency,
            "unit_amount": line.unit_amount,
            "product_data": {"name": line.product_name},
        },
    }


def stripe_metadata(order: Order, *, tenant_slug: str) -> dict[str, str]:
    """The caller's metadata and ours; ours win."""
    line = order.lines[0]
    is_level = line.level_number is not None and len(order.lines) == 1
    ours = {
        "productId": ",".join(each.product_id for each in order.lines)[:_VALUE_LENGTH],
        "productName": order.product_name[:_VALUE_LENGTH],
        "level": line.product_id if is_level else "",
        "customerEmail": (order.customer_email or "")[:_VALUE_LENGTH],
        "orderNumber": order.order_number,
        "tenant": tenant_slug,
        "source": order.source,
        "timestamp": order.created_at.isoformat(timespec="milliseconds"),
        "requestId": order.request_id or "",
    }
    return {**order.caller_metadata, **ours}


def key_is_stale(request: PaymentRequest, now: datetime) -> bool:
    """Whether Stripe may have forgotten the request's idempotency key."""
    return now - request.created_at > KEY_TRUSTED_FOR


def mark_refused(request: PaymentRequest, *, code: str, message: str) -> None:
    """Stripe said no for good: the next try is a new attempt under a new key."""
    request.state = RequestState.REFUSED
    request.refusal = {"code": code, "message": message}
    request.responded_at = utc_now()


def mark_unknown(request: PaymentRequest) -> None:
    """Stripe failed on its side and would repeat that answer for a day: look there before asking again."""
    request.state = RequestState.UNKNOWN
    request.responded_at = utc_now()


def attach_intent(order: Order, intent: IntentFacts) -> Payment:
    """Tie a PaymentIntent to its order; `PaymentMismatch` if it asks for something else.

    Safe to repeat, and safe if its event was faster than the reply to our own request.
    """
    payment = order.find_payment(intent.id)
    if payment is None:
        if (intent.amount, intent.currency) != (order.amount, order.currency):
            raise PaymentMismatch(intent.id)
        payment = Payment(
            id=uuid7(),
            stripe_payment_intent_id=intent.id,
            state=PaymentState.OPEN,
            amount=intent.amount,
            currency=intent.currency,
            amount_received=0,
            attempts=[],
            ended_attempts=[],
            created_at=utc_now(),
        )
        order.payments.append(payment)
    if order.requests and order.requests[-1].state is RequestState.FROZEN:
        order.requests[-1].state = RequestState.ACCEPTED
        order.requests[-1].responded_at = utc_now()
    return payment


def record_succeeded(order: Order, intent: IntentFacts) -> None:
    """Note that Stripe took the money, and how much of which currency."""
    payment = attach_intent(order, intent)
    # A Checkout Session tells of the money, and not of the charge.
    payment.stripe_charge_id = payment.stripe_charge_id or intent.charge_id
    if payment.state is PaymentState.SUCCEEDED:
        payment.amount_received = max(payment.amount_received, intent.amount_received)
        return
    payment.state = PaymentState.SUCCEEDED
    payment.amount_received = intent.amount_received
    payment.currency = intent.currency
    # Stripe's clock has whole seconds: it must not seem that the payment preceded its own opening.
    payment.succeeded_at = max(intent.reported_at or utc_now(), payment.created_at)


def record_canceled(order: Order, intent: IntentFacts) -> None:
    """Note that the PaymentIntent can no longer be paid."""
    payment = attach_intent(order, intent)
    payment.state = payment.state.furthest(PaymentState.CANCELED)
    payment.canceled_at = payment.canceled_at or utc_now()


def record_processing(order: Order, intent: IntentFacts) -> None:
    """Note that a charge is on its way: its outcome comes later, perhaps in days."""
    payment = attach_intent(order, intent)
    _add_attempt(payment, intent.charge_id or intent.payment_method_id or intent.id)


def record_requires_action(order: Order, intent: IntentFacts) -> None:
    """Note that the buyer has to do something, such as answer their bank."""
    payment = attach_intent(order, intent)
    _add_attempt(payment, intent.payment_method_id or intent.id)


def record_state(order: Order, intent: IntentFacts) -> None:
    """Note what Stripe answers when asked about a PaymentIntent, instead of telling it by events."""
    match intent.status:
        case "succeeded":
            record_succeeded(order, intent)
        case "canceled":
            record_canceled(order, intent)
        case "processing":
            record_processing(order, intent)
        case "requires_action":
            record_requires_action(order, intent)
        case _:
            attach_intent(order, intent)
            if intent.failure is not None:
                record_declined(order, intent)


def end_attempts(order: Order, payment_intent_id: str, attempts: Iterable[str]) -> None:
    """Note that these tries, known before Stripe was asked, are over: Stripe waits for another method.

    Events cannot tell this: a buyer who leaves the bank's page and tries another card ends the first try
    without a word. Only what was known before asking, because another may have begun meanwhile.
    """
    payment = order.find_payment(payment_intent_id)
    if payment is not None:
        payment.ended_attempts = sorted({*(payment.ended_attempts or ()), *attempts})


def _add_attempt(payment: Payment, subject: str) -> None:
    if subject not in payment.attempts:
        # A new list, because a change inside the old one would go unnoticed; sorted, so that order never matters.
        payment.attempts = sorted([*payment.attempts, subject])


def record_declined(order: Order, intent: IntentFacts) -> None:
    """Note one failed try; each counts once, however often and in whatever order it is told."""
    payment = attach_intent(order, intent)
    failure = intent.failure or AttemptFailure(None, None, None, None)
    subject = failure.charge_id or failure.payment_method_id or intent.id
    if any(known.subject == subject for known in order.declines):
        return
    order.declines.append(
        Decline(
            id=uuid7(),
            payment=payment,
            payment_id=payment.id,
            subject=subject,
            stripe_charge_id=failure.charge_id,
            stripe_payment_method_id=failure.payment_method_id,
            code=failure.code,
            decline_code=failure.decline_code,
        )
    )


def has_open_attempt(order: Order, payment: Payment) -> bool:
    """Whether a try on this payment was seen under way and has not been seen to fail."""
    ended: set[str] = set(payment.ended_attempts or ())
    for decline in order.declines:
        if decline.payment_id == payment.id:
            known = (decline.subject, decline.stripe_charge_id, decline.stripe_payment_method_id)
            ended.update(name for name in known if name)
            # A try that could not be told from another one ends with any decline.
            ended.add(payment.stripe_payment_intent_id)
    return any(subject not in ended for subject in payment.attempts)


def has_failed_delayed(order: Order, among: Iterable[Payment]) -> bool:
    """Whether any of these payments was already on its way and came to nothing: the buyer is gone by then.

    Told by a decline of the very charge that was seen processing, in whichever order the two were learned.
    """
    processing = {known for payment in among for known in payment.attempts if not known.startswith("pm_")}
    return any(decline.stripe_charge_id in processing for decline in order.declines)
