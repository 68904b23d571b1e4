"""Life stories of a payment: what Stripe does and tells, in its own order, from a model of its lifecycle."""

from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from tests.stripe_events import declined, event, payment_intent

#: How a try of the buyer's goes wrong before the payment ends.
TRIES = ("declined", "action_refused", "action_declined", "debit_bounced")
ENDINGS = (
    "paid",
    "paid_after_action",
    "paid_by_debit",
    "canceled",
    "left_open",
    "left_processing",
    "mismatch",
)
#: What becomes of a refund after it was made.
REFUND_FATES = (
    "succeeded",
    "pending",
    "pending_succeeded",
    "pending_failed",
    "failed_later",
    "action_canceled",
)
#: What becomes of a dispute after it came.
DISPUTE_FATES = (
    "inquiry",
    "inquiry_closed",
    "escalated_won",
    "open",
    "won",
    "lost",
    "lost_at_once",
    "late_win",
)


@dataclass(frozen=True)
class Story:
    """One life: what is tried, how it ends, what goes back afterwards."""

    tries: tuple[str, ...] = ()
    ending: str = "left_open"
    #: Percent of the price, and fate.
    refunds: tuple[tuple[int, str], ...] = ()
    disputes: tuple[tuple[int, str], ...] = ()


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """Any life that a payment can have at Stripe."""
    tries = draw(st.lists(st.sampled_from(TRIES), max_size=3))
    ending = draw(st.sampled_from(ENDINGS))
    if not ending.startswith("paid"):
        return Story(tuple(tries), ending)
    percent = st.sampled_from((1, 10, 33, 50, 67, 100))
    refunds = draw(st.lists(st.tuples(percent, st.sampled_from(REFUND_FATES)), max_size=4))
    disputes = draw(
        st.lists(st.tuples(st.sampled_from((20, 100, 110)), st.sampled_from(DISPUTE_FATES)), max_size=2)
    )
    return Story(tuple(tries), ending, tuple(refunds), tuple(disputes))


@dataclass
class Teller:
    """Plays a story for one PaymentIntent and keeps the events that Stripe would send, in order."""

    intent_id: str
    order_number: str
    amount: int = 4700
    currency: str = "eur"
    events: list[dict[str, Any]] = field(default_factory=list)
    _refunded: int = 0
    _made: int = 0

    def tell(self, story: Story) -> list[dict[str, Any]]:
        for number, trial in enumerate(story.tries):
            self._try(trial, f"{number}")
        self._end(story.ending)
        for number, (percent, fate) in enumerate(story.refunds):
            self._refund(self.amount * percent // 100, fate, number)
        for number, (percent, fate) in enumerate(story.disputes):
            self._dispute(self.amount * percent // 100, fate, number)
        return self.events

    def _name(self, prefix: str, name: object) -> str:
        return f"{prefix}_{self.intent_id.removeprefix('pi_')}_{name}"

    def _tell(self, event_type: str, stripe_object: dict[str, Any]) -> None:
        # The id says what it is about, so that a failing example can be read.
        self._made += 1
        self.events.append(event(event_type, stripe_object, id=self._name("evt", self._made)))

    def _intent(self, event_type: str, **fields: Any) -> None:
        intent = payment_intent(
            id=self.intent_id,
            amount=self.amount,
            currency=self.currency,
            order_number=self.order_number,
            **fields,
        )
        self._tell(event_type, intent)

    def _acts(self, name: str) -> None:
        method = self._name("pm", name)
        self._intent("payment_intent.requires_action", status="requires_action", payment_method=method)

    def _processes(self, name: str) -> None:
        charge, method = self._name("ch", name), self._name("pm", name)
        self._intent(
            "payment_intent.processing", status="processing", latest_charge=charge, payment_method=method
        )

    def _fails(self, name: str, *, charge: bool = True) -> None:
        error = declined(self._name("ch", name), payment_method=self._name("pm", name))
        if not charge:
            error["charge"] = None
        self._intent("payment_intent.payment_failed", last_payment_error=error)

    def _try(self, trial: str, name: str) -> None:
        if trial.startswith("action"):
            self._acts(name)
        if trial == "debit_bounced":
            self._processes(name)
        self._fails(name, charge=trial != "action_refused")

    def _end(self, ending: str) -> None:
        if ending == "paid_after_action":
            self._acts("end")
        if ending in ("paid_by_debit", "left_processing"):
            self._processes("end")
        if ending == "canceled":
            self._intent("payment_intent.canceled", status="canceled")
        if ending.startswith("paid"):
            self._intent(
                "payment_intent.succeeded", status="succeeded", latest_charge=self._name("ch", "end")
            )
        if ending == "mismatch":
            self._intent(
                "payment_intent.succeeded",
                status="succeeded",
                amount_received=self.amount - 1,
                latest_charge="ch_m",
            )

    def _charge(self, event_type: str) -> None:
        self._tell(
            event_type,
            {
                "id": self._name("ch", "end"),
                "object": "charge",
                "amount": self.amount,
                "amount_captured": self.amount,
                "amount_refunded": self._refunded,
                "captured": True,
                "currency": self.currency,
                "payment_intent": self.intent_id,
                "refunded": self._refunded == self.amount,
                "metadata": {"orderNumber": self.order_number},
            },
        )

    def _refund(self, amount: int, fate: str, number: int) -> None:
        if amount == 0 or amount > self.amount - self._refunded:
            return

        def told(event_type: str, status: str) -> None:
            self._tell(
                event_type,
                {
                    "id": self._name("re", number),
                    "object": "refund",
                    "amount": amount,
                    "charge": self._name("ch", "end"),
                    "currency": self.currency,
                    "payment_intent": self.intent_id,
                    "status": status,
                    "metadata": {},
                },
            )

        first = {"succeeded": "succeeded", "failed_later": "succeeded", "action_canceled": "requires_action"}
        self._refunded += amount
        told("refund.created", first.get(fate, "pending"))
        self._charge("charge.refunded")
        if fate == "pending_succeeded":
            told("charge.refund.updated", "succeeded")
            told("refund.updated", "succeeded")
        if fate in ("pending_failed", "failed_later", "action_canceled"):
            self._refunded -= amount
            last = "canceled" if fate == "action_canceled" else "failed"
            told("charge.refund.updated", last)
            told("refund.updated" if last == "canceled" else "refund.failed", last)

    def _dispute(self, amount: int, fate: str, number: int) -> None:
        movements: list[dict[str, str]] = []

        def told(event_type: str, status: str) -> None:
            self._tell(
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
            told("funds_withdrawn", status)

        def reinstated() -> None:
            movements.append({"id": f"txn_{len(movements)}"})
            told("funds_reinstated", "won")

        if fate.startswith(("inquiry", "escalated")):
            told("created", "warning_needs_response")
            told("updated", "warning_under_review")
        elif fate == "lost_at_once":
            told("created", "lost")
            withdrawn("lost")
            told("closed", "lost")
        else:
            told("created", "needs_response")
            withdrawn("needs_response")
            told("updated", "under_review")
        if fate == "inquiry_closed":
            told("closed", "warning_closed")
        if fate == "escalated_won":
            told("updated", "needs_response")
            withdrawn("needs_response")
        if fate in ("lost", "late_win"):
            told("closed", "lost")
        if fate in ("won", "escalated_won", "late_win"):
            told("closed", "won")
            reinstated()
