"""What an order is, gives and owes follows from its facts, in whatever order they were learned."""

import itertools
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from lumira.models import (
    Charge,
    Dispute,
    DisputeStatus,
    GrantReason,
    MessageKind,
    Order,
    OrderLine,
    OrderStatus,
    PartialRefundPolicy,
    PaymentRequest,
    ProductKind,
    Refund,
    RefundStatus,
    RequestState,
    ReviewReason,
)
from lumira.services import payments
from lumira.services.payments import IntentFacts, TryFailed
from lumira.services.settle_order import derive

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


def make_order(*, amount: int = 4700, policy: PartialRefundPolicy = PartialRefundPolicy.KEEP) -> Order:
    order = Order(
        tenant_id=1,
        id=uuid4(),
        order_number="TST-1",
        amount=amount,
        currency="eur",
        customer_email="buyer@example.com",
        status=OrderStatus.PENDING,
        livemode=False,
    )
    order.lines.append(
        OrderLine(
            id=uuid4(),
            position=0,
            product_id="mystique",
            product_name="Niveau Mystique",
            kind=ProductKind.DIGITAL,
            quantity=1,
            unit_amount=amount,
            on_partial_refund=policy,
        )
    )
    return order


def intent(intent_id: str = "pi_1", **fields: Any) -> IntentFacts:
    values: dict[str, Any] = {
        "id": intent_id,
        "status": "requires_payment_method",
        "amount": 4700,
        "currency": "eur",
    }
    return IntentFacts(**(values | fields))


def opened() -> Order:
    order = make_order()
    payments.attach_intent(order, intent())
    return order


def paid(*, received: int = 4700, **options: Any) -> Order:
    order = make_order(**options)
    payments.record_succeeded(order, intent(amount_received=received, charge_id="ch_1", told_at=NOW))
    return order


def processing(order: Order, charge: str = "ch_1") -> None:
    payments.record_processing(order, intent(charge_id=charge, payment_method_id="pm_1"))


def acting(order: Order, method: str = "pm_1") -> None:
    payments.record_requires_action(order, intent(payment_method_id=method))


def declined(order: Order, charge: str | None = "ch_1", method: str | None = "pm_1") -> None:
    payments.record_declined(
        order, intent(failure=TryFailed(charge, method, "card_declined", "generic_decline"))
    )


def succeeded(order: Order) -> None:
    payments.record_succeeded(order, intent(amount_received=4700, charge_id="ch_9", told_at=NOW))


def canceled(order: Order) -> None:
    payments.record_canceled(order, intent())


STORIES = [
    ("nothing yet", [], OrderStatus.PENDING),
    ("asked to act", [acting], OrderStatus.PROCESSING),
    ("on its way", [processing], OrderStatus.PROCESSING),
    ("paid", [succeeded], OrderStatus.COMPLETED),
    ("declined", [declined], OrderStatus.FAILED),
    ("declined, then paid", [declined, succeeded], OrderStatus.COMPLETED),
    ("acted, then declined", [acting, declined], OrderStatus.FAILED),
    ("refused to act", [acting, lambda order: declined(order, None)], OrderStatus.FAILED),
    ("bank debit bounced", [processing, declined], OrderStatus.FAILED),
    (
        "declined, then another card acts",
        [lambda o: declined(o, "ch_0", "pm_0"), acting],
        OrderStatus.PROCESSING,
    ),
    (
        "declined, then a debit on its way",
        [lambda o: declined(o, "ch_0", "pm_0"), processing],
        OrderStatus.PROCESSING,
    ),
    ("canceled", [canceled], OrderStatus.CANCELLED),
    ("declined, then canceled", [declined, canceled], OrderStatus.CANCELLED),
    ("acting, then canceled", [acting, canceled], OrderStatus.CANCELLED),
    ("every event there is, and paid", [acting, processing, declined, succeeded], OrderStatus.COMPLETED),
]


@pytest.mark.parametrize(("story", "facts", "status"), STORIES, ids=[story for story, *_ in STORIES])
def test_status_is_the_same_in_whatever_order_the_facts_are_learned(story, facts, status) -> None:
    for permutation in itertools.permutations(facts):
        order = opened()
        for record in (*permutation, *permutation):
            record(order)
        assert derive(order).status is status


def test_a_canceled_intent_that_stripe_says_succeeded_is_paid() -> None:
    order = opened()
    canceled(order)
    succeeded(order)
    assert derive(order).status is OrderStatus.COMPLETED


@pytest.mark.parametrize("received", [1, 4699, 4701])
def test_another_amount_than_asked_for_is_reviewed_and_grants_nothing(received: int) -> None:
    outcome = derive(paid(received=received))
    assert outcome.status is OrderStatus.PROCESSING
    assert outcome.review is ReviewReason.AMOUNT_MISMATCH
    assert outcome.grants == {}
    assert outcome.messages == frozenset()


def test_another_currency_than_asked_for_is_reviewed() -> None:
    order = paid()
    order.payments[0].currency = "usd"
    assert derive(order).review is ReviewReason.CURRENCY_MISMATCH


def test_a_released_review_is_served() -> None:
    order = paid(received=4600)
    order.review_released_at = NOW
    outcome = derive(order)
    assert (outcome.status, outcome.review) == (OrderStatus.COMPLETED, None)
    assert [state.active for state in outcome.grants.values()] == [True]


def test_paid_grants_every_digital_line_and_none_of_the_goods() -> None:
    order = paid()
    order.lines.append(
        OrderLine(
            id=uuid4(), product_id="shirt", product_name="Chemise", kind=ProductKind.PHYSICAL, quantity=2
        )
    )
    assert list(derive(order).grants) == [order.lines[0].id]


def test_one_message_for_each_decline_and_one_for_the_confirmation() -> None:
    order = opened()
    declined(order, "ch_1")
    declined(order, "ch_1")
    declined(order, "ch_2", "pm_2")
    succeeded(order)
    assert derive(order).messages == {
        (MessageKind.PAYMENT_FAILED, "ch_1"),
        (MessageKind.PAYMENT_FAILED, "ch_2"),
        (MessageKind.ORDER_CONFIRMATION, ""),
    }


def test_a_buyer_without_an_address_is_owed_no_message() -> None:
    order = paid()
    order.customer_email = None
    assert derive(order).messages == frozenset()


def test_a_refused_request_fails_the_order_until_the_next_attempt() -> None:
    order = make_order()
    order.requests.append(
        PaymentRequest(attempt=1, state=RequestState.REFUSED, refusal={"code": "x", "message": "y"})
    )
    assert derive(order).status is OrderStatus.FAILED
    order.requests.append(PaymentRequest(attempt=2, state=RequestState.FROZEN))
    assert derive(order).status is OrderStatus.PENDING


def refund(order: Order, amount: int, status: RefundStatus = RefundStatus.SUCCEEDED, number: int = 1) -> None:
    order.refunds.append(
        Refund(
            stripe_refund_id=f"re_{number}",
            stripe_charge_id="ch_1",
            amount=amount,
            currency="eur",
            status=status,
        )
    )


def told(order: Order, amount: int) -> None:
    order.charges.append(Charge(stripe_charge_id="ch_1", amount_refunded=amount, uncaptured=0))


REFUNDS = [
    ("whole", [(4700, RefundStatus.SUCCEEDED)], None, OrderStatus.REFUNDED, False),
    ("whole, still pending", [(4700, RefundStatus.PENDING)], None, OrderStatus.REFUNDED, False),
    ("whole, then failed", [(4700, RefundStatus.FAILED)], 4700, OrderStatus.COMPLETED, True),
    ("whole, only the charge told so", [], 4700, OrderStatus.REFUNDED, False),
    ("part", [(1000, RefundStatus.SUCCEEDED)], 1000, OrderStatus.PARTIALLY_REFUNDED, True),
    ("two parts that make the whole", [(1700, RefundStatus.SUCCEEDED), (3000, RefundStatus.SUCCEEDED)], 4700,
     OrderStatus.REFUNDED, False),
    ("two parts, one known", [(1700, RefundStatus.SUCCEEDED)], 4700, OrderStatus.REFUNDED, False),
    ("a part that was canceled", [(1000, RefundStatus.CANCELED)], 1000, OrderStatus.COMPLETED, True),
]  # fmt: skip


@pytest.mark.parametrize(
    ("story", "refunded", "charge", "status", "live"), REFUNDS, ids=[r[0] for r in REFUNDS]
)
def test_what_went_back_decides_status_and_access(story, refunded, charge, status, live) -> None:
    order = paid()
    for number, (amount, state) in enumerate(refunded):
        refund(order, amount, state, number)
    if charge is not None:
        told(order, charge)
    outcome = derive(order)
    assert outcome.status is status
    assert [state.active for state in outcome.grants.values()] == [live]


def test_a_partial_refund_revokes_where_the_product_says_so() -> None:
    order = paid(policy=PartialRefundPolicy.REVOKE)
    refund(order, 1)
    [state] = derive(order).grants.values()
    assert (state.active, state.reason) == (False, GrantReason.REFUNDED)


def test_a_second_payment_that_went_back_takes_nothing_away() -> None:
    order = paid()
    payments.record_succeeded(order, intent("pi_2", amount_received=4700, charge_id="ch_2", told_at=NOW))
    order.refunds.append(
        Refund(
            stripe_refund_id="re_1",
            stripe_charge_id="ch_2",
            amount=4700,
            currency="eur",
            status=RefundStatus.SUCCEEDED,
        )
    )
    outcome = derive(order)
    assert outcome.status is OrderStatus.COMPLETED
    assert [state.active for state in outcome.grants.values()] == [True]


DISPUTES = [
    (DisputeStatus.WARNING_NEEDS_RESPONSE, 4700, OrderStatus.COMPLETED, True),
    (DisputeStatus.WARNING_CLOSED, 4700, OrderStatus.COMPLETED, True),
    (DisputeStatus.PREVENTED, 4700, OrderStatus.COMPLETED, True),
    (DisputeStatus.NEEDS_RESPONSE, 4700, OrderStatus.DISPUTED, False),
    (DisputeStatus.APPEAL_UNDER_REVIEW, 4700, OrderStatus.DISPUTED, False),
    (DisputeStatus.LOST, 4700, OrderStatus.DISPUTED, False),
    (DisputeStatus.LOST, 1000, OrderStatus.PARTIALLY_REFUNDED, True),
    (DisputeStatus.WON, 4700, OrderStatus.COMPLETED, True),
]


@pytest.mark.parametrize(("dispute", "amount", "status", "live"), DISPUTES)
def test_a_dispute_suspends_revokes_and_restores(dispute, amount, status, live) -> None:
    order = paid()
    order.disputes.append(Dispute(stripe_dispute_id="du_1", amount=amount, currency="eur", status=dispute))
    outcome = derive(order)
    assert outcome.status is status
    assert [state.active for state in outcome.grants.values()] == [live]


def test_a_free_order_is_complete_and_never_refunded() -> None:
    order = make_order(amount=0)
    outcome = derive(order)
    assert outcome.status is OrderStatus.COMPLETED
    assert [state.reason for state in outcome.grants.values()] == [GrantReason.FREE]


def test_a_wrong_payment_that_went_back_whole_needs_no_decision_any_more() -> None:
    order = paid(received=4600)
    refund(order, 4600)
    outcome = derive(order)
    assert (outcome.status, outcome.review, outcome.grants) == (OrderStatus.REFUNDED, None, {})


def test_a_refund_that_names_no_charge_is_counted_once() -> None:
    order = paid()
    told(order, 2350)
    refund(order, 2350)
    order.refunds[0].stripe_charge_id = None
    assert derive(order).status is OrderStatus.PARTIALLY_REFUNDED


def test_a_try_that_stripe_knows_nothing_of_any_more_is_over() -> None:
    order = opened()
    acting(order)
    declined(order, "ch_2", "pm_2")
    assert derive(order).status is OrderStatus.PROCESSING
    payments.end_tries(order, "pi_1", ["pm_1"])
    assert derive(order).status is OrderStatus.FAILED
