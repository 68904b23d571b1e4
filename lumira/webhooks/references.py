"""By what the order of an event is found."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lumira.services.read_stripe import MalformedObject, is_storable, read_metadata


@dataclass(frozen=True, slots=True)
class Reference:
    """The payment that an object is about, and the order number in its metadata, if any."""

    payment_intent_id: str
    order_number: str | None


def reference_of(stripe_object: Mapping[str, Any]) -> Reference:
    """How to find the object's order; `MalformedObject` if it names no payment.

    Refunds and disputes carry no metadata of the payment: for them only the id leads to the order.
    """
    name = "id" if stripe_object.get("object") == "payment_intent" else "payment_intent"
    payment_intent_id = stripe_object.get(name)
    if not is_storable(payment_intent_id) or not payment_intent_id.startswith("pi_"):
        raise MalformedObject(name)
    number = read_metadata(stripe_object).get("orderNumber")
    return Reference(payment_intent_id, number if is_storable(number) else None)
