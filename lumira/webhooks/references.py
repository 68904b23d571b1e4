"""Which payment, session or order number an event's object refers to, and whose it says to be."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lumira.domain.stripe import metadata as stripe_metadata
from lumira.domain.stripe.objects import MalformedObject, is_storable, read_metadata
from lumira.formats import ORDER_NUMBER_PATTERN

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
    #: The tenant that the metadata name.
    tenant_slug: str | None = None
    #: Whether objects of this kind carry the metadata of their payment.
    has_metadata: bool = False

    def may_find_order(self, tenant_slug: str) -> bool:
        """Whether an order of this tenant may still appear that the object belongs to.

        Everything that Lumira requests has its tenant and its order number in the metadata, so that the sales of
        another shop with the same Stripe account are known at once.
        """
        if self.has_metadata:
            return self.order_number is not None and self.tenant_slug == tenant_slug
        return self.payment_intent_id is not None

    def order_number_for(self, tenant_slug: str) -> str | None:
        """Return the order number, if the metadata name this tenant."""
        return self.order_number if self.tenant_slug == tenant_slug else None


def read_reference(stripe_object: Mapping[str, Any]) -> Reference:
    """Return what the object's order is found by; raises `MalformedObject` if the id of its payment is unusable.

    Refunds and disputes carry no metadata of the payment: for them only the payment's id leads to the order.
    """
    kind = stripe_object.get("object")
    if kind not in _WITH_AMOUNT:
        return Reference(_optional_intent(stripe_object), None)
    metadata = read_metadata(stripe_object)
    payment_intent_id, session_id = _ids(stripe_object)
    is_payable = payment_intent_id is not None or session_id is not None
    return Reference(
        payment_intent_id,
        read_order_number(metadata) if is_payable else None,
        session_id,
        tenant_slug=metadata.get(stripe_metadata.TENANT),
        has_metadata=True,
    )


def read_order_number(metadata: Mapping[str, str]) -> str | None:
    """Return the order number in an object's metadata; `None` if it has none of Lumira's shape."""
    number = metadata.get(stripe_metadata.ORDER_NUMBER, "")
    return number if ORDER_NUMBER_PATTERN.fullmatch(number) else None


def _ids(stripe_object: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Return the ids of the object's PaymentIntent and Checkout Session."""
    kind = stripe_object.get("object")
    if kind == "checkout.session":
        return _optional_intent(stripe_object), _id(stripe_object.get("id"), "id", "cs_")
    if kind == "payment_intent":
        return _id(stripe_object.get("id"), "id", "pi_"), None
    return _optional_intent(stripe_object), None


def _optional_intent(stripe_object: Mapping[str, Any]) -> str | None:
    intent = stripe_object.get("payment_intent")
    if isinstance(intent, Mapping):
        intent = intent.get("id")
    return None if intent is None else _id(intent, "payment_intent", "pi_")


def _id(value: object, name: str, prefix: str) -> str:
    if not is_storable(value) or not value.startswith(prefix):
        raise MalformedObject(name)
    return value
