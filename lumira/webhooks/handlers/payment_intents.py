"""PaymentIntents: succeeded, processing, declined, canceled."""

from lumira.domain import payments
from lumira.domain.payments import IntentFacts
from lumira.domain.stripe.objects import MalformedObject, read_intent
from lumira.models import Order
from lumira.webhooks.registry import EventObject, handles


def _read(event: EventObject) -> IntentFacts:
    return read_intent(event.object, reported_at=event.reported_at)


@handles("payment_intent.succeeded")
def payment_intent_succeeded(order: Order, event: EventObject) -> None:
    """Record the payment; settling compares the amount received with the order's."""
    intent = _read(event)
    if intent.status != "succeeded":
        raise MalformedObject("status")
    if "amount_received" not in event.object:
        raise MalformedObject("amount_received")
    payments.record_succeeded(order, intent, now=event.now)


@handles("payment_intent.processing")
def payment_intent_processing(order: Order, event: EventObject) -> None:
    """Record that a delayed payment method was accepted; the payment may still fail."""
    payments.record_processing(order, _read(event), now=event.now)


@handles("payment_intent.requires_action", "payment_intent.partially_funded")
def payment_intent_requires_action(order: Order, event: EventObject) -> None:
    """Record that the buyer has to authenticate the payment, or that a part of a bank transfer has arrived."""
    payments.record_requires_action(order, _read(event), now=event.now)


@handles("payment_intent.payment_failed")
def payment_intent_payment_failed(order: Order, event: EventObject) -> None:
    """Record one declined attempt; the same intent may still succeed."""
    payments.record_declined(order, _read(event), now=event.now)


@handles("payment_intent.canceled")
def payment_intent_canceled(order: Order, event: EventObject) -> None:
    """Record that the intent can no longer be paid."""
    payments.record_canceled(order, _read(event), now=event.now)
