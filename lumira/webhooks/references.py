"""By what the order of an event is found."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lumira.domain.stripe_objects import MalformedObject, is_storable, read_metadata


@dataclass(frozen=True, slots=True)
class Reference:
    """The payment or Checkout Session that an object is about, and the order number in its metadata, if any.

    Every payment of ours is a PaymentIntent: an object without one is about somebody else's, unless it is a
    session, whose PaymentIntent exists only once somebody pays.
    """

    payment_intent_id: str | None
    order_number: str | None
    session_id: str | None = None

    @property
    def is_ours_to_find(self) -> bool:
        """Whether there is anything by which its order may still turn up."""
        return self.payment_intent_id is not None or (
            self.session_id is not None and self.order_number is not None
        )


#: What asks for an amount can be compared with the order that it names; nothing else is believed.
_COMPARABLE = ("payment_intent", "charge", "checkout.session")


def reference_of(stripe_object: Mapping[str, Any]) -> Reference:
    """How to find the object's order; `MalformedObject` if what it names is no payment.

    Refunds and disputes carry no metadata of the payment: for them only the id leads to the order.
    """
    kind = stripe_object.get("object")
    number = read_metadata(stripe_object).get("orderNumber") if kind in _COMPARABLE else None
    number = number if is_storable(number) else None
    if kind == "checkout.session":
        session_id = _id(stripe_object.get("id"), "id", "cs_")
        return Reference(_optional_intent(stripe_object), number, session_id)
    if kind == "payment_intent":
        return Reference(_id(stripe_object.get("id"), "id", "pi_"), number)
    intent_id = _optional_intent(stripe_object)
    return Reference(intent_id, number if intent_id is not None else None)


def _optional_intent(stripe_object: Mapping[str, Any]) -> str | None:
    intent = stripe_object.get("payment_intent")
    if isinstance(intent, Mapping):
        intent = intent.get("id")
    return None if intent is None else _id(intent, "payment_intent", "pi_")


def _id(value: object, name: str, prefix: str) -> str:
    if not is_storable(value) or not value.startswith(prefix):
        raise MalformedObject(name)
    return value
