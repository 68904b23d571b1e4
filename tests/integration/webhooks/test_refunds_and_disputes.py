"""Refunds and disputes: the same result in whatever order their events arrive."""

import itertools
from dataclasses import dataclass, replace
from typing import Any

import pytest
from sqlalchemy import select

from lumira.database import atomic, db
from lumira.domain.refunds import refunded_amount
from lumira.models import Alert, EventStatus, OutboxMessage, WebhookEvent
from lumira.webhooks import process
from tests.support.factories import Brand, count, load_order, open_payment
from tests.support.stripe_events import event, payment_intent, receive

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
    order = load_order(brand, number)
    with atomic(brand.id):
        alerts = sorted(db.session.execute(select(Alert.kind)).scalars())
        messages = sorted(str(kind) for kind in db.session.execute(select(OutboxMessage.kind)).scalars())
    return Outcome(
        str(order.status),
        refunded_amount(order),
        [grant.active for grant in order.grants] == [True],
        tuple(messages),
        tuple(alerts),
    )


class Payment:
    """Creates the events that Stripe sends about one payment."""

    def __init__(self, brand: Brand, product: str = "mystique", *, is_known: bool = True) -> None:
        opened = open_payment(brand, product)
        self.brand, self.number, self.amount = brand, opened.order_number, opened.amount
        self.id = opened.payment_intent_id if is_known else f"pi_unknown{opened.order_number[-10:]}"

    def succeeded(self) -> StripeEvent:
        return event(
            "payment_intent.succeeded",
            payment_intent(
                id=self.id,
                amount=self.amount,
                status="succeeded",
                latest_charge="ch_1",
                order_number=self.number,
            ),
        )

    def refund(
        self, kind: str, status: str, amount: int = 4700, name: str = "re_1", **fields: Any
    ) -> StripeEvent:
        refund = {
            "id": name,
            "object": "refund",
            "amount": amount,
            "charge": "ch_1",
            "currency": "eur",
            "payment_intent": self.id,
            "status": status,
            "metadata": {},
        }
        return event(kind, refund | fields)

    def charge(self, refunded: int, **fields: Any) -> StripeEvent:
        charge = {
            "id": "ch_1",
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
            "id": name,
            "object": "dispute",
            "amount": amount,
            "balance_transactions": [{"id": f"txn_{number}"} for number in range(movements)],
            "charge": "ch_1",
            "currency": currency,
            "evidence_details": {"due_by": 1_800_000_000},
            "metadata": {},
            "payment_intent": self.id,
            "reason": "fraudulent",
            "status": status,
        }
        return event(f"charge.dispute.{kind}", dispute)


def settle(brand: Brand, *events: StripeEvent, at_once: bool) -> None:
    """Process the events, in one batch or one by one, and then the events that these unparked."""
    for stripe_event in events:
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
def test_every_order_of_arrival_has_the_same_result(make_brand, story, is_known, at_once) -> None:
    create_events, expected = STORIES[story]
    for shuffle in ("as sent", "reversed", "payment last", "duplicated"):
        brand = make_brand()
        payment = Payment(brand, is_known=is_known)
        events = [payment.succeeded(), *create_events(payment)]
        if shuffle == "reversed":
            events.reverse()
        if shuffle == "payment last":
            events = [*events[1:], events[0]]
        if shuffle == "duplicated":
            events = [*events, *reversed(events)]
        settle(brand, *events, at_once=at_once)

        assert outcome(brand, payment.number) == expected, shuffle
        parked = count(brand, WebhookEvent, status=EventStatus.PARKED)
        assert parked == count(brand, WebhookEvent, status=EventStatus.FAILED) == 0, shuffle


@pytest.mark.parametrize(
    "story", ["succeeded, then failed", "two partial refunds, the second reported by its charge alone"]
)
def test_no_permutation_of_the_events_changes_the_result(make_brand, story) -> None:
    create_events, expected = STORIES[story]
    for order in itertools.permutations(range(4)):
        payment = Payment(make_brand(), is_known=False)
        events = [payment.succeeded(), *create_events(payment)]
        settle(payment.brand, *(events[number] for number in order), at_once=False)
        assert outcome(payment.brand, payment.number) == expected, order


def test_a_partial_refund_revokes_access_if_the_product_is_set_so(tenant) -> None:
    payment = Payment(tenant, "strict")
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
    payment = Payment(tenant)
    inquiry = payment.dispute("created", "warning_needs_response")
    settle(tenant, payment.succeeded(), inquiry, at_once=False)
    assert outcome(tenant, payment.number).access

    settle(tenant, payment.dispute("updated", "needs_response"), at_once=False)
    after = outcome(tenant, payment.number)
    assert (after.status, after.access, after.alerts) == ("disputed", False, ("dispute", "inquiry"))


def test_an_authorised_amount_that_was_never_captured_does_not_count_as_refunded(tenant) -> None:
    payment = Payment(tenant)
    settle(
        tenant,
        payment.succeeded(),
        payment.charge(700, amount=5400, amount_captured=4700),
        at_once=True,
    )
    assert outcome(tenant, payment.number) == Outcome("completed")


def test_a_refund_of_another_tenants_payment_changes_nothing(tenant, other_tenant) -> None:
    payment = Payment(tenant)
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
    payment = Payment(tenant)
    malformed = {
        "refund": payment.refund("refund.created", "succeeded"),
        "dispute": payment.dispute("created", "lost", 1),
        "charge": payment.charge(4700),
    }[kind]
    malformed["data"]["object"].update(spoil)
    settle(tenant, payment.succeeded(), malformed, at_once=True)
    assert outcome(tenant, payment.number) == Outcome("completed", alerts=("event_failed",))
