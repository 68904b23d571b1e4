"""Stripe's objects of one story as they are now, and the events that Stripe would send about them."""

from dataclasses import dataclass, field
from typing import Any

from tests.support.stories import PAGE_ENDS_AT, PAYER, Story
from tests.support.story_goods import ADDRESS, ParcelFacts
from tests.support.stripe_events import event, payment_intent


@dataclass
class StoryObjects:
    """The objects and events of one order.

    Every id contains `name`, so that two plays of a story differ in nothing else.
    """

    name: str
    order_number: str
    story: Story
    events: list[dict[str, Any]] = field(default_factory=list)
    #: Stripe's objects by id, as its API returns them now.
    objects: dict[str, dict[str, Any]] = field(default_factory=dict)
    #: Minor units of succeeded refunds.
    returned: int = 0
    #: What the shop did with the goods.
    parcels: ParcelFacts = field(default_factory=ParcelFacts)
    #: Whether a PaymentIntent was canceled without an event about it.
    canceled_quietly: bool = False
    #: Which of several sessions and payments of the order the next events are about.
    _mark: str = ""
    #: Minor units by payment: received, and refunded or pending refund.
    _received: dict[str, int] = field(default_factory=dict)
    _refunded: dict[str, int] = field(default_factory=dict)
    #: Refunds that succeeded, including those that failed afterwards.
    _succeeded_refunds: set[str] = field(default_factory=set)
    _was_attempted: bool = False
    _sent: int = 0

    @property
    def total(self) -> int:
        """What Stripe requests now: a second payment that names the order is of the order's amount."""
        return self.story.price if self._mark else self.story.total

    @property
    def currency(self) -> str:
        return "eur" if self._mark else self.story.currency

    @property
    def intent_id(self) -> str:
        return f"pi_{self.name}{self._mark}"

    @property
    def session_id(self) -> str:
        return f"cs_{self.name}{self._mark}"

    def list_objects(self, kind: str, payment_intent_id: str | None = None) -> list[dict[str, Any]]:
        """Return all objects of a kind, or those of one payment, newest first."""
        found = [each for each in self.objects.values() if each["object"] == kind]
        if payment_intent_id is not None:
            found = [each for each in found if each["payment_intent"] == payment_intent_id]
        return list(reversed(found))

    @property
    def is_payable(self) -> bool:
        """Whether a buyer or a bank may still pay."""
        sessions = self.list_objects("checkout.session")
        ended = [each["payment_intent"] for each in sessions if each["status"] == "expired"]
        failed = [
            each["payment_intent"]
            for each in sessions
            if each["status"] == "complete" and not self._is_under_way(each["payment_intent"])
        ]
        return any(each["status"] == "open" for each in sessions) or any(
            intent["status"] not in ("succeeded", "canceled") and intent["id"] not in (*ended, *failed)
            for intent in self.list_objects("payment_intent")
        )

    def _is_under_way(self, intent_id: str | None) -> bool:
        return self.objects.get(intent_id or "", {}).get("status") in ("processing", "requires_action")

    def cancel(self, intent_id: str) -> dict[str, Any] | None:
        """Cancel a PaymentIntent as Stripe does; returns `None` if Stripe refuses that."""
        intent = self.objects[intent_id]
        is_of_session = any(
            each["payment_intent"] == intent_id for each in self.list_objects("checkout.session")
        )
        if is_of_session or not intent["status"].startswith("requires_"):
            return None
        canceled = intent | {"status": "canceled", "next_action": None}
        self._send("payment_intent.canceled", canceled)
        return canceled

    def expire(self, session_id: str) -> dict[str, Any] | None:
        """Expire a Checkout Session as Stripe does, with its PaymentIntent; `None` if Stripe refuses that."""
        session = self.objects[session_id]
        if session["status"] != "open":
            return None
        intent = self.objects.get(session["payment_intent"] or "")
        if intent is not None:
            self._send("payment_intent.canceled", intent | {"status": "canceled", "next_action": None})
        expired = session | {"status": "expired"}
        self._send("checkout.session.expired", expired)
        return expired

    def _name(self, prefix: str, name: object) -> str:
        return f"{prefix}_{self.name}{self._mark}_{name}"

    def _put(self, stripe_object: dict[str, Any]) -> None:
        # The newest object of a kind stays last.
        self.objects[stripe_object["id"]] = stripe_object

    def _send(self, event_type: str, stripe_object: dict[str, Any]) -> None:
        # Readable ids, so that a failing example can be understood.
        self._sent += 1
        self._put(stripe_object)
        self.events.append(event(event_type, stripe_object, id=f"evt_{self.name}_{self._sent}"))

    def _new_intent(self, **fields: Any) -> dict[str, Any]:
        return payment_intent(
            id=self.intent_id,
            amount=self.total,
            currency=self.currency,
            order_number=self.order_number,
            **fields,
        )

    def _intent(self, event_type: str, **fields: Any) -> None:
        self._send(event_type, self._new_intent(**fields))

    def _new_session(self, status: str, payment_status: str = "unpaid") -> dict[str, Any]:
        is_free = payment_status == "no_payment_required"
        has_intent = self._was_attempted or (status == "complete" and not is_free)
        is_typed = status != "open" and (has_intent or is_free)
        return {
            "id": self.session_id,
            "object": "checkout.session",
            # The page changes the total when the buyer pays.
            "amount_total": self.total if status == "complete" else self.story.price,
            "client_reference_id": self.order_number,
            "collected_information": self._collected(is_typed=is_typed),
            "currency": self.currency if status == "complete" else "eur",
            # While a page is open, Stripe returns nothing of its form.
            "customer_details": {"email": PAYER, "name": None} if is_typed else None,
            "expires_at": int(PAGE_ENDS_AT.timestamp()),
            "livemode": False,
            "metadata": {"orderNumber": self.order_number},
            "mode": "payment",
            "payment_intent": self.intent_id if has_intent else None,
            "payment_status": payment_status,
            "status": status,
            "url": None,
        }

    def _collected(self, *, is_typed: bool) -> dict[str, Any] | None:
        """The address that the buyer has entered on the page."""
        if not (is_typed and self.story.has_postage):
            return None
        parts = {name: getattr(ADDRESS, name) for name in ("country", "line1", "postal_code", "city")}
        return {"shipping_details": {"name": ADDRESS.name, "address": parts}}

    def _session(self, event_type: str, status: str, payment_status: str = "unpaid") -> None:
        self._send(f"checkout.session.{event_type}", self._new_session(status, payment_status))

    def _new_charge(self) -> dict[str, Any]:
        received, refunded = self._received[self._mark], self._refunded[self._mark]
        return {
            "id": self._name("ch", "end"),
            "object": "charge",
            "amount": self.total,
            "amount_captured": received,
            # At Stripe, an amount that was authorised and never captured counts as refunded.
            "amount_refunded": refunded + self.total - received,
            "billing_details": {"email": PAYER if self.story.email_from == "charge" else None},
            "captured": True,
            "currency": self.currency,
            "payment_intent": self.intent_id,
            "receipt_email": None,
            "refunded": refunded == received,
            "metadata": {"orderNumber": self.order_number},
        }

    def _charge(self, event_type: str) -> None:
        self._send(event_type, self._new_charge())
