"""However refunds, withdrawals and returns of an order meet, no unit is refunded twice, or sent for nothing."""

from zoneinfo import ZoneInfo

import pytest

from lumira.clock import utc_now
from lumira.domain.commands import RefundCommand, RefundLine
from lumira.domain.withdrawal_period import last_day
from lumira.errors.parcels import NotShippable
from lumira.errors.stripe import StripeUnavailable
from lumira.models import Fulfilment, WithdrawalDecision
from lumira.repositories.idempotency.idempotent_calls import Call
from lumira.services.refunds.request_refund import request_refund
from lumira.services.shipments.view_to_ship import view_forms, view_to_ship
from lumira.services.withdrawals.decide import decide
from lumira.services.withdrawals.withdraw import record_statement
from tests.support import stripe_sandbox
from tests.support.factories import Brand, figures, load_order, open_cart
from tests.support.parcels import deliver_parcel, ship, take_back
from tests.support.refunds import REFUNDS, close_dispute, deliver_events, dispute_payment, run_sweep

pytestmark = pytest.mark.usefixtures("app_context")
PARIS = ZoneInfo("Europe/Paris")
SHIRT = 5900


def paid_cart(brand: Brand) -> str:
    """Three shirts and two caps."""
    cart = open_cart(brand, {"shirt": 3, "cap": 2})
    stripe_sandbox.pay_session(brand, cart.session_id)
    deliver_events(brand)
    return cart.order_number


def refund_shirts(brand: Brand, number: str, quantity: int) -> None:
    intent_id = load_order(brand, number).payments[0].stripe_payment_intent_id
    command = RefundCommand(lines=(RefundLine("shirt", quantity),))
    request_refund(brand.id, intent_id, call=Call(fingerprint="", actor="operator"), command=command)
    deliver_events(brand)


def withdraw_from_shirts(brand: Brand, number: str, quantity: int) -> None:
    order = load_order(brand, number)
    shirts = next(line for line in order.lines if line.product_id == "shirt")
    record_statement(
        brand.id,
        order.id,
        requested_at=utc_now(),
        reason=None,
        actor="operator",
        units={shirts.id: quantity},
    )
    decide(brand.id, order.id, WithdrawalDecision.ACCEPTED, actor="operator")


def refunded(brand: Brand, number: str) -> int:
    run_sweep(brand)
    deliver_events(brand)
    return load_order(brand, number).refunded_amount


def test_a_return_frees_a_withdrawal_and_refunds_no_unit_of_it_again(make_brand) -> None:
    brand = make_brand(refund_on_return=True)
    number = paid_cart(brand)
    ship(brand, number)
    withdraw_from_shirts(brand, number, 1)
    refund_shirts(brand, number, 2)
    take_back(brand, number, {"shirt": 3})
    assert refunded(brand, number) == 3 * SHIRT


def test_withdrawals_that_waited_refund_only_what_no_refund_has_refunded(make_brand) -> None:
    brand = make_brand(refund_on_return=True)
    number = paid_cart(brand)
    ship(brand, number)
    withdraw_from_shirts(brand, number, 1)
    withdraw_from_shirts(brand, number, 1)
    refund_shirts(brand, number, 2)
    take_back(brand, number, {"shirt": 3})
    assert refunded(brand, number) == 3 * SHIRT


def test_returns_that_waited_for_a_dispute_refund_only_what_is_left(tenant) -> None:
    number = paid_cart(tenant)
    ship(tenant, number)
    refund_shirts(tenant, number, 2)
    dispute = dispute_payment(tenant, load_order(tenant, number).payments[0].stripe_payment_intent_id)
    deliver_events(tenant)
    take_back(tenant, number, {"shirt": 1})
    take_back(tenant, number, {"shirt": 1})
    close_dispute(tenant, dispute["id"], "won")
    deliver_events(tenant)
    assert refunded(tenant, number) == 3 * SHIRT
    order = load_order(tenant, number)
    assert sum(item["quantity"] for request in order.refund_requests for item in request.lines or ()) == 3


def test_a_unit_withdrawn_from_before_it_was_sent_is_not_the_one_that_came_back(tenant) -> None:
    number = paid_cart(tenant)
    withdraw_from_shirts(tenant, number, 1)
    assert refunded(tenant, number) == SHIRT
    ship(tenant, number)
    assert take_back(tenant, number, {"shirt": 1}).refund_amount == SHIRT
    assert refunded(tenant, number) == 2 * SHIRT
    assert load_order(tenant, number).fulfilment is Fulfilment.SHIPPED


def test_a_unit_refunded_before_it_was_sent_frees_no_withdrawal_of_others(make_brand) -> None:
    brand = make_brand(refund_on_return=True)
    number = paid_cart(brand)
    refund_shirts(brand, number, 1)
    ship(brand, number)
    withdraw_from_shirts(brand, number, 1)
    assert refunded(brand, number) == SHIRT
    take_back(brand, number, {"shirt": 1})
    assert refunded(brand, number) == 2 * SHIRT


def test_a_unit_refunded_when_it_came_back_frees_no_later_withdrawal(make_brand) -> None:
    brand = make_brand(refund_on_return=True)
    number = paid_cart(brand)
    ship(brand, number)
    take_back(brand, number, {"shirt": 1})
    withdraw_from_shirts(brand, number, 2)
    take_back(brand, number, {"shirt": 1})
    assert refunded(brand, number) == SHIRT
    take_back(brand, number, {"shirt": 1})
    assert refunded(brand, number) == 3 * SHIRT


def test_the_period_waits_for_a_unit_to_be_sent_though_another_one_is_back(tenant) -> None:
    number = paid_cart(tenant)
    ship(tenant, number, {"shirt": 2, "cap": 2})
    deliver_parcel(tenant, number, utc_now())
    before = last_day(load_order(tenant, number), PARIS)
    take_back(tenant, number, {"shirt": 1})
    assert refunded(tenant, number) == SHIRT
    assert last_day(load_order(tenant, number), PARIS) == before


def test_nothing_is_shipped_while_the_whole_price_is_being_refunded(tenant) -> None:
    number = paid_cart(tenant)
    intent_id = load_order(tenant, number).payments[0].stripe_payment_intent_id
    stripe_sandbox.fail_next(tenant, "drop_before", path=REFUNDS, times=10)
    with pytest.raises(StripeUnavailable):
        request_refund(
            tenant.id, intent_id, call=Call(fingerprint="", actor="operator"), command=RefundCommand()
        )
    assert view_forms(tenant.id, number).to_ship.why_not is not None
    assert view_to_ship(tenant.id).orders == []
    with pytest.raises(NotShippable, match="refunded"):
        ship(tenant, number)


def test_units_that_are_refunded_and_were_not_sent_are_in_stock_again(tenant) -> None:
    number = paid_cart(tenant)
    ship(tenant, number, {"shirt": 1})
    refund_shirts(tenant, number, 1)
    assert figures(tenant, "shirt") == (98, 0, 2)
    # The refund was for a unit that was not sent: one is left to ship.
    with pytest.raises(NotShippable, match="1 units of shirt"):
        ship(tenant, number, {"shirt": 2})
    ship(tenant, number)
    assert figures(tenant, "shirt") == (98, 0, 2)


def test_a_unit_that_comes_back_without_a_refund_leaves_the_refunded_one_unsent(tenant) -> None:
    number = paid_cart(tenant)
    refund_shirts(tenant, number, 1)
    ship(tenant, number, {"shirt": 2, "cap": 2})
    assert figures(tenant, "shirt") == (98, 0, 2)
    take_back(tenant, number, {"shirt": 1}, is_refunded=False)
    assert figures(tenant, "shirt") == (99, 0, 1)
    with pytest.raises(NotShippable):
        ship(tenant, number)


def test_a_unit_refunded_after_it_came_back_leaves_another_one_to_ship(tenant) -> None:
    number = paid_cart(tenant)
    ship(tenant, number, {"shirt": 2, "cap": 2})
    take_back(tenant, number, {"shirt": 1}, is_refunded=False)
    refund_shirts(tenant, number, 1)
    assert figures(tenant, "shirt") == (98, 0, 2)
    ship(tenant, number, {"shirt": 1})
