"""Life stories of a sale: what Stripe does and tells, in its own order, from a model of its lifecycle.

Two kinds: a sale by a PaymentIntent of its own, and a cart on a page of Stripe's, which is a Checkout Session
whose PaymentIntent exists only once somebody tries to pay there.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from tests.support.stripe_events import declined, event, payment_intent

#: What is sold: prices in minor units, as the tests' catalog has them.
PRICES = {"mystique": 4700, "strict": 3000, "shirt": 5900, "cap": 1900}
GOODS = ("shirt", "cap")
#: These do not come back to the shelf with the money.
NOT_RESTOCKED = "cap"
#: How a try of the buyer's goes wrong before the payment ends.
TRIES = ("declined", "action_refused", "action_declined", "debit_bounced")
#: A debit on its way finishes the page, so that nobody can try again there.
TRIES_ON_PAGE = ("declined", "action_refused", "action_declined")
ENDINGS = (
    "paid",
    "paid_after_action",
    "paid_by_debit",
    "canceled",
    "left_open",
    "left_processing",
    "mismatch",
)
ENDINGS_ON_PAGE = (
    "paid",
    "paid_after_action",
    "paid_by_debit",
    "debit_failed",
    "left_open",
    "left_processing",
    "expired",
    "expired_quietly",
    "expired_while_acting",
)
#: What became of a page that the order was given before; most never had one.
EARLIER = (None, None, None, "expired", "declined", "declined_quietly", "debit_failed")
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
#: Whom Stripe's page asks for an address.
PAYER = "payer@example.com"
PAGE_ENDS_AT = datetime(2030, 1, 1, tzinfo=UTC)
_RARELY = st.sampled_from((False, False, False, False, True))


@dataclass(frozen=True)
class Story:
    """One life: what is sold on which terms, what is tried, how it ends, what goes back afterwards."""

    #: Products and quantities.
    items: tuple[tuple[str, int], ...] = (("mystique", 1),)
    #: Whether a failed try gives the pieces back at once, as the tenant has it.
    releases_at_once: bool = False
    #: Whether it is paid on a page of Stripe's.
    on_page: bool = False
    #: What became of the page before that one.
    earlier: str | None = None
    #: Whether only that page asks who is buying.
    page_asks_who: bool = False
    attempts: tuple[str, ...] = ()
    ending: str = "left_open"
    #: Percent of the price, and fate.
    refunds: tuple[tuple[int, str], ...] = ()
    disputes: tuple[tuple[int, str], ...] = ()
    #: Whether another PaymentIntent that names the order is paid, too.
    is_paid_again: bool = False

    @property
    def price(self) -> int:
        return sum(PRICES[product] * quantity for product, quantity in self.items)

    @property
    def is_right(self) -> bool:
        """Whether any payment is of what the order asks for."""
        return self.ending.startswith("paid") or self.is_paid_again


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """Any life that a sale can have at Stripe."""
    on_page = draw(st.booleans())
    ending = draw(st.sampled_from(ENDINGS_ON_PAGE if on_page else ENDINGS))
    is_paid_again = draw(_RARELY)
    # What goes back of a payment that was wrong from the start is refunded by the house where there is another.
    is_refundable = ending.startswith("paid") or (ending == "mismatch" and not is_paid_again)
    percent, of_dispute = st.sampled_from((1, 10, 33, 50, 67, 100)), st.sampled_from((20, 100, 110))
    refunds = st.lists(st.tuples(percent, st.sampled_from(REFUND_FATES)), max_size=4)
    disputes = st.lists(st.tuples(of_dispute, st.sampled_from(DISPUTE_FATES)), max_size=2)
    return Story(
        items=draw(_items(most=4 if on_page else 1)),
        releases_at_once=draw(st.booleans()),
        on_page=on_page,
        earlier=draw(st.sampled_from(EARLIER)) if on_page else None,
        page_asks_who=draw(st.booleans()) if on_page else False,
        attempts=tuple(draw(st.lists(st.sampled_from(TRIES_ON_PAGE if on_page else TRIES), max_size=3))),
        ending=ending,
        refunds=tuple(draw(refunds)) if is_refundable else (),
        disputes=tuple(draw(disputes)) if is_refundable else (),
        is_paid_again=is_paid_again,
    )


@st.composite
def _items(draw: st.DrawFn, *, most: int) -> tuple[tuple[str, int], ...]:
    products = draw(st.lists(st.sampled_from(list(PRICES)), min_size=1, max_size=most, unique=True))
    return tuple((product, draw(st.integers(1, 3)) if product in GOODS else 1) for product in products)


@dataclass
class Teller:
    """Plays a story for one order and keeps the events that Stripe would send, in order.

    Every id is made of `name`, so that two tellings of a story differ in nothing else.
    """

    name: str
    order_number: str
    story: Story
    currency: str = "eur"
    events: list[dict[str, Any]] = field(default_factory=list)
    #: Minor units that went back for good.
    returned: int = 0
    #: Of several pages and payments of an order, which one it is about.
    _mark: str = ""
    #: Minor units by payment: what was taken, and what went back or is on its way.
    _received: dict[str, int] = field(default_factory=dict)
    _refunded: dict[str, int] = field(default_factory=dict)
    _is_tried: bool = False
    _made: int = 0

    def tell(self) -> list[dict[str, Any]]:
        if self.story.earlier is not None:
            self._mark = "e"
            self._live_earlier(self.story.earlier)
            self._mark, self._is_tried = "", False
        for number, trial in enumerate(self.story.attempts):
            self._try(trial, f"{number}")
        if self.story.on_page:
            self._end_on_page(self.story.ending)
        else:
            self._end(self.story.ending)
        for number, (percent, fate) in enumerate(self.story.refunds):
            self._refund(self._received[""] * percent // 100, fate, f"{number}")
        for number, (percent, fate) in enumerate(self.story.disputes):
            self._dispute(self.story.price * percent // 100, fate, number)
        if self.story.is_paid_again:
            self._mark = "s"
            self._succeeds()
        return self.events

    def carry_out(self, intent_id: str, amount: int, request_id: str | None) -> list[dict[str, Any]]:
        """What Stripe tells of a refund that the house has asked for: whole, and of no other part."""
        told = len(self.events)
        self._mark = intent_id.removeprefix(f"pi_{self.name}")
        self._refund(amount, "pending_succeeded", "house", {"refundRequest": request_id or ""})
        return self.events[told:]

    @property
    def status(self) -> str | None:
        """What the order must have become, from the story alone; `None` where more than its ending decides."""
        ending, is_refunded = self.story.ending, self._refunded == self._received
        if self.story.is_right:
            return None if self.story.refunds or self.story.disputes else "completed"
        if ending == "mismatch":
            return "refunded" if is_refunded else "processing"
        if ending == "left_open":
            return "failed" if self.story.attempts else "pending"
        return {"debit_failed": "failed", "left_processing": "processing"}.get(ending, "cancelled")

    @property
    def pieces(self) -> dict[str, str]:
        """What the order must have of each of the goods, from the story alone."""
        return {
            product: self._state_of(product, is_kept=self.status in ("processing", "pending"))
            for product, _ in self.story.items
            if product in GOODS
        }

    def _state_of(self, product: str, *, is_kept: bool) -> str:
        if self.story.is_right:
            is_fully_refunded = self.returned == sum(self._received.values())
            return "released" if is_fully_refunded and product != NOT_RESTOCKED else "sold"
        if self.story.ending == "left_open":
            # Nobody comes back to a debit that bounced; a card can be tried again at once.
            is_kept |= not self.story.releases_at_once and "debit_bounced" not in self.story.attempts
        return "reserved" if is_kept else "released"

    @property
    def intent_id(self) -> str:
        return f"pi_{self.name}{self._mark}"

    @property
    def session_id(self) -> str:
        return f"cs_{self.name}{self._mark}"

    def _name(self, prefix: str, name: object) -> str:
        return f"{prefix}_{self.name}{self._mark}_{name}"

    def _tell(self, event_type: str, stripe_object: dict[str, Any]) -> None:
        # The id says what it is about, so that a failing example can be read.
        self._made += 1
        self.events.append(event(event_type, stripe_object, id=f"evt_{self.name}_{self._made}"))

    def _intent(self, event_type: str, **fields: Any) -> None:
        intent = payment_intent(
            id=self.intent_id,
            amount=self.story.price,
            currency=self.currency,
            order_number=self.order_number,
            **fields,
        )
        self._tell(event_type, intent)

    def _session(self, event_type: str, status: str, payment_status: str = "unpaid") -> None:
        is_met = self._is_tried or status == "complete"
        self._tell(
            f"checkout.session.{event_type}",
            {
                "id": self.session_id,
                "object": "checkout.session",
                "amount_total": self.story.price,
                "client_reference_id": self.order_number,
                "currency": self.currency,
                "customer_details": {"email": PAYER, "name": None} if is_met else None,
                "expires_at": int(PAGE_ENDS_AT.timestamp()),
                "livemode": False,
                "metadata": {"orderNumber": self.order_number},
                "mode": "payment",
                "payment_intent": self.intent_id if is_met else None,
                "payment_status": payment_status,
                "status": status,
                "url": None,
            },
        )

    def _acts(self, name: str) -> None:
        self._is_tried = True
        method = self._name("pm", name)
        self._intent("payment_intent.requires_action", status="requires_action", payment_method=method)

    def _processes(self, name: str) -> None:
        charge, method = self._name("ch", name), self._name("pm", name)
        self._intent(
            "payment_intent.processing", status="processing", latest_charge=charge, payment_method=method
        )

    def _fails(self, name: str, *, charge: bool = True) -> None:
        self._is_tried = True
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
            self._canceled()
        if ending.startswith("paid"):
            self._succeeds()
        if ending == "mismatch":
            self._succeeds(missing=1)

    def _live_earlier(self, earlier: str) -> None:
        if earlier.startswith("declined"):
            self._try("declined", "0")
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
        """A page takes its PaymentIntent with it, whether or not anything is said of that one."""
        if self._is_tried and not quietly:
            self._canceled()
        self._session("expired", "expired")

    def _charge(self, event_type: str) -> None:
        received, refunded = self._received[self._mark], self._refunded[self._mark]
        self._tell(
            event_type,
            {
                "id": self._name("ch", "end"),
                "object": "charge",
                "amount": self.story.price,
                "amount_captured": received,
                # What was authorised and never taken counts as refunded at Stripe.
                "amount_refunded": refunded + self.story.price - received,
                "captured": True,
                "currency": self.currency,
                "payment_intent": self.intent_id,
                "refunded": refunded == received,
                "metadata": {"orderNumber": self.order_number},
            },
        )

    def _refund(self, amount: int, fate: str, name: str, metadata: dict[str, str] | None = None) -> None:
        if amount == 0 or amount > self._received[self._mark] - self._refunded[self._mark]:
            return

        def told(event_type: str, status: str) -> None:
            self._tell(
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
        told("refund.created", first.get(fate, "pending"))
        self._charge("charge.refunded")
        if fate in ("succeeded", "pending_succeeded"):
            self.returned += amount
        if fate == "pending_succeeded":
            told("charge.refund.updated", "succeeded")
            told("refund.updated", "succeeded")
        if fate in ("pending_failed", "failed_later", "action_canceled"):
            self._refunded[self._mark] -= amount
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
