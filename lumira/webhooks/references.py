"""By what the order of an event is found."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lumira.services.read_stripe import MalformedObject, is_storable, read_metadata


@dataclass(frozen=True, slots=True)
class Reference:
    """The payment that an object is about, and the order number in its metadata, if any.

    Every payment of ours is a PaymentIntent: an object without one is about somebody else's.
    """

    payment_intent_id: str | None
    order_number: str | None


def reference_of(stripe_object: Mapping[str, Any]) -> Reference:
    """How to find the object's order; `MalformedObject` if what it names is no payment.

    Refunds and disputes carry no metadata of the payment: for them only the id leads to the order.
    """
    is_intent = stripe_object.get("object") == "payment_intent"
    name = "id" if is_intent else "payment_intent"
    payment_intent_id = stripe_object.get(name)
    if isinstance(payment_intent_id, Mapping):
        payment_intent_id = payment_intent_id.get("id")
    if payment_intent_id is None and not is_intent:
        return Reference(None, None)
    if not is_storable(payment_intent_id) or not payment_intent_id.startswith("pi_"):
        raise MalformedObject(name)
    number = read_metadata(stripe_object).get("orderNumber")
    # Only what asks for an amount can be compared with the order that it names.
    is_comparable = stripe_object.get("object") in ("payment_intent", "charge")
    return Reference(payment_intent_id, number if is_comparable and is_storable(number) else None)
