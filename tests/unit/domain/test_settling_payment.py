"""Which of several payments settles an order: refunds, receipts and the API mean the same one."""

from datetime import UTC, datetime

import pytest

from lumira.domain import due_receipts
from lumira.domain.order_money import current_payment, duplicate_payments, settling_payment
from lumira.models import Order, OrderLine, Payment, PaymentState

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def payment(name: str, received: int | None, currency: str = "eur") -> Payment:
    return Payment(
        stripe_payment_intent_id=name,
        state=PaymentState.OPEN if received is None else PaymentState.SUCCEEDED,
        amount_received=received or 0,
        currency=currency,
        succeeded_at=None if received is None else NOW,
    )


def order_of(*payments: Payment) -> Order:
    line = OrderLine(product_id="mystique", product_name="Mystique", quantity=1, unit_amount=4700)
    return Order(amount=4700, currency="eur", completed_at=NOW, lines=[line], payments=list(payments))


CASES = [
    ("the only payment", order_of(payment("pi_1", 4700)), "pi_1"),
    ("the first of two that match", order_of(payment("pi_1", 4700), payment("pi_2", 4700)), "pi_1"),
    ("the one that matches, after another amount", order_of(payment("pi_1", 4000), payment("pi_2", 4700)), "pi_2"),
    ("the one that matches, after another currency",
     order_of(payment("pi_1", 4700, "usd"), payment("pi_2", 4700)), "pi_2"),
    ("the first, where an operator accepted the amount", order_of(payment("pi_1", 4000), payment("pi_2", 4600)),
     "pi_1"),
    ("the first that received money", order_of(payment("pi_1", 0), payment("pi_2", 4600)), "pi_2"),
]  # fmt: skip


@pytest.mark.parametrize(("order", "settling"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_refunds_receipts_and_the_api_agree_on_the_payment_that_settles_an_order(order, settling) -> None:
    settling_one = settling_payment(order)
    assert settling_one is not None
    assert settling_one.stripe_payment_intent_id == settling
    assert current_payment(order) is settling_one
    assert due_receipts.find_receipted_payment(order) is settling_one
    assert settling_one not in duplicate_payments(order)
    assert len(duplicate_payments(order)) == len(order.payments) - 1


def test_an_unpaid_order_shows_its_newest_payment() -> None:
    order = order_of(payment("pi_1", None), payment("pi_2", None))
    order.completed_at = None
    assert settling_payment(order) is None
    shown = current_payment(order)
    assert shown is not None
    assert shown.stripe_payment_intent_id == "pi_2"
    assert current_payment(order_of()) is None


def test_a_newer_unpaid_payment_does_not_replace_the_one_that_settles() -> None:
    order = order_of(payment("pi_1", 4700), payment("pi_2", None))
    shown = current_payment(order)
    assert shown is not None
    assert shown.stripe_payment_intent_id == "pi_1"
