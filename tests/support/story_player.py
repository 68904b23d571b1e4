"""The events that Stripe sends for a story, in its own order, from a model of the lifecycles of its objects."""

from dataclasses import dataclass
from typing import Any

from tests.support.stories import GOODS, NOT_RESTOCKED, TRANSFERS
from tests.support.story_returns import StoryReturns
from tests.support.stripe_events import declined

#: Percent of the total that arrives of a bank transfer first.
_FIRST_PART = 40


@dataclass
class StoryPlayer(StoryReturns):
    """Plays a story for one order, and collects the events that Stripe would send, in order."""

    def play(self) -> list[dict[str, Any]]:
        if self.story.earlier is not None:
            self._mark = "e"
            self._put(self._new_session("open"))
            self._play_earlier(self.story.earlier)
            self._mark, self._was_attempted = "", False
        self._put(self._new_session("open") if self.story.on_page else self._new_intent())
        for number, attempt in enumerate(self.story.attempts):
            self._fail_attempt(attempt, f"{number}")
        if self.story.on_page:
            self._end_on_page(self.story.ending)
        else:
            self._end(self.story.ending)
        for number, (percent, outcome) in enumerate(self.story.refunds):
            self._refund(self._received[""] * percent // 100, outcome, f"{number}")
        is_warned = self.story.is_warned and self._received
        if is_warned:
            self._warn("created", is_actionable=True)
        for number, (percent, outcome) in enumerate(self.story.disputes):
            self._dispute(self.story.total * percent // 100, outcome, number)
        if is_warned and self.story.disputes:
            self._warn("updated", is_actionable=False)
        if self.story.is_paid_again:
            self._mark = "s"
            self._succeeds()
            self._mark = ""
        return self.events

    @property
    def status(self) -> str | None:
        """The status that the order must have, from the story alone; `None` if more than its ending decides."""
        ending, is_refunded = self.story.ending, self._refunded == self._received
        if self.story.has_right_amount:
            is_returned = self.story.refunds or self.story.disputes or self.story.withdrawal == "accepted"
            is_returned = is_returned or any(each.is_refunded for each in self.parcels.returns)
            return None if is_returned else "completed"
        if self._received:
            # Another amount or currency than the order's is reviewed, unless it is returned.
            return "refunded" if is_refunded else "processing"
        if ending == "left_open":
            return "failed" if self.story.attempts else "pending"
        if ending in (*TRANSFERS, "paid", "left_processing"):
            return "processing"
        return {"debit_failed": "failed"}.get(ending, "cancelled")

    @property
    def stock_states(self) -> dict[str, str]:
        """The state that the stock of each product must have, from the story alone."""
        return {
            product: self._state_of(product, quantity, is_reserved=self.status in ("processing", "pending"))
            for product, quantity in self.story.items
            if product in GOODS
        }

    def _state_of(self, product: str, quantity: int, *, is_reserved: bool) -> str:
        if self.story.has_right_amount:
            return "released" if self.restocked_units(product) == quantity else "sold"
        if self.story.ending == "left_open":
            # After a bounced debit the stock is released at once; a card may be tried again.
            is_reserved |= not self.story.releases_at_once and "debit_bounced" not in self.story.attempts
        return "reserved" if is_reserved else "released"

    def restocked_units(self, product: str) -> int:
        """Return how many units of a paid product are in stock again: what came back, and what a full refund kept."""
        if product == NOT_RESTOCKED or not self.story.has_right_amount:
            return 0
        is_fully_refunded = self.returned == sum(self._received.values())
        unshipped = dict(self.story.items)[product] - self.parcels.shipped(product)
        return self.parcels.back_in_stock(product) + (unshipped if is_fully_refunded else 0)

    @property
    def open_alerts(self) -> set[tuple[str, str]]:
        """Kind and subject of the alerts that the story requires, apart from one about a missing address."""
        alerts = set()
        is_reviewed = bool(self._received) or self.story.page_total == "nothing"
        if is_reviewed and not self.story.has_right_amount and self.status == "processing":
            alerts.add(("payment_mismatch", self.order_number))
        if len(self._received) > 1:
            alerts.add(("duplicate_payment", self.order_number))
        if self.story.ending == "part_funded":
            alerts.add(("transfer_incomplete", self.objects[f"pi_{self.name}"]["id"]))
        if self.story.withdrawal == "waiting":
            alerts.add(("withdrawal_waiting", self.order_number))
        alerts |= {("refund_failed", each["id"]) for each in self.failed_refunds} - self.optional_alerts
        for warning in self.list_objects("radar.early_fraud_warning"):
            if warning["actionable"]:
                alerts.add(("fraud_warning", warning["id"]))
        for dispute in self.list_objects("dispute"):
            if dispute["status"] not in ("won", "lost", "warning_closed"):
                kind = "inquiry" if dispute["status"].startswith("warning_") else "dispute"
                alerts.add((kind, dispute["id"]))
        return alerts

    def _begins_attempt(self) -> None:
        """A session has a PaymentIntent from its first attempt on."""
        self._was_attempted = True
        if self.story.on_page and self._mark != "s" and self.objects[self.session_id]["status"] == "open":
            self._put(self._new_session("open"))

    def _acts(self, name: str) -> None:
        self._begins_attempt()
        method = self._name("pm", name)
        self._intent("payment_intent.requires_action", status="requires_action", payment_method=method)

    def _processes(self, name: str) -> None:
        charge, method = self._name("ch", name), self._name("pm", name)
        self._intent(
            "payment_intent.processing", status="processing", latest_charge=charge, payment_method=method
        )

    def _fails(self, name: str, *, charge: bool = True) -> None:
        self._begins_attempt()
        error = declined(self._name("ch", name), payment_method=self._name("pm", name))
        if not charge:
            error["charge"] = None
        self._intent("payment_intent.payment_failed", last_payment_error=error)

    def _succeeds(self, *, missing: int = 0) -> None:
        self._received[self._mark] = self.total - missing
        self._refunded[self._mark] = 0
        self._put(self._new_charge())
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
        if ending in TRANSFERS:
            self._transfers(ending)
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
        elif ending in TRANSFERS:
            self._transfers(ending)
        elif self.story.page_total == "nothing":
            self._session("completed", "complete", "no_payment_required")
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

    def _transfers(self, ending: str) -> None:
        self._awaits_transfer("requires_action")
        if self.story.on_page:
            self._session("completed", "complete")
        if ending in ("paid_by_parts", "part_funded"):
            self._awaits_transfer("partially_funded", funded=self.total * _FIRST_PART // 100)
        if not ending.startswith("paid"):
            return
        self._succeeds()
        if self.story.on_page:
            self._session("async_payment_succeeded", "complete", "paid")

    def _awaits_transfer(self, event_type: str, *, funded: int = 0) -> None:
        self._begins_attempt()
        instructions = {"amount_remaining": self.total - funded, "currency": self.currency}
        self._intent(
            f"payment_intent.{event_type}",
            status="requires_action",
            payment_method=self._name("pm", "end"),
            next_action={
                "type": "display_bank_transfer_instructions",
                "display_bank_transfer_instructions": instructions,
            },
        )

    def _expires(self, *, quietly: bool) -> None:
        """Expire the session; Stripe cancels its PaymentIntent too, with or without an event about it."""
        if self._was_attempted and quietly:
            self._put(self._new_intent(status="canceled"))
            self.canceled_quietly = True
        elif self._was_attempted:
            self._canceled()
        self._session("expired", "expired")
