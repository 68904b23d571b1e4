"""Which payment, session or order number an event's object refers to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lumira.domain import stripe_metadata
from lumira.domain.stripe_objects import MalformedObject, is_storable, read_metadata

#: Objects with an amount, which is compared with the order's before they are attached to it. The order number of
#: any other object is not trusted.
_WITH_AMOUNT = ("payment_intent", "charge", "checkout.session")


@dataclass(frozen=True, slots=True)
class Reference:
    """What an object's order is found by: a payment, a Checkout Session, or the order number in its metadata.

    Every payment of Lumira is a PaymentIntent: an object without one is foreign, unless it is a session, whose
    PaymentIntent exists only once a buyer pays.
    """

    payment_intent_id: str | None
    order_number: str | None
    session_id: str | None = None

    @property
    def may_find_order(self) -> bool:
        """Whether an order may still appear that the object belongs to."""
        return self.payment_intent_id is not None or (
            self.session_id is not None and self.order_number is not None
        )


def read_reference(stripe_object: Mapping[str, Any]) -> Reference:
    """Return what the object's order is found by; raises `MalformedObject` if the id of its payment is unusable.

    Refunds and disputes carry no metadata of the payment: for them only the payment's id leads to the order.
    """
    kind = stripe_object.get("object")
    number = read_metadata(stripe_object).get(stripe_metadata.ORDER_NUMBER) if kind in _WITH_AMOUNT else None
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
