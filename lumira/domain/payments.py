"""Payments: the facts that Stripe reports about PaymentIntents."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from lumira.domain.goods.addresses import Address
from lumira.domain.goods.shipping import record_address
from lumira.models import Decline, Order, Payment, PaymentState
from lumira.models.columns import uuid7
from lumira.models.payment_request import RequestKind, RequestState


class PaymentMismatch(Exception):
    """An unpaid PaymentIntent only names an order, and has another amount or currency."""


@dataclass(frozen=True, slots=True)
class AttemptFailure:
    """One failed attempt, from `last_payment_error` of the PaymentIntent."""

    charge_id: str | None
    payment_method_id: str | None
    code: str | None
    decline_code: str | None


@dataclass(frozen=True, slots=True)
class IntentFacts:
    """The state of one PaymentIntent; amounts in minor units."""

    id: str
    status: str
    amount: int
    currency: str
    amount_received: int = 0
    charge_id: str | None = None
    payment_method_id: str | None = None
    #: When Stripe reported it: whole seconds.
    reported_at: datetime | None = None
    failure: AttemptFailure | None = None
    #: Whether the buyer pays outside the browser, which takes days: by a bank transfer or a voucher.
    is_paid_offline: bool = False
    #: What has arrived of a bank transfer.
    amount_funded: int = 0
    metadata: Mapping[str, str] = field(default_factory=dict)
    #: Where the goods are sent, if Stripe knows it.
    shipping: Address | None = None


def attach_intent(order: Order, intent: IntentFacts, *, now: datetime) -> Payment:
    """Attach a PaymentIntent to its order; `PaymentMismatch`, before anything is changed, if it is not the order's.

    Safe to repeat, and safe if an event arrives before the response to our own request.
    """
    payment = order.find_payment(intent.id)
    if payment is None:
        if not _is_of_order(order, intent):
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
            amount_funded=0,
            created_at=now,
        )
        order.payments.append(payment)
        accept_newest_request(order, RequestKind.PAYMENT_INTENT, now)
    record_address(order, intent.shipping)
    return payment


def _is_of_order(order: Order, intent: IntentFacts) -> bool:
    """Whether a PaymentIntent that names the order is the order's, whatever its amount.

    It is if one of the order's sessions names it, and if it succeeded: money that was received for the order must not
    pass unnoticed. An unpaid one has to be of the order's amount and currency.
    """
    is_of_session = any(session.stripe_payment_intent_id == intent.id for session in order.sessions)
    is_equal = (intent.amount, intent.currency) == (order.amount, order.currency)
    return is_equal or is_of_session or intent.status == "succeeded"


def accept_newest_request(order: Order, kind: RequestKind, now: datetime) -> None:
    """Record that Stripe carried out the newest request of this kind, if no response to it was recorded before.

    For its response, or for an object that was unknown until now. A later event of an object that is attached already,
    or of a payment in an earlier session, says nothing about a request that was sent since.
    """
    newest = order.requests[-1] if order.requests else None
    if newest is not None and newest.kind is kind and newest.state is RequestState.FROZEN:
        newest.state = RequestState.ACCEPTED
        newest.responded_at = now


def record_succeeded(order: Order, intent: IntentFacts, *, now: datetime) -> None:
    """Record that the payment succeeded, and the amount and currency that Stripe received."""
    payment = attach_intent(order, intent, now=now)
    # A Checkout Session reports the payment, but not its charge.
    payment.stripe_charge_id = payment.stripe_charge_id or intent.charge_id
    if payment.state is PaymentState.SUCCEEDED:
        payment.amount_received = max(payment.amount_received, intent.amount_received)
        return
    payment.state = PaymentState.SUCCEEDED
    payment.amount_received = intent.amount_received
    payment.currency = intent.currency
    # Stripe's times have whole seconds: the payment must not seem to precede its own creation.
    payment.succeeded_at = max(intent.reported_at or now, payment.created_at)


def record_canceled(order: Order, intent: IntentFacts, *, now: datetime) -> None:
    """Record that the PaymentIntent can no longer be paid."""
    payment = attach_intent(order, intent, now=now)
    payment.state = payment.state.furthest(PaymentState.CANCELED)
    payment.canceled_at = payment.canceled_at or now


def record_processing(order: Order, intent: IntentFacts, *, now: datetime) -> None:
    """Record that a charge is processing; its outcome may take days."""
    payment = attach_intent(order, intent, now=now)
    _add_attempt(payment, _charging_attempt(intent))


def record_requires_action(order: Order, intent: IntentFacts, *, now: datetime) -> None:
    """Record that the buyer has to act, for example to authenticate with their bank."""
    payment = attach_intent(order, intent, now=now)
    _add_attempt(payment, _asking_attempt(intent))
    if intent.is_paid_offline:
        payment.transfer_began_at = payment.transfer_began_at or now
        payment.amount_funded = max(payment.amount_funded, intent.amount_funded)


def waits_for_transfer(order: Order, payment: Payment) -> bool:
    """Whether the buyer was asked to pay by a bank transfer or a voucher, and the money has not arrived whole."""
    is_open = payment.state is PaymentState.OPEN and payment.transfer_began_at is not None
    return is_open and has_open_attempt(order, payment)


def is_partly_funded(payment: Payment) -> bool:
    """Whether a part of a bank transfer has arrived, and the payment did not succeed."""
    return not payment.has_succeeded and bool(payment.amount_funded)


def record_state(order: Order, intent: IntentFacts, *, now: datetime) -> None:
    """Record the state of a PaymentIntent that was retrieved from Stripe, as its events would have."""
    match intent.status:
        case "succeeded":
            record_succeeded(order, intent, now=now)
        case "canceled":
            record_canceled(order, intent, now=now)
        case "processing":
            record_processing(order, intent, now=now)
        case "requires_action":
            record_requires_action(order, intent, now=now)
        case _:
            attach_intent(order, intent, now=now)
            if intent.failure is not None:
                record_declined(order, intent, now=now)


def is_known(order: Order, intent: IntentFacts) -> bool:
    """Whether the intent still waits to be paid, and recording its state would change nothing about the order."""
    payment = order.find_payment(intent.id)
    if payment is None or payment.state is not PaymentState.OPEN or intent.is_paid_offline:
        return False
    match intent.status:
        case "requires_payment_method":
            is_recorded = intent.failure is None or _is_decline_known(order, _subject_of(intent))
            return is_recorded and not has_open_attempt(order, payment)
        case "processing":
            return _charging_attempt(intent) in _open_attempts(order, payment)
        case "requires_action":
            return _asking_attempt(intent) in _open_attempts(order, payment)
        case _:
            return False


def end_attempts(order: Order, payment_intent_id: str, attempts: Iterable[str]) -> None:
    """Record that these attempts are over: Stripe requires another payment method.

    No event reports this: a buyer who leaves the bank's page and tries another card ends the first attempt without
    one. `attempts` are those known before Stripe was called, because another may have begun meanwhile.
    """
    payment = order.find_payment(payment_intent_id)
    if payment is not None:
        payment.ended_attempts = sorted({*(payment.ended_attempts or ()), *attempts})


def _add_attempt(payment: Payment, attempt: str) -> None:
    if attempt not in payment.attempts:
        # A new list, because a change inside the old one is not detected; sorted, so that order does not matter.
        payment.attempts = sorted([*payment.attempts, attempt])


def record_declined(order: Order, intent: IntentFacts, *, now: datetime) -> None:
    """Record one failed attempt; each counts once, however often and in whatever order it is reported."""
    payment = attach_intent(order, intent, now=now)
    failure = intent.failure or AttemptFailure(None, None, None, None)
    subject = _subject_of(intent)
    if _is_decline_known(order, subject):
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


def _charging_attempt(intent: IntentFacts) -> str:
    return intent.charge_id or intent.payment_method_id or intent.id


def _asking_attempt(intent: IntentFacts) -> str:
    return intent.payment_method_id or intent.id


def _subject_of(intent: IntentFacts) -> str:
    failure = intent.failure
    return (failure and (failure.charge_id or failure.payment_method_id)) or intent.id


def _is_decline_known(order: Order, subject: str) -> bool:
    return any(decline.subject == subject for decline in order.declines)


def has_open_attempt(order: Order, payment: Payment) -> bool:
    """Whether an attempt on this payment has begun and is not known to have failed."""
    return bool(_open_attempts(order, payment))


def has_open_charge(order: Order, payment: Payment) -> bool:
    """Whether a charge of this payment is processing, which the buyer can no longer stop."""
    return any(attempt.startswith(("ch_", "py_")) for attempt in _open_attempts(order, payment))


def _open_attempts(order: Order, payment: Payment) -> list[str]:
    ended: set[str] = set(payment.ended_attempts or ())
    for decline in order.declines:
        if decline.payment_id == payment.id:
            ids = (decline.subject, decline.stripe_charge_id, decline.stripe_payment_method_id)
            ended.update(stripe_id for stripe_id in ids if stripe_id)
            # An attempt that is only known by its PaymentIntent ends with any decline.
            ended.add(payment.stripe_payment_intent_id)
    return [attempt for attempt in payment.attempts if attempt not in ended]


def has_failed_delayed(order: Order, payments: Iterable[Payment]) -> bool:
    """Whether a delayed payment among these failed: the buyer has left the page by then.

    It is known by a decline of the very charge that was processing, in whichever order the two were reported.
    """
    processing = {
        attempt for payment in payments for attempt in payment.attempts if not attempt.startswith("pm_")
    }
    return any(decline.stripe_charge_id in processing for decline in order.declines)
