"""How much is refunded of each charge, whichever events report it."""

import itertools

import pytest

from lumira.clock import utc_now
from lumira.domain import refunds
from lumira.domain.refunds import ChargeFacts, RefundFacts
from lumira.models import Order, RefundStatus


def refund(status: str, amount: int = 4700, name: str = "re_1", charge: str | None = "ch_1") -> RefundFacts:
    return RefundFacts(name, charge, amount, "eur", RefundStatus(status))


def charge(reported: int, *, uncaptured: int = 0, name: str = "ch_1") -> ChargeFacts:
    return ChargeFacts(name, "pi_1", 4700, "eur", reported, uncaptured)


def record(order: Order, fact: RefundFacts | ChargeFacts) -> None:
    if isinstance(fact, RefundFacts):
        refunds.record_refund(order, fact, now=utc_now())
    else:
        refunds.record_amount_refunded(order, fact)


LEDGERS = [
    ("nothing", [], 0, False),
    ("pending counts", [refund("pending")], 4700, False),
    ("waiting for the buyer counts", [refund("requires_action")], 4700, False),
    ("succeeded counts once", [refund("pending"), refund("succeeded"), charge(4700)], 4700, False),
    ("failed counts back", [refund("pending"), charge(4700), refund("failed")], 0, False),
    ("canceled counts back", [refund("requires_action"), charge(4700), refund("canceled")], 0, False),
    ("reported by the charge alone", [charge(4700)], 4700, True),
    ("reported twice, cumulative", [charge(1000), charge(1500)], 1500, True),
    ("reported more than is recorded", [refund("succeeded", 1000), charge(1500)], 1500, True),
    ("recorded more than is reported", [refund("succeeded", 1000), refund("succeeded", 500, "re_2"), charge(1000)],
     1500, False),
    ("one of two failed", [refund("succeeded", 1000), refund("failed", 3700, "re_2"), charge(4700)], 1000, False),
    ("failed, then a new one", [refund("failed"), charge(4700), refund("succeeded", 2000, "re_2")], 2000, False),
    ("uncaptured", [charge(700, uncaptured=700)], 0, False),
    ("uncaptured and refunded", [charge(1700, uncaptured=700), refund("succeeded", 1000)], 1000, False),
    ("two charges", [charge(1000), charge(500, name="ch_2")], 1500, True),
]  # fmt: skip


@pytest.mark.parametrize(
    ("ledger", "facts", "refunded", "incomplete"), LEDGERS, ids=[ledger for ledger, *_ in LEDGERS]
)
def test_the_refunded_amount_is_the_same_in_whatever_order_events_arrive(
    ledger, facts, refunded, incomplete
) -> None:
    for permutation in itertools.permutations(facts):
        order = Order()
        for fact in (*permutation, *permutation):
            record(order, fact)
        assert refunds.refunded_amount(order) == refunded
        assert refunds.has_unknown_refunds(order) is incomplete


def test_a_refunds_success_is_recorded_after_its_failure_too() -> None:
    order = Order()
    refunds.record_refund(order, refund("failed"), now=utc_now())
    refunds.record_refund(order, refund("succeeded"), now=utc_now())
    assert (order.refunds[0].status, order.refunds[0].has_succeeded) == (RefundStatus.FAILED, True)


def test_a_charge_that_is_reported_later_is_recorded() -> None:
    order = Order()
    refunds.record_refund(order, refund("pending", charge=None), now=utc_now())
    refunds.record_refund(order, refund("succeeded"), now=utc_now())
    assert order.refunds[0].stripe_charge_id == "ch_1"
