"""What follows from an early fraud warning, by the tenant's policy, in whatever order facts are recorded."""

import itertools
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from lumira.domain import disputes, fraud_warnings, payments, refund_requests, refunds
from lumira.domain.disputes import DisputeFacts
from lumira.domain.fraud_warnings import FraudWarningFacts, WarningState
from lumira.domain.goods import fulfilment
from lumira.domain.outcome import derive
from lumira.domain.payments import IntentFacts
from lumira.domain.refunds import RefundFacts
from lumira.domain.stripe.objects import MalformedObject, read_fraud_warning
from lumira.models import (
    DisputeStatus,
    FraudWarningPolicy,
    GrantReason,
    Order,
    OrderLine,
    OrderStatus,
    PartialRefundPolicy,
    ProductKind,
    RefundOrigin,
    RefundStatus,
    Shipment,
    ShipmentLine,
)

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
POLICIES = list(FraudWarningPolicy)
Fact = Callable[[Order], None]


def make_order(kind: ProductKind = ProductKind.DIGITAL) -> Order:
    order = Order(
        tenant_id=1, id=uuid4(), order_number="TST-1", amount=4700, currency="eur", status=OrderStatus.PENDING,
        customer_email="buyer@example.com", livemode=False, tracks_shipments=True, has_parcels=False,
    )  # fmt: skip
    order.lines.append(
        OrderLine(
            id=uuid4(), position=0, product_id="ring", product_name="Ring", kind=kind, quantity=1,
            unit_amount=4700, on_partial_refund=PartialRefundPolicy.KEEP, restock_on_refund=True,
        )
    )  # fmt: skip
    return order


def succeed(order: Order) -> None:
    intent = IntentFacts(
        id="pi_1", status="succeeded", amount=4700, currency="eur", amount_received=4700, charge_id="ch_1",
        reported_at=NOW,
    )  # fmt: skip
    payments.record_succeeded(order, intent, now=NOW)


def warn(*, actionable: bool = True, **fields: Any) -> Fact:
    values = {"id": "issfr_1", "charge_id": "ch_1", "payment_intent_id": "pi_1", "fraud_type": "misc"}
    facts = FraudWarningFacts(**(values | fields), is_actionable=actionable)
    return lambda order: fraud_warnings.record_fraud_warning(order, facts)


def refund(amount: int) -> Fact:
    facts = RefundFacts(f"re_{amount}", "ch_1", amount, "eur", RefundStatus.SUCCEEDED, "pi_1")
    return lambda order: refunds.record_refund(order, facts, now=NOW)


def dispute(status: DisputeStatus) -> Fact:
    facts = DisputeFacts("du_1", "ch_1", 4700, "eur", status, 0, "fraudulent", NOW)
    return lambda order: disputes.record_dispute(order, facts)


def after(*facts: Fact, policy: FraudWarningPolicy, order: Order | None = None) -> Order:
    order = order or make_order()
    for fact in facts:
        fact(order)
        for warning in order.fraud_warnings:
            warning.policy = policy
    return order


def seen(order: Order) -> tuple[object, ...]:
    """What the buyer, the team and Stripe see of the outcome."""
    outcome = derive(order)
    [grant] = outcome.grants.values()
    automatic = [(payment.stripe_payment_intent_id, origin) for payment, origin in outcome.refunds]
    return outcome.status, grant.active, grant.reason, automatic, len(fraud_warnings.open_warnings(order))


PAID = (OrderStatus.COMPLETED, True, GrantReason.PAID, [], 0)
SUSPENDED = (OrderStatus.COMPLETED, False, GrantReason.FRAUD_WARNING)
REFUNDED = (OrderStatus.REFUNDED, False, GrantReason.REFUNDED, [], 0)
DISPUTED = (OrderStatus.DISPUTED, False, GrantReason.DISPUTED, [], 0)
OWED = [("pi_1", RefundOrigin.FRAUD_WARNING)]

#: The facts, and the outcome under the policies `alert`, `revoke` and `refund`.
STORIES: dict[str, tuple[list[Fact], list[tuple[object, ...]]]] = {
    "warned": (
        [succeed, warn(), warn()],
        [(*PAID[:4], 1), (*SUSPENDED, [], 1), (*SUSPENDED, OWED, 1)],
    ),
    "warned, and part of it refunded": (
        [succeed, warn(), refund(1000)],
        [
            (OrderStatus.PARTIALLY_REFUNDED, True, GrantReason.PAID, [], 1),
            (OrderStatus.PARTIALLY_REFUNDED, False, GrantReason.FRAUD_WARNING, [], 1),
            (OrderStatus.PARTIALLY_REFUNDED, False, GrantReason.FRAUD_WARNING, OWED, 1),
        ],
    ),
    "warned, and all refunded": ([succeed, warn(), refund(4700), warn(actionable=False)], [REFUNDED] * 3),
    "refunded, and the update never arrives": ([succeed, warn(), refund(4700)], [REFUNDED] * 3),
    "warned, and disputed": (
        [succeed, warn(), dispute(DisputeStatus.NEEDS_RESPONSE), warn(actionable=False)],
        [DISPUTED] * 3,
    ),
    "the dispute was won": ([succeed, warn(), dispute(DisputeStatus.WON)], [PAID] * 3),
    "no longer actionable for a reason that is not known here": (
        [succeed, warn(), warn(actionable=False)],
        [PAID] * 3,
    ),
}  # fmt: skip


@pytest.mark.parametrize("story", STORIES)
def test_a_warning_has_the_same_consequences_in_whatever_order_facts_arrive(story: str) -> None:
    facts, expected = STORIES[story]
    for policy, outcome in zip(POLICIES, expected, strict=True):
        for permutation in itertools.permutations(facts):
            assert seen(after(*permutation, *permutation, policy=policy)) == outcome


def test_a_warning_before_its_payment_is_known_waits_for_the_payment() -> None:
    order = after(warn(), policy=FraudWarningPolicy.REFUND)
    assert derive(order).refunds == ()
    assert fraud_warnings.open_warnings(order) == []
    assert [
        origin for _, origin in derive(after(succeed, policy=FraudWarningPolicy.REFUND, order=order)).refunds
    ] == [RefundOrigin.FRAUD_WARNING]


def test_a_dismissed_warning_gives_access_again_for_good() -> None:
    order = after(succeed, warn(), policy=FraudWarningPolicy.REVOKE)
    [warning] = order.fraud_warnings
    fraud_warnings.dismiss(warning, NOW)
    assert seen(order) == PAID
    assert fraud_warnings.state_of(order, warning) is WarningState.DISMISSED
    assert seen(after(warn(), policy=FraudWarningPolicy.REVOKE, order=order)) == PAID


def test_the_automatic_refund_is_of_what_remains_and_decided_once() -> None:
    order = after(succeed, refund(1000), warn(), policy=FraudWarningPolicy.REFUND)
    [(payment, origin)] = derive(order).refunds
    assert refund_requests.freeze_automatic_request(order, payment, origin=origin, now=NOW)
    assert not refund_requests.freeze_automatic_request(order, payment, origin=origin, now=NOW)
    [request] = order.refund_requests
    assert (request.amount, request.parameters["reason"]) == (3700, "fraudulent")
    assert fraud_warnings.is_refunded_automatically(order, order.fraud_warnings[0])


def test_goods_are_not_shipped_while_warned_and_not_refunded_automatically_once_shipped() -> None:
    order = after(succeed, warn(), policy=FraudWarningPolicy.REFUND, order=make_order(ProductKind.PHYSICAL))
    order.status, order.completed_at = OrderStatus.COMPLETED, NOW
    assert [origin for _, origin in derive(order).refunds] == [RefundOrigin.FRAUD_WARNING]
    assert fulfilment.why_not_shippable(order) is fulfilment.NoShipment.FRAUD_WARNING

    order.shipments.append(Shipment(shipped_at=NOW, lines=[ShipmentLine(product_id="ring", quantity=1)]))
    order.has_parcels = True
    assert derive(order).refunds == ()
    assert fraud_warnings.open_warnings(order)


def test_a_payment_of_another_amount_is_refunded_too() -> None:
    order = make_order()
    order.amount = 5000
    outcome = derive(after(succeed, warn(), policy=FraudWarningPolicy.REFUND, order=order))
    assert outcome.review is not None
    assert [origin for _, origin in outcome.refunds] == [RefundOrigin.FRAUD_WARNING]


WARNING = {
    "id": "issfr_1",
    "actionable": True,
    "charge": "ch_1",
    "fraud_type": "misc",
    "payment_intent": "pi_1",
}


def test_references_of_a_warning_may_be_expanded() -> None:
    facts = read_fraud_warning(WARNING | {"charge": {"id": "ch_1"}, "payment_intent": {"id": "pi_1"}})
    assert (facts.charge_id, facts.payment_intent_id) == ("ch_1", "pi_1")


@pytest.mark.parametrize(
    "wrong", [{"actionable": "yes"}, {"actionable": None}, {"charge": None}, {"fraud_type": 7}, {"id": None}]
)
def test_a_warning_that_makes_no_sense_is_refused_whole(wrong: dict[str, Any]) -> None:
    with pytest.raises(MalformedObject, match=next(iter(wrong))):
        read_fraud_warning(WARNING | wrong)
