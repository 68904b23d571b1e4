"""Money that goes back, and money that a bank takes: the same end in whatever order Stripe tells of it."""

import itertools
from dataclasses import dataclass
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

EventObject = dict[str, Any]


@dataclass(frozen=True)
class Outcome:
    """What a buyer, the team and the books see in the end."""

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
    """The events that Stripe sends about one payment; ids are the payment's own."""

    def __init__(self, brand: Brand, product: str = "mystique", *, is_known: bool = True) -> None:
        opened = open_payment(brand, product)
        self.brand, self.number, self.amount = brand, opened.order_number, opened.amount
        self.id = opened.payment_intent_id if is_known else f"pi_unheard{opened.order_number[-10:]}"

    def succeeded(self) -> EventObject:
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
    ) -> EventObject:
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

    def charge(self, refunded: int, **fields: Any) -> EventObject:
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
            # A snapshot of the payment's metadata.
            "metadata": {"orderNumber": self.number},
        }
        return event("charge.refunded", charge | fields)

    def dispute(
        self, kind: str, status: str, movements: int = 0, *, amount: int = 4700, name: str = "du_1"
    ) -> EventObject:
        dispute = {
            "id": name,
            "object": "dispute",
            "amount": amount,
            "balance_transactions": [{"id": f"txn_{number}"} for number in range(movements)],
            "charge": "ch_1",
            "currency": "eur",
            "evidence_details": {"due_by": 1_800_000_000},
            "metadata": {},
            "payment_intent": self.id,
            "reason": "fraudulent",
            "status": status,
        }
        return event(f"charge.dispute.{kind}", dispute)


def settle(brand: Brand, *told: EventObject, at_once: bool) -> None:
    """Let a worker handle the events, in one batch or one by one, and then what they set free."""
    for one in told:
        receive(brand, one)
        if not at_once:
            process.process_events(brand.id)
    process.process_events(brand.id)
    process.process_events(brand.id)


def whole(p: Payment) -> list[EventObject]:
    return [
        p.refund("refund.created", "succeeded"),
        p.charge(4700),
        p.refund("charge.refund.updated", "succeeded"),
    ]


REFUNDED = Outcome("refunded", 4700, False, ("order_confirmation", "order_refunded"))
PARTLY = Outcome("partially_refunded", 1000, True, ("order_confirmation", "order_refunded"))

#: What Stripe tells after the payment succeeded, in its own order, and what is so in the end.
STORIES = {
    "whole, told three times": (whole, REFUNDED),
    "whole, only the charge told": (
        lambda p: [p.charge(4700)],
        Outcome("refunded", 4700, False),
    ),
    "whole, still pending": (
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
        Outcome("completed"),
    ),
    "succeeded, then failed": (
        lambda p: [p.refund("refund.created", "succeeded"), p.charge(4700), p.refund("refund.failed", "failed")],
        Outcome("completed", messages=("order_confirmation", "order_refunded")),
    ),
    "waited for the buyer, then canceled": (
        lambda p: [
            p.refund("refund.created", "requires_action"),
            p.charge(4700),
            p.refund("refund.updated", "canceled"),
        ],
        Outcome("completed"),
    ),
    "a part": (lambda p: [p.refund("refund.created", "succeeded", 1000), p.charge(1000)], PARTLY),
    "two parts": (
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
    "two parts, the second told by its charge alone": (
        lambda p: [p.refund("refund.created", "succeeded", 1000), p.charge(1000), p.charge(4700)],
        Outcome("refunded", 4700, False, ("order_confirmation", "order_refunded")),
    ),
    "one part failed, the other did not": (
        lambda p: [
            p.refund("refund.created", "succeeded", 1000),
            p.refund("refund.created", "pending", 3700, "re_2"),
            p.charge(4700),
            p.refund("refund.failed", "failed", 3700, "re_2"),
        ],
        PARTLY,
    ),
    "a bank asks": (
        lambda p: [p.dispute("created", "warning_needs_response")],
        Outcome("completed", messages=("dispute_alert", "order_confirmation"), alerts=("inquiry",)),
    ),
    "a bank asked and is content": (
        lambda p: [p.dispute("created", "warning_needs_response"), p.dispute("closed", "warning_closed")],
        Outcome("completed", messages=("dispute_alert", "order_confirmation"), alerts=("inquiry",)),
    ),
    "a bank takes": (
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
    "one part refunded, the rest lost": (
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
def test_every_order_of_arrival_has_the_same_end(make_brand, story, is_known, at_once) -> None:
    tell, expected = STORIES[story]
    for shuffle in ("as sent", "backwards", "payment last", "doubled"):
        brand = make_brand()
        payment = Payment(brand, is_known=is_known)
        told = [payment.succeeded(), *tell(payment)]
        if shuffle == "backwards":
            told.reverse()
        if shuffle == "payment last":
            told = [*told[1:], told[0]]
        if shuffle == "doubled":
            told = [*told, *reversed(told)]
        settle(brand, *told, at_once=at_once)

        assert outcome(brand, payment.number) == expected, shuffle
        waiting = count(brand, WebhookEvent, status=EventStatus.PARKED)
        assert waiting == count(brand, WebhookEvent, status=EventStatus.FAILED) == 0, shuffle


@pytest.mark.parametrize(
    "story", ["succeeded, then failed", "two parts, the second told by its charge alone"]
)
def test_no_permutation_at_all_changes_the_end(make_brand, story) -> None:
    tell, expected = STORIES[story]
    for order in itertools.permutations(range(4)):
        payment = Payment(make_brand(), is_known=False)
        told = [payment.succeeded(), *tell(payment)]
        settle(payment.brand, *(told[number] for number in order), at_once=False)
        assert outcome(payment.brand, payment.number) == expected, order


def test_a_partial_refund_revokes_where_the_product_says_so(tenant) -> None:
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


def test_an_inquiry_that_becomes_a_dispute_suspends_access_and_alerts_anew(tenant) -> None:
    payment = Payment(tenant)
    inquiry = payment.dispute("created", "warning_needs_response")
    settle(tenant, payment.succeeded(), inquiry, at_once=False)
    assert outcome(tenant, payment.number).access

    settle(tenant, payment.dispute("updated", "needs_response"), at_once=False)
    after = outcome(tenant, payment.number)
    assert (after.status, after.access, after.alerts) == ("disputed", False, ("dispute", "inquiry"))


def test_what_was_authorised_and_never_captured_does_not_count_as_refunded(tenant) -> None:
    payment = Payment(tenant)
    settle(
        tenant,
        payment.succeeded(),
        payment.charge(700, amount=5400, amount_captured=4700),
        at_once=True,
    )
    assert outcome(tenant, payment.number) == Outcome("completed")


def test_a_refund_of_another_tenants_payment_touches_nothing(tenant, other_tenant) -> None:
    payment = Payment(tenant)
    settle(tenant, payment.succeeded(), at_once=True)
    settle(other_tenant, payment.refund("refund.created", "succeeded"), at_once=True)
    assert outcome(tenant, payment.number) == Outcome("completed")
    assert count(other_tenant, WebhookEvent, status=EventStatus.PARKED) == 1


NONSENSE = [
    ("refund", {"amount": -1}),
    ("refund", {"amount": None}),
    ("refund", {"status": "lost"}),
    ("refund", {"id": 7}),
    ("refund", {"currency": None}),
    ("dispute", {"status": "unheard_of"}),
    ("dispute", {"amount": 10**12}),
    ("dispute", {"evidence_details": "soon"}),
    ("charge", {"amount_refunded": "4700"}),
]


@pytest.mark.parametrize(("kind", "spoil"), NONSENSE)
def test_nonsense_about_money_is_kept_as_failed_and_changes_nothing(tenant, kind, spoil) -> None:
    payment = Payment(tenant)
    told = {
        "refund": payment.refund("refund.created", "succeeded"),
        "dispute": payment.dispute("created", "lost", 1),
        "charge": payment.charge(4700),
    }[kind]
    told["data"]["object"].update(spoil)
    settle(tenant, payment.succeeded(), told, at_once=True)
    assert outcome(tenant, payment.number) == Outcome("completed", alerts=("event_failed",))
