"""A refund of order lines costs what they cost, and refunds no unit twice."""

import threading
from typing import Any

import pytest
from flask import Flask

from lumira.domain.commands import RefundCommand, RefundLine
from lumira.errors import IdempotencyInProgress
from lumira.errors.orders import NotRefundable
from lumira.errors.stripe import StripeUnavailable
from lumira.repositories.idempotency.idempotent_calls import Call
from lumira.services.checkout.create_checkout_session import SessionOpened
from lumira.services.refunds.request_refund import request_refund
from tests.support import refunds, stripe_sandbox
from tests.support.factories import Brand, load_order, make_promotion, open_cart

pytestmark = pytest.mark.usefixtures("app_context")

CALL = Call(fingerprint="", actor="operator:1")


def paid_cart(brand: Brand, method: str = "pm_card_visa") -> SessionOpened:
    """Two shirts at 59.00 and a cap at 19.00."""
    cart = open_cart(brand)
    stripe_sandbox.pay_session(brand, cart.session_id, method)
    refunds.deliver_events(brand)
    return cart


def refund(brand: Brand, cart: SessionOpened, *lines: tuple[str, int], call: Call = CALL) -> Any:
    order = load_order(brand, cart.order_number)
    command = RefundCommand(lines=tuple(RefundLine(*line) for line in lines))
    intent_id = order.payments[0].stripe_payment_intent_id
    return request_refund(brand.id, intent_id, call=call, command=command).value


def test_lines_are_refunded_at_the_price_of_the_order(tenant: Brand) -> None:
    cart = paid_cart(tenant)
    assert refund(tenant, cart, ("shirt", 1), ("cap", 1)).amount == 5900 + 1900
    assert refund(tenant, cart, ("shirt", 1)).order_status == "refunded"
    assert [made["amount"] for made in refunds.list_stripe_refunds(tenant)] == [7800, 5900]


def test_units_of_a_discounted_line_are_refunded_to_the_cent(tenant: Brand) -> None:
    make_promotion(tenant, amount=1000)
    cart = open_cart(tenant, {"shirt": 3, "cap": 1}, promotion_code="WELCOME10")
    stripe_sandbox.pay_session(tenant, cart.session_id)
    refunds.deliver_events(tenant)
    # Three shirts cost 167.97 after 9.03, and the cap 18.03 after 0.97.
    amounts = [refund(tenant, cart, ("shirt", 1)).amount for _ in range(2)]
    last = refund(tenant, cart, ("shirt", 1), ("cap", 1))
    assert [*amounts, last.amount] == [5599, 5599, 5599 + 1803]
    assert last.order_status == "refunded"
    assert sum(amounts) + last.amount == cart.amount == 18600


@pytest.mark.parametrize(
    "lines", [(("cap", 1),), (("shirt", 3),), (("shirt", 0),), (("shirt", -1),), (("nope", 1),)]
)
def test_no_unit_is_refunded_twice_or_invented(tenant: Brand, lines: tuple[tuple[str, int], ...]) -> None:
    cart = paid_cart(tenant)
    refund(tenant, cart, ("cap", 1))
    with pytest.raises(NotRefundable):
        refund(tenant, cart, *lines)
    assert len(refunds.list_stripe_refunds(tenant)) == 1


def test_a_line_named_twice_counts_twice(tenant: Brand) -> None:
    cart = paid_cart(tenant)
    with pytest.raises(NotRefundable):
        refund(tenant, cart, ("cap", 1), ("cap", 1))
    assert refund(tenant, cart, ("shirt", 1), ("shirt", 1)).amount == 2 * 5900


def test_a_line_whose_refund_failed_later_may_be_refunded_again(tenant: Brand) -> None:
    cart = paid_cart(tenant, "pm_card_refundFail")
    refund(tenant, cart, ("cap", 1))
    stripe_sandbox.advance(tenant, 3600)
    refunds.deliver_events(tenant)

    assert refund(tenant, cart, ("cap", 1)).amount == 1900


def test_a_refund_of_lines_that_did_not_reach_stripe_is_repeated_and_not_doubled(tenant: Brand) -> None:
    cart = paid_cart(tenant)
    stripe_sandbox.fail_next(tenant, "drop_before", path=refunds.REFUNDS, times=10)
    with pytest.raises(StripeUnavailable):
        refund(tenant, cart, ("cap", 1))
    stripe_sandbox.clear_faults(tenant)

    assert refund(tenant, cart, ("cap", 1)).amount == 1900

    assert [made["amount"] for made in refunds.list_stripe_refunds(tenant)] == [1900]


def test_two_operators_refund_the_same_line_once(app: Flask, tenant: Brand) -> None:
    cart = paid_cart(tenant)
    failures: list[Exception] = []

    def run(key: str) -> None:
        with app.app_context():
            try:
                refund(tenant, cart, ("cap", 1), call=refunds.keyed(key))
            except (NotRefundable, IdempotencyInProgress) as error:
                failures.append(error)

    threads = [threading.Thread(target=run, args=(f"operator-{number}-key-0123456789",)) for number in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(failures) == 1
    assert [made["amount"] for made in refunds.list_stripe_refunds(tenant)] == [1900]
