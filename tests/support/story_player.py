"""The events that Stripe sends for a story, in its own order, from a model of the lifecycles of its objects."""

from dataclasses import dataclass, field
from typing import Any

from tests.support.stories import GOODS, NOT_RESTOCKED, PAGE_ENDS_AT, PAYER, Story
from tests.support.stripe_events import declined, event, payment_intent


@dataclass
class StoryPlayer:
    """Plays a story for one order, and collects the events that Stripe would send, in order.

    Every id contains `name`, so that two plays of a story differ in nothing else.
    """

    name: str
    order_number: str
    story: Story
    currency: str = "eur"
    events: list[dict[str, Any]] = field(default_factory=list)
    #: Minor units of succeeded refunds.
    returned: int = 0
    #: Which of several sessions and payments of the order the next events are about.
    _mark: str = ""
    #: Minor units by payment: received, and refunded or pending refund.
    _received: dict[str, int] = field(default_factory=dict)
    _refunded: dict[str, int] = field(default_factory=dict)
    _was_attempted: bool = False
    _sent: int = 0

    def play(self) -> list[dict[str, Any]]:
        if self.story.earlier is not None:
            self._mark = "e"
            self._play_earlier(self.story.earlier)
            self._mark, self._was_attempted = "", False
        for number, attempt in enumerate(self.story.attempts):
            self._fail_attempt(attempt, f"{number}")
        if self.story.on_page:
            self._end_on_page(self.story.ending)
        else:
            self._end(self.story.ending)
        for number, (percent, outcome) in enumerate(self.story.refunds):
            self._refund(self._received[""] * percent // 100, outcome, f"{number}")
        for number, (percent, outcome) in enumerate(self.story.disputes):
            self._dispute(self.story.price * percent // 100, outcome, number)
        if self.story.is_paid_again:
            self._mark = "s"
            self._succeeds()
        return self.events

    def play_refund(self, intent_id: str, amount: int, request_id: str | None) -> list[dict[str, Any]]:
        """Play a refund that Lumira requested; returns its events only."""
        first = len(self.events)
        self._mark = intent_id.removeprefix(f"pi_{self.name}")
        self._refund(amount, "pending_succeeded", "requested", {"refundRequest": request_id or ""})
        return self.events[first:]

    @property
    def status(self) -> str | None:
        """The status that the order must have, from the story alone; `None` if more than its ending decides."""
        ending, is_refunded = self.story.ending, self._refunded == self._received
        if self.story.has_right_amount:
            return None if self.story.refunds or self.story.disputes else "completed"
        if ending == "mismatch":
            return "refunded" if is_refunded else "processing"
        if ending == "left_open":
            return "failed" if self.story.attempts else "pending"
        return {"debit_failed": "failed", "left_processing": "processing"}.get(ending, "cancelled")

    @property
    def stock_states(self) -> dict[str, str]:
        """The state that the stock of each product must have, from the story alone."""
        return {
            product: self._state_of(product, is_reserved=self.status in ("processing", "pending"))
            for product, _ in self.story.items
            if product in GOODS
        }

    def _state_of(self, product: str, *, is_reserved: bool) -> str:
        if self.story.has_right_amount:
            is_fully_refunded = self.returned == sum(self._received.values())
            return "released" if is_fully_refunded and product != NOT_RESTOCKED else "sold"
        if self.story.ending == "left_open":
            # After a bounced debit the stock is released at once; a card may be tried again.
            is_reserved |= not self.story.releases_at_once and "debit_bounced" not in self.story.attempts
        return "reserved" if is_reserved else "released"

    @property
    def intent_id(self) -> str:
        return f"pi_{self.name}{self._mark}"

    @property
    def session_id(self) -> str:
        return f"cs_{self.name}{self._mark}"

    def _name(self, prefix: str, name: object) -> str:
        return f"{prefix}_{self.name}{self._mark}_{name}"

    def _send(self, event_type: str, stripe_object: dict[str, Any]) -> None:
        # Readable ids, so that a failing example can be understood.
        self._sent += 1
        self.events.append(event(event_type, stripe_object, id=f"evt_{self.name}_{self._sent}"))

    def _intent(self, event_type: str, **fields: Any) -> None:
        intent = payment_intent(
            id=self.intent_id,
            amount=self.story.price,
            currency=self.currency,
            order_number=self.order_number,
            **fields,
        )
        self._send(event_type, intent)

    def _session(self, event_type: str, status: str, payment_status: str = "unpaid") -> None:
        has_intent = self._was_attempted or status == "complete"
        self._send(
            f"checkout.session.{event_type}",
            {
                "id": self.session_id,
                "object": "checkout.session",
                "amount_total": self.story.price,
                "client_reference_id": self.order_number,
                "currency": self.currency,
                "customer_details": {"email": PAYER, "name": None} if has_intent else None,
                "expires_at": int(PAGE_ENDS_AT.timestamp()),
                "livemode": False,
                "metadata": {"orderNumber": self.order_number},
                "mode": "payment",
                "payment_intent": self.intent_id if has_intent else None,
                "payment_status": payment_status,
                "status": status,
                "url": None,
            },
        )

    def _acts(self, name: str) -> None:
        self._was_attempted = True
        method = self._name("pm", name)
        self._intent("payment_intent.requires_action", status="requires_action", payment_method=method)

    def _processes(self, name: str) -> None:
        charge, method = self._name("ch", name), self._name("pm", name)
        self._intent(
            "payment_intent.processing", status="processing", latest_charge=charge, payment_method=method
        )

    def _fails(self, name: str, *, charge: bool = True) -> None:
        self._was_attempted = True
        error = declined(self._name("ch", name), payment_method=self._name("pm", name))
        if not charge:
            error["charge"] = None
        self._intent("payment_intent.payment_failed", last_payment_error=error)

    def _succeeds(self, *, missing: int = 0) -> None:
        self._received[self._mark] = self.story.price - missing
        self._refunded[self._mark] = 0
        self._intent(
            "payment_intent.succeeded",
            status="succeeded",
            amount_received=self._received[self._mark],
            latest_charge=self._name("ch", "end"),
        )

    def _canceled(self) -> None:
        self._intent("payment_intent.canceled", status="canceled")

    def _fail_attempt(self, attempt: str, name: str) -> None:
        if attempt.startswith("action"):
            self._acts(name)
        if attempt == "debit_bounced":
            self._processes(name)
        self._fails(name, charge=attempt != "action_refused")

    def _end(self, ending: str) -> None:
        if ending == "paid_after_action":
            self._acts("end")
        if ending in ("paid_by_debit", "left_processing"):
            self._processes("end")
        if ending == "canceled":
            self._canceled()
        if ending.startswith("paid"):
            self._succeeds()
        if ending == "mismatch":
            self._succeeds(missing=1)

    def _play_earlier(self, earlier: str) -> None:
        if earlier.startswith("declined"):
            self._fail_attempt("declined", "0")
        if earlier == "debit_failed":
            self._end_on_page("debit_failed")
        else:
            self._expires(quietly=earlier.endswith("quietly"))

    def _end_on_page(self, ending: str) -> None:
        if ending in ("paid_after_action", "expired_while_acting"):
            self._acts("end")
        if ending.startswith("expired"):
            self._expires(quietly=ending != "expired")
        elif ending in ("paid_by_debit", "debit_failed", "left_processing"):
            self._end_by_debit(ending)
        elif ending.startswith("paid"):
            self._succeeds()
            self._session("completed", "complete", "paid")

    def _end_by_debit(self, ending: str) -> None:
        self._processes("end")
        self._session("completed", "complete")
        if ending == "paid_by_debit":
            self._succeeds()
            self._session("async_payment_succeeded", "complete", "paid")
        if ending == "debit_failed":
            self._fails("end")
            self._session("async_payment_failed", "complete")

    def _expires(self, *, quietly: bool) -> None:
        """Expire the session; Stripe cancels its PaymentIntent too, with or without an event about it."""
        if self._was_attempted and not quietly:
            self._canceled()
        self._session("expired", "expired")

    def _charge(self, event_type: str) -> None:
        received, refunded = self._received[self._mark], self._refunded[self._mark]
        self._send(
            event_type,
            {
                "id": self._name("ch", "end"),
                "object": "charge",
                "amount": self.story.price,
                "amount_captured": received,
                # At Stripe, an amount that was authorised and never captured counts as refunded.
                "amount_refunded": refunded + self.story.price - received,
                "captured": True,
                "currency": self.currency,
                "payment_intent": self.intent_id,
                "refunded": refunded == received,
                "metadata": {"orderNumber": self.order_number},
            },
        )

    def _refund(self, amount: int, outcome: str, name: str, metadata: dict[str, str] | None = None) -> None:
        if amount == 0 or amount > self._received[self._mark] - self._refunded[self._mark]:
            return

        def send(event_type: str, status: str) -> None:
            self._send(
                event_type,
                {
                    "id": self._name("re", name),
                    "object": "refund",
                    "amount": amount,
                    "charge": self._name("ch", "end"),
                    "currency": self.currency,
                    "payment_intent": self.intent_id,
                    "status": status,
                    "metadata": metadata or {},
                },
            )

        first = {"succeeded": "succeeded", "failed_later": "succeeded", "action_canceled": "requires_action"}
        self._refunded[self._mark] += amount
        send("refund.created", first.get(outcome, "pending"))
        self._charge("charge.refunded")
        if outcome in ("succeeded", "pending_succeeded"):
            self.returned += amount
        if outcome == "pending_succeeded":
            send("charge.refund.updated", "succeeded")
            send("refund.updated", "succeeded")
        if outcome in ("pending_failed", "failed_later", "action_canceled"):
            self._refunded[self._mark] -= amount
            last = "canceled" if outcome == "action_canceled" else "failed"
            send("charge.refund.updated", last)
            send("refund.updated" if last == "canceled" else "refund.failed", last)

    def _dispute(self, amount: int, outcome: str, number: int) -> None:
        movements: list[dict[str, str]] = []

        def send(event_type: str, status: str) -> None:
            self._send(
                f"charge.dispute.{event_type}",
                {
                    "id": self._name("du", number),
                    "object": "dispute",
                    "amount": amount,
                    "balance_transactions": list(movements),
                    "charge": self._name("ch", "end"),
                    "currency": self.currency,
                    "evidence_details": {"due_by": 1_900_000_000},
                    "payment_intent": self.intent_id,
                    "reason": "fraudulent",
                    "status": status,
                    "metadata": {},
                },
            )

        def withdrawn(status: str) -> None:
            movements.append({"id": f"txn_{len(movements)}"})
            send("funds_withdrawn", status)

        def reinstated() -> None:
            movements.append({"id": f"txn_{len(movements)}"})
            send("funds_reinstated", "won")

        if outcome.startswith(("inquiry", "escalated")):
            send("created", "warning_needs_response")
            send("updated", "warning_under_review")
        elif outcome == "lost_at_once":
            send("created", "lost")
            withdrawn("lost")
            send("closed", "lost")
        else:
            send("created", "needs_response")
            withdrawn("needs_response")
            send("updated", "under_review")
        if outcome == "inquiry_closed":
            send("closed", "warning_closed")
        if outcome == "escalated_won":
            send("updated", "needs_response")
            withdrawn("needs_response")
        if outcome in ("lost", "late_win"):
            send("closed", "lost")
        if outcome in ("won", "escalated_won", "late_win"):
            send("closed", "won")
            reinstated()
