"""Refunds and disputes: the same result in whatever order their events arrive."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from sqlalchemy import select

from lumira.database import atomic, db
from lumira.domain.refunds import refunded_amount
from lumira.models import Alert, EventStatus, Order, OutboxMessage, WebhookEvent
from lumira.webhooks import process
from tests.support.factories import Brand, count, load_order
from tests.support.stripe_events import event, payment_intent, receive
from tests.support.unpaid_orders import open_unpaid

pytestmark = pytest.mark.usefixtures("app_context")

StripeEvent = dict[str, Any]


@dataclass(frozen=True)
class Outcome:
    """The result as the buyer and the team see it."""

    status: str
    refunded: int = 0
    access: bool = True
    messages: tuple[str, ...] = ("order_confirmation",)
    alerts: tuple[str, ...] = ()


def outcome(brand: Brand, number: str) -> Outcome:
    """The result of the brand's only order, with all messages and alerts of the brand."""
    [found] = outcomes(brand, alerts_of=lambda _: number).values()
    return found


def outcomes(
    brand: Brand,
    *,
    alerts_of: Callable[[Alert], str] = lambda alert: alert.details.get("order_number", alert.subject),
) -> dict[str, Outcome]:
    """The result of each of the brand's orders, by order number; no message or alert is without an order."""
    alerts: dict[str, list[str]] = {}
    messages: dict[str, list[str]] = {}
    with atomic(brand.id):
        numbers = {order.id: order.order_number for order in db.session.execute(select(Order)).scalars()}
        for alert in db.session.execute(select(Alert)).scalars():
            alerts.setdefault(alerts_of(alert), []).append(str(alert.kind))
        for message in db.session.execute(select(OutboxMessage)).scalars():
            messages.setdefault(numbers[message.order_id], []).append(str(message.kind))
    assert alerts.keys() <= set(numbers.values())
    found = {}
    for number in numbers.values():
        order = load_order(brand, number)
        found[number] = Outcome(
            str(order.status),
            refunded_amount(order),
            [grant.active for grant in order.grants] == [True],
            tuple(sorted(messages.get(number, ()))),
            tuple(sorted(alerts.get(number, ()))),
        )
    return found


class Payment:
    """Creates the events that Stripe sends about one payment."""

    def __init__(self, order: Order, *, is_known: bool = True) -> None:
        [attached] = order.payments
        self.number, self.amount = order.order_number, order.amount
        self.id = attached.stripe_payment_intent_id if is_known else f"pi_unknown{order.order_number[-10:]}"

    def own(self, name: str) -> str:
        """Return the name of an object of this payment: Stripe's ids are unique."""
        return f"{name}_{self.id}"

    def succeeded(self) -> StripeEvent:
        return event(
            "payment_intent.succeeded",
            payment_intent(
                id=self.id,
                amount=self.amount,
                status="succeeded",
                latest_charge=self.own("ch_1"),
                order_number=self.number,
            ),
        )

    def refund(
        self, kind: str, status: str, amount: int = 4700, name: str = "re_1", **fields: Any
    ) -> StripeEvent:
        refund = {
            "id": self.own(name),
            "object": "refund",
            "amount": amount,
            "charge": self.own("ch_1"),
            "currency": "eur",
            "payment_intent": self.id,
            "status": status,
            "metadata": {},
        }
        return event(kind, refund | fields)

    def charge(self, refunded: int, **fields: Any) -> StripeEvent:
        charge = {
            "id": self.own("ch_1"),
            "object": "charge",
            "amount": self.amount,
            "amount_captured": self.amount,
            "amount_refunded": refunded,
            "captured": True,
            "currency": "eur",
            "payment_intent": self.id,
            "refunded": refunded == self.amount,
            # A charge has a copy of the payment's metadata.
            "metadata": {"orderNumber": self.number},
        }
        return event("charge.refunded", charge | fields)

    def dispute(
        self,
        kind: str,
        status: str,
        movements: int = 0,
        *,
        amount: int = 4700,
        name: str = "du_1",
        currency: str = "eur",
    ) -> StripeEvent:
        dispute = {
            "id": self.own(name),
            "object": "dispute",
            "amount": amount,
            "balance_transactions": [{"id": self.own(f"txn_{number}")} for number in range(movements)],
            "charge": self.own("ch_1"),
            "currency": currency,
            "evidence_details": {"due_by": 1_800_000_000},
            "metadata": {},
            "payment_intent": self.id,
            "reason": "fraudulent",
            "status": status,
        }
        return event(f"charge.dispute.{kind}", dispute)

    def warning(self, kind: str, *, actionable: bool = True) -> StripeEvent:
        warning = {
            "id": self.own("issfr_1"),
            "object": "radar.early_fraud_warning",
            "actionable": actionable,
            "charge": self.own("ch_1"),
            "fraud_type": "made_with_stolen_card",
            "payment_intent": self.id,
        }
        return event(f"radar.early_fraud_warning.{kind}", warning)


def open_payments(brand: Brand, number: int = 1, product: str = "mystique", **options: bool) -> list[Payment]:
    return [Payment(order, **options) for order in open_unpaid(brand, number, product)]


def settle(brand: Brand, *events: StripeEvent, at_once: bool) -> None:
    """Process the events, in one batch or one by one, and then the events that these unparked."""
    settle_all(brand, [list(events)], at_once=at_once)


def settle_all(brand: Brand, sequences: list[list[StripeEvent]], *, at_once: bool) -> None:
    """Process a sequence of events of each order; one by one means that no batch has two events of an order."""
    for together in itertools.zip_longest(*sequences):
        for stripe_event in together:
            if stripe_event is not None:
                receive(brand, stripe_event)
        if not at_once:
            process.process_events(brand.id)
    process.process_events(brand.id)
    process.process_events(brand.id)


def full_refund(p: Payment) -> list[StripeEvent]:
    return [
        p.refund("refund.created", "succeeded"),
        p.charge(4700),
        p.refund("charge.refund.updated", "succeeded"),
    ]


REFUNDED = Outcome("refunded", 4700, False, ("order_confirmation", "order_refunded"))
PARTLY = Outcome("partially_refunded", 1000, True, ("order_confirmation", "order_refunded"))

#: What Stripe sends after the payment succeeded, in its own order, and the result.
STORIES = {
    "full refund, reported three times": (full_refund, REFUNDED),
    "full refund, reported by its charge alone": (
        lambda p: [p.charge(4700)],
        Outcome("refunded", 4700, False),
    ),
    "full refund, still pending": (
        lambda p: [p.refund("refund.created", "pending"), p.charge(4700)],
        Outcome("refunded", 4700, False),
    ),
    "pending, then succeeded": (
        lambda p: [p.refund("refund.created", "pending"), p.refund("refund.updated", "succeeded")],
        REFUNDED,
    ),
    "pending, then failed": (
        lambda p: [
            p.refund("refund.created", "pending"),
            p.charge(4700),
            p.refund("refund.updated", "failed"),
            p.refund("refund.failed", "failed"),
        ],
        Outcome("completed", alerts=("refund_failed",)),
    ),
    "succeeded, then failed": (
        lambda p: [p.refund("refund.created", "succeeded"), p.charge(4700), p.refund("refund.failed", "failed")],
        Outcome(
            "completed",
            messages=("order_confirmation", "order_refunded", "refund_failed"),
            alerts=("refund_failed",),
        ),
    ),
    "waiting for the buyer, then canceled": (
        lambda p: [
            p.refund("refund.created", "requires_action"),
            p.charge(4700),
            p.refund("refund.updated", "canceled"),
        ],
        Outcome("completed", alerts=("refund_failed",)),
    ),
    "partial refund": (lambda p: [p.refund("refund.created", "succeeded", 1000), p.charge(1000)], PARTLY),
    "two partial refunds": (
        lambda p: [
            p.refund("refund.created", "succeeded", 1000),
            p.charge(1000),
            p.refund("refund.created", "succeeded", 500, "re_2"),
            p.charge(1500),
        ],
        Outcome(
            "partially_refunded", 1500, True, ("order_confirmation", "order_refunded", "order_refunded")
        ),
    ),
    "two partial refunds, the second reported by its charge alone": (
        lambda p: [p.refund("refund.created", "succeeded", 1000), p.charge(1000), p.charge(4700)],
        Outcome("refunded", 4700, False, ("order_confirmation", "order_refunded")),
    ),
    "two partial refunds, one failed": (
        lambda p: [
            p.refund("refund.created", "succeeded", 1000),
            p.refund("refund.created", "pending", 3700, "re_2"),
            p.charge(4700),
            p.refund("refund.failed", "failed", 3700, "re_2"),
        ],
        replace(PARTLY, alerts=("refund_failed",)),
    ),
    "inquiry": (
        lambda p: [p.dispute("created", "warning_needs_response")],
        Outcome("completed", messages=("dispute_alert", "order_confirmation"), alerts=("inquiry",)),
    ),
    "inquiry closed": (
        lambda p: [p.dispute("created", "warning_needs_response"), p.dispute("closed", "warning_closed")],
        Outcome("completed", messages=("dispute_alert", "order_confirmation"), alerts=("inquiry",)),
    ),
    "warned of fraud": (
        lambda p: [p.warning("created"), p.warning("updated")],
        Outcome("completed", alerts=("fraud_warning",)),
    ),
    "warned of fraud once all was refunded": (
        lambda p: [*full_refund(p), p.warning("created", actionable=False)],
        REFUNDED,
    ),
    "warned of fraud once it was disputed": (
        lambda p: [p.dispute("created", "needs_response", 1), p.warning("created", actionable=False)],
        Outcome("disputed", 0, False, ("dispute_alert", "order_confirmation"), ("dispute",)),
    ),
    "dispute": (
        lambda p: [p.dispute("created", "needs_response"), p.dispute("funds_withdrawn", "needs_response", 1)],
        Outcome("disputed", 0, False, ("dispute_alert", "order_confirmation"), ("dispute",)),
    ),
    "won": (
        lambda p: [
            p.dispute("created", "needs_response"),
            p.dispute("funds_withdrawn", "needs_response", 1),
            p.dispute("updated", "under_review", 1),
            p.dispute("closed", "won", 2),
            p.dispute("funds_reinstated", "won", 2),
        ],
        Outcome("completed", messages=("access_ready", "dispute_alert", "order_confirmation"), alerts=("dispute",)),
    ),
    "lost": (
        lambda p: [
            p.dispute("created", "needs_response"),
            p.dispute("funds_withdrawn", "needs_response", 1),
            p.dispute("closed", "lost", 1),
        ],
        Outcome("disputed", 0, False, ("dispute_alert", "order_confirmation"), ("dispute",)),
    ),
    "lost from the start": (
        lambda p: [p.dispute("created", "lost", 1), p.dispute("funds_withdrawn", "lost", 1)],
        Outcome("disputed", 0, False, ("dispute_alert", "order_confirmation"), ("dispute",)),
    ),
    "lost, and won late": (
        lambda p: [
            p.dispute("funds_withdrawn", "needs_response", 1),
            p.dispute("closed", "lost", 1),
            p.dispute("closed", "won", 2),
            p.dispute("funds_reinstated", "won", 2),
        ],
        Outcome("completed", messages=("access_ready", "dispute_alert", "order_confirmation"), alerts=("dispute",)),
    ),
    "partly lost": (
        lambda p: [
            p.dispute("created", "needs_response", 1, amount=1000),
            p.dispute("closed", "lost", 1, amount=1000),
        ],
        Outcome("partially_refunded", 0, True, ("dispute_alert", "order_confirmation"), ("dispute",)),
    ),
    "lost more than was paid": (
        lambda p: [p.dispute("closed", "lost", 1, amount=5200)],
        Outcome("disputed", 0, False, ("dispute_alert", "order_confirmation"), ("dispute",)),
    ),
    "lost in another currency": (
        lambda p: [
            p.dispute("created", "needs_response", 1, amount=5100, currency="usd"),
            p.dispute("closed", "lost", 1, amount=5100, currency="usd"),
        ],
        Outcome("disputed", 0, False, ("dispute_alert", "order_confirmation"), ("dispute",)),
    ),
    "prevented after the money was withdrawn": (
        lambda p: [
            p.dispute("created", "needs_response"),
            p.dispute("funds_withdrawn", "needs_response", 1),
            p.dispute("closed", "prevented", 1),
        ],
        Outcome("disputed", 0, False, ("dispute_alert", "order_confirmation"), ("dispute",)),
    ),
    "one won, another open": (
        lambda p: [
            p.dispute("closed", "won", 2, amount=2000),
            p.dispute("created", "needs_response", 1, amount=2700, name="du_2"),
        ],
        Outcome(
            "disputed",
            0,
            False,
            ("access_ready", "dispute_alert", "dispute_alert", "order_confirmation"),
            ("dispute", "dispute"),
        ),
    ),
    "partially refunded, the rest lost": (
        lambda p: [
            p.refund("refund.created", "succeeded", 1000),
            p.charge(1000),
            p.dispute("closed", "lost", 1, amount=3700),
        ],
        Outcome(
            "disputed",
            1000,
            False,
            ("dispute_alert", "order_confirmation", "order_refunded"),
            ("dispute",),
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("is_known", "at_once"),
    [(True, False), (False, False), (False, True)],
    ids=["payment known", "payment not known yet", "payment not known yet, in one batch"],
)
@pytest.mark.parametrize("story", STORIES)
def test_every_order_of_arrival_has_the_same_result(tenant, story, is_known, at_once) -> None:
    create_events, expected = STORIES[story]
    shuffles = {
        "as sent": lambda events: events,
        "reversed": lambda events: events[::-1],
        "payment last": lambda events: [*events[1:], events[0]],
        "duplicated": lambda events: [*events, *reversed(events)],
    }
    paid = dict(zip(shuffles, open_payments(tenant, len(shuffles), is_known=is_known), strict=True))
    sequences = [
        shuffles[name]([payment.succeeded(), *create_events(payment)]) for name, payment in paid.items()
    ]
    settle_all(tenant, sequences, at_once=at_once)

    found = outcomes(tenant)
    assert {name: found[payment.number] for name, payment in paid.items()} == dict.fromkeys(paid, expected)
    parked = count(tenant, WebhookEvent, status=EventStatus.PARKED)
    assert parked == count(tenant, WebhookEvent, status=EventStatus.FAILED) == 0


@pytest.mark.parametrize(
    "story", ["succeeded, then failed", "two partial refunds, the second reported by its charge alone"]
)
def test_no_permutation_of_the_events_changes_the_result(tenant, story) -> None:
    create_events, expected = STORIES[story]
    permutations = list(itertools.permutations(range(4)))
    paid = dict(zip(permutations, open_payments(tenant, len(permutations), is_known=False), strict=True))
    sequences = []
    for permutation, payment in paid.items():
        events = [payment.succeeded(), *create_events(payment)]
        sequences.append([events[number] for number in permutation])
    settle_all(tenant, sequences, at_once=False)

    found = outcomes(tenant)
    results = {permutation: found[payment.number] for permutation, payment in paid.items()}
    assert results == dict.fromkeys(permutations, expected)


def test_a_partial_refund_revokes_access_if_the_product_is_set_so(tenant) -> None:
    [payment] = open_payments(tenant, product="strict")
    settle(
        tenant,
        payment.succeeded(),
        payment.refund("refund.created", "succeeded", 1, currency="eur"),
        at_once=True,
    )
    assert outcome(tenant, payment.number) == Outcome(
        "partially_refunded", 1, False, ("order_confirmation", "order_refunded")
    )


def test_an_inquiry_that_becomes_a_dispute_suspends_access_and_alerts_again(tenant) -> None:
    [payment] = open_payments(tenant)
    inquiry = payment.dispute("created", "warning_needs_response")
    settle(tenant, payment.succeeded(), inquiry, at_once=False)
    assert outcome(tenant, payment.number).access

    settle(tenant, payment.dispute("updated", "needs_response"), at_once=False)
    after = outcome(tenant, payment.number)
    assert (after.status, after.access, after.alerts) == ("disputed", False, ("dispute", "inquiry"))


def test_an_authorised_amount_that_was_never_captured_does_not_count_as_refunded(tenant) -> None:
    [payment] = open_payments(tenant)
    settle(
        tenant,
        payment.succeeded(),
        payment.charge(700, amount=5400, amount_captured=4700),
        at_once=True,
    )
    assert outcome(tenant, payment.number) == Outcome("completed")


def test_a_refund_of_another_tenants_payment_changes_nothing(tenant, other_tenant) -> None:
    [payment] = open_payments(tenant)
    settle(tenant, payment.succeeded(), at_once=True)
    settle(other_tenant, payment.refund("refund.created", "succeeded"), at_once=True)
    assert outcome(tenant, payment.number) == Outcome("completed")
    assert count(other_tenant, WebhookEvent, status=EventStatus.PARKED) == 1


MALFORMED = [
    ("refund", {"amount": -1}),
    ("refund", {"amount": None}),
    ("refund", {"status": "lost"}),
    ("refund", {"id": 7}),
    ("refund", {"currency": None}),
    ("dispute", {"status": "unknown_status"}),
    ("dispute", {"amount": 10**15 + 1}),
    ("dispute", {"evidence_details": "soon"}),
    ("charge", {"amount_refunded": "4700"}),
]


@pytest.mark.parametrize(("kind", "spoil"), MALFORMED)
def test_a_malformed_refund_dispute_or_charge_fails_and_changes_nothing(tenant, kind, spoil) -> None:
    [payment] = open_payments(tenant)
    malformed = {
        "refund": payment.refund("refund.created", "succeeded"),
        "dispute": payment.dispute("created", "lost", 1),
        "charge": payment.charge(4700),
    }[kind]
    malformed["data"]["object"].update(spoil)
    settle(tenant, payment.succeeded(), malformed, at_once=True)
    assert outcome(tenant, payment.number) == Outcome("completed", alerts=("event_failed",))
