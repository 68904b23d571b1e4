"""Whether a grant is live, and why, follows from the money and from what a person decided."""

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import time_machine

from lumira.domain import payments
from lumira.domain.grant_coverage import covers
from lumira.domain.outcome import derive
from lumira.domain.payments import IntentFacts
from lumira.models import (
    AccessGrant,
    Dispute,
    DisputeStatus,
    GrantReason,
    ManualGrant,
    Order,
    OrderLine,
    OrderStatus,
    PartialRefundPolicy,
    ProductKind,
    Refund,
    RefundStatus,
)

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


def served(*, amount: int = 4700) -> Order:
    """An order that was paid, or cost nothing, with the grant that it gave."""
    order = Order(tenant_id=1, id=uuid4(), amount=amount, currency="eur", status=OrderStatus.COMPLETED)
    line = OrderLine(
        id=uuid4(),
        position=0,
        product_id="mystique",
        product_name="Niveau Mystique",
        kind=ProductKind.DIGITAL,
        quantity=1,
        unit_amount=amount,
        on_partial_refund=PartialRefundPolicy.KEEP,
        deliverables=[],
    )
    order.lines.append(line)
    order.grants.append(AccessGrant(id=uuid4(), order_line_id=line.id, product_id="mystique", active=True))
    if amount:
        facts = IntentFacts(
            id="pi_1", status="succeeded", amount=amount, currency="eur", amount_received=amount
        )
        payments.record_succeeded(order, facts, now=NOW)
    return order


def refunded(order: Order) -> None:
    order.refunds.append(
        Refund(
            stripe_refund_id="re_1",
            stripe_charge_id="ch_1",
            amount=4700,
            currency="eur",
            status=RefundStatus.SUCCEEDED,
            has_succeeded=True,
        )
    )


def disputed(status: DisputeStatus) -> Callable[[Order], None]:
    def record(order: Order) -> None:
        order.disputes.append(
            Dispute(stripe_dispute_id="du_1", amount=4700, currency="eur", status=status, was_inquiry=False)
        )

    return record


def closed(order: Order) -> None:
    order.grants[0].operator_revoked_at = NOW


def reason_of(order: Order) -> tuple[bool, GrantReason]:
    [state] = derive(order).grants.values()
    return state.active, state.reason


CASES = [
    ([], (True, GrantReason.PAID)),
    ([closed], (False, GrantReason.OPERATOR)),
    ([closed, refunded], (False, GrantReason.REFUNDED)),
    ([closed, disputed(DisputeStatus.LOST)], (False, GrantReason.DISPUTE_LOST)),
    ([closed, disputed(DisputeStatus.NEEDS_RESPONSE)], (False, GrantReason.OPERATOR)),
    ([closed, disputed(DisputeStatus.WON)], (False, GrantReason.OPERATOR)),
    ([disputed(DisputeStatus.WON)], (True, GrantReason.PAID)),
]


@pytest.mark.parametrize(("facts", "expected"), CASES)
def test_access_is_the_same_in_whatever_order_payments_and_decisions_are_recorded(facts, expected):
    for arranged in itertools.permutations(facts):
        order = served()
        for fact in arranged:
            fact(order)
        assert reason_of(order) == expected


def test_only_an_operator_revokes_free_access():
    order = served(amount=0)
    assert reason_of(order) == (True, GrantReason.FREE)
    closed(order)
    assert reason_of(order) == (False, GrantReason.OPERATOR)


@pytest.mark.parametrize("kind", [AccessGrant, ManualGrant])
def test_access_expires_without_a_revocation(kind):
    grant = kind(expires_at=NOW)
    if kind is AccessGrant:
        grant.active, grant.reason = True, GrantReason.PAID
    with time_machine.travel(NOW - timedelta(microseconds=1), tick=False):
        assert (grant.is_live, grant.is_expired) == (True, False)
    with time_machine.travel(NOW, tick=False):
        assert (grant.is_live, grant.is_expired, grant.shown_reason) == (False, True, "expired")


@pytest.mark.parametrize(
    ("product_id", "expected"),
    [
        ("alchimique", True),
        ("intuitive", True),
        ("simple", True),
        ("integrale", False),
        ("mystique", False),
    ],
)
def test_a_level_that_includes_lower_levels_covers_only_those(product_id, expected):
    grant = ManualGrant(product_id="alchimique", level_number=3, included_products=["intuitive", "simple"])
    assert covers(grant, product_id) is expected


@pytest.mark.parametrize(
    ("ends", "expected"),
    [((1, 2), 2), ((2, 1), 2), ((None, 1), None), ((1, None), None), ((None, None), None)],
)
def test_the_longer_of_two_grants_of_one_product_counts(ends, expected):
    def at(day: int | None) -> datetime | None:
        return None if day is None else NOW + timedelta(days=day)

    kept, other = (ManualGrant(expires_at=at(day), included_products=[]) for day in ends)
    kept.extend_by(other)
    assert kept.expires_at == at(expected)
