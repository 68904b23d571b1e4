"""PaymentIntents: paid, under way, declined, canceled."""

from lumira.domain import payments
from lumira.domain.payments import IntentFacts
from lumira.domain.stripe_objects import MalformedObject, read_intent
from lumira.models import Order
from lumira.webhooks.registry import EventObject, handles


def _intent(told: EventObject) -> IntentFacts:
    return read_intent(told.object, reported_at=told.at)


@handles("payment_intent.succeeded")
def payment_intent_succeeded(order: Order, told: EventObject) -> None:
    """Paid. What was received is compared with the order when it is settled."""
    intent = _intent(told)
    if intent.status != "succeeded":
        raise MalformedObject("status")
    if "amount_received" not in told.object:
        raise MalformedObject("amount_received")
    payments.record_succeeded(order, intent)


@handles("payment_intent.processing")
def payment_intent_processing(order: Order, told: EventObject) -> None:
    """A delayed method was accepted; the money may still not come."""
    payments.record_processing(order, _intent(told))


@handles("payment_intent.requires_action")
def payment_intent_requires_action(order: Order, told: EventObject) -> None:
    """The buyer has to answer their bank."""
    payments.record_requires_action(order, _intent(told))


@handles("payment_intent.payment_failed")
def payment_intent_payment_failed(order: Order, told: EventObject) -> None:
    """One try failed; the same intent may still succeed."""
    payments.record_declined(order, _intent(told))


@handles("payment_intent.canceled")
def payment_intent_canceled(order: Order, told: EventObject) -> None:
    """The intent can no longer be paid."""
    payments.record_canceled(order, _intent(told))
