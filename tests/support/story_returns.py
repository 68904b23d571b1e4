"""What happens to the money of a payment in a story: refunds, fraud warnings and disputes, each with its events."""

from dataclasses import dataclass
from typing import Any

from tests.support.story_objects import StoryObjects


@dataclass
class StoryReturns(StoryObjects):
    """Plays the refunds, warnings and disputes of a story."""

    @property
    def failed_refunds(self) -> list[dict[str, Any]]:
        return [each for each in self.list_objects("refund") if each["status"] in ("failed", "canceled")]

    @property
    def optional_alerts(self) -> set[tuple[str, str]]:
        """The alerts about failed refunds that another refund may have made up for, at least for a time."""
        return {
            ("refund_failed", each["id"]) for each in self.failed_refunds if self._may_be_made_up_for(each)
        }

    def _may_be_made_up_for(self, failed: dict[str, Any]) -> bool:
        amounts = [
            each["amount"]
            for each in self.list_objects("refund", failed["payment_intent"])
            if each["id"] in self._succeeded_refunds and each["id"] != failed["id"]
        ]
        received: int = self.objects[failed["payment_intent"]]["amount_received"]
        return failed["amount"] in amounts or sum(amounts) >= received

    def play_refund(self, intent_id: str, amount: int, request_id: str | None) -> list[dict[str, Any]]:
        """Play a refund that Lumira requested; returns its events only."""
        first = len(self.events)
        self._mark = intent_id.removeprefix(f"pi_{self.name}")
        metadata = {"refundRequest": request_id or ""}
        self._refund(amount, self.story.automatic_refunds, "requested", metadata)
        return self.events[first:]

    def _refund(self, amount: int, outcome: str, name: str, metadata: dict[str, str] | None = None) -> None:
        if amount == 0 or amount > self._received[self._mark] - self._refunded[self._mark]:
            return

        def send(event_type: str, status: str) -> None:
            if status == "succeeded":
                self._succeeded_refunds.add(self._name("re", name))
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

    def _warn(self, event_type: str, *, is_actionable: bool) -> None:
        self._send(
            f"radar.early_fraud_warning.{event_type}",
            {
                "id": self._name("issfr", ""),
                "object": "radar.early_fraud_warning",
                "actionable": is_actionable,
                "charge": self._name("ch", "end"),
                "fraud_type": "misc",
                "payment_intent": self.intent_id,
            },
        )

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
