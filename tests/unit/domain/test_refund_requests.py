"""What of a payment is refundable, and which refunds are decided automatically."""

from datetime import UTC, datetime
from typing import Any

import pytest

from lumira.domain import refund_requests, refunds
from lumira.domain.stripe import metadata as stripe_metadata
from lumira.models import (
    Charge,
    Dispute,
    DisputeStatus,
    Order,
    Payment,
    PaymentState,
    Refund,
    RefundOrigin,
    RefundStatus,
    RequestState,
)

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def payment(name: str = "pi_1", *, received: int = 4700, charge: str | None = "ch_1") -> Payment:
    return Payment(
        stripe_payment_intent_id=name,
        state=PaymentState.SUCCEEDED if received else PaymentState.OPEN,
        amount_received=received,
        stripe_charge_id=charge,
        currency="eur",
    )


def refund(amount: int, status: str = "succeeded", **columns: Any) -> Refund:
    values = {"stripe_charge_id": "ch_1", "stripe_payment_intent_id": None, **columns}
    return Refund(amount=amount, status=RefundStatus(status), **values)


def charge(amount: int, charge: str = "ch_1", *, uncaptured: int = 0) -> Charge:
    return Charge(stripe_charge_id=charge, amount_refunded=amount, uncaptured=uncaptured)


def order(*known: Any, requested: tuple[int, ...] = ()) -> Order:
    """An order of two payments, the first of which has these facts."""
    made = Order(order_number="LUM-1", payments=[payment(), payment("pi_2", charge="ch_2")])
    for each in known:
        {Refund: made.refunds, Charge: made.charges, Dispute: made.disputes}[type(each)].append(each)
    for amount in requested:
        refund_requests.freeze_request(
            made, made.payments[0], amount=amount, origin=RefundOrigin.REQUESTED, now=NOW
        )
    return made


REFUNDABLE = [
    ("no refund", order(), 4700),
    ("a partial refund", order(refund(1000)), 3700),
    ("a pending partial refund", order(refund(1000, "pending")), 3700),
    ("a failed partial refund", order(refund(1000, "failed"), charge(1000)), 4700),
    ("a requested partial refund", order(requested=(1000,)), 3700),
    ("partial refunds, and requested ones", order(refund(700), charge(700), requested=(1000, 500)), 2500),
    ("reported by the charge alone", order(charge(1000)), 3700),
    ("the charge may report the requested refund", order(charge(1000), requested=(1000,)), 3700),
    ("the charge reports more than is requested", order(charge(1500), requested=(1000,)), 3200),
    ("an uncaptured amount is no refund", order(charge(700, uncaptured=700)), 4700),
    ("of the other payment", order(refund(4700, stripe_charge_id="ch_2"), charge(4700, "ch_2")), 4700),
    ("its refund names the payment alone",
     order(refund(1000, stripe_charge_id=None, stripe_payment_intent_id="pi_1")), 3700),
    ("another's refund names its payment alone",
     order(refund(1000, stripe_charge_id=None, stripe_payment_intent_id="pi_2")), 4700),
    ("fully refunded", order(refund(4700), charge(4700)), 0),
    ("refunded and requested beyond the payment", order(refund(4700), charge(4700), requested=(100,)), 0),
]  # fmt: skip


@pytest.mark.parametrize(
    ("known", "refundable"), [row[1:] for row in REFUNDABLE], ids=[row[0] for row in REFUNDABLE]
)
def test_the_refundable_amount_excludes_all_that_is_refunded_or_requested(known, refundable) -> None:
    assert refunds.refundable_amount(known, known.payments[0]) == refundable


def test_an_unpaid_payment_has_no_refundable_amount() -> None:
    made = Order(payments=[payment(received=0)])
    assert refunds.refundable_amount(made, made.payments[0]) == 0


def test_every_refund_belongs_to_the_only_payment() -> None:
    unknown_charge = payment(charge=None)
    made = Order(payments=[unknown_charge, payment("pi_2", received=0, charge=None)], refunds=[refund(1000)])
    assert refunds.refundable_amount(made, unknown_charge) == 3700


def test_an_automatic_refund_is_decided_once_for_each_payment() -> None:
    made = order(refund(700))
    first, second = made.payments
    assert refund_requests.freeze_automatic_request(made, first, origin=RefundOrigin.SOLD_OUT, now=NOW)
    assert refund_requests.freeze_automatic_request(
        made, second, origin=RefundOrigin.DUPLICATE_PAYMENT, now=NOW
    )
    for request in made.refund_requests:
        request.state = RequestState.REFUSED
    assert not refund_requests.freeze_automatic_request(made, first, origin=RefundOrigin.SOLD_OUT, now=NOW)

    sold_out, duplicate = made.refund_requests
    assert (sold_out.amount, duplicate.amount) == (4000, 4700)
    assert "reason" not in sold_out.parameters
    assert duplicate.parameters == {
        "payment_intent": "pi_2",
        "amount": 4700,
        "reason": "duplicate",
        "metadata": {"orderNumber": "LUM-1", stripe_metadata.REFUND_REQUEST: str(duplicate.id)},
    }
    assert duplicate.stripe_key == f"lumira-refund-{duplicate.id}-1"


def test_a_refunded_payment_gets_no_automatic_refund() -> None:
    made = order(refund(4700))
    assert not refund_requests.freeze_automatic_request(
        made, made.payments[0], origin=RefundOrigin.SOLD_OUT, now=NOW
    )


@pytest.mark.parametrize(
    ("status", "charge", "is_disputed"),
    [
        ("needs_response", "ch_1", True),
        ("needs_response", None, True),
        ("under_review", "ch_1", True),
        ("needs_response", "ch_2", False),
        ("warning_needs_response", "ch_1", False),
        ("won", "ch_1", False),
    ],
)
def test_a_payment_is_disputed_while_the_bank_withholds_it(status, charge, is_disputed) -> None:
    made = order(Dispute(status=DisputeStatus(status), stripe_charge_id=charge, amount=4700))
    assert refunds.is_disputed(made, made.payments[0]) is is_disputed
