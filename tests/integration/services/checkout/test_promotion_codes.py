"""A promotion code lowers the price of an order, and counts once for each order that uses it."""

import secrets
from datetime import timedelta

import pytest
from sqlalchemy import select

from lumira.clock import utc_now
from lumira.database import atomic, db
from lumira.errors import InvalidRequest, RateLimited
from lumira.errors.catalog import PriceChanged
from lumira.errors.orders import InvalidPromotionCode
from lumira.models import OrderStatus, PromotionUse, Receipt
from lumira.repositories.idempotency.idempotent_calls import Call, KeySource
from lumira.repositories.orders import orders
from lumira.services.checkout.create_payment_intent import create_payment_intent
from lumira.settlement import public_bounds
from lumira.settlement.public_bounds import PublicBounds
from lumira.settlement.settle_order import settle_order
from tests.support import seller, stripe_sandbox
from tests.support.factories import (
    BUYER,
    Brand,
    figures,
    load_order,
    make_command,
    make_promotion,
    open_cart,
    open_payment,
    uses,
)

pytestmark = pytest.mark.usefixtures("app_context")


def pay(brand: Brand, opened) -> None:
    stripe_sandbox.pay(brand, opened.payment_intent_id, opened.client_secret)
    stripe_sandbox.deliver_events(brand)


def test_a_percentage_lowers_the_price_of_a_payment(tenant: Brand) -> None:
    code = make_promotion(tenant)
    opened = open_payment(tenant, promotion_code=" welcome 10 ")
    assert opened.amount == 4230
    order = load_order(tenant, opened.order_number)
    assert (order.promotion_code, order.promotion_use) == ("WELCOME10", PromotionUse.RESERVED)
    assert [(line.unit_amount, line.discount_amount) for line in order.lines] == [(4700, 470)]
    assert uses(tenant, code) == (1, 0)
    [intent] = stripe_sandbox.intents(tenant)
    assert intent["amount"] == 4230


def test_an_amount_is_split_over_the_lines_and_stripe_charges_exactly_the_rest(tenant: Brand) -> None:
    make_promotion(tenant, amount=1000)
    opened = open_cart(tenant, {"shirt": 3, "cap": 1}, promotion_code="WELCOME10")
    order = load_order(tenant, opened.order_number)
    # 17700 and 1900 of 19600.
    assert [line.discount_amount for line in order.lines] == [903, 97]
    assert order.amount == opened.amount == 18600
    [session] = stripe_sandbox.checkout_sessions(tenant)
    assert session["amount_total"] == 18600
    stripe_sandbox.pay_session(tenant, opened.session_id)
    stripe_sandbox.deliver_events(tenant)
    assert load_order(tenant, opened.order_number).status is OrderStatus.COMPLETED


def test_a_code_for_some_products_lowers_their_price_only(tenant: Brand) -> None:
    make_promotion(tenant, percent=50, product_ids=["cap"])
    opened = open_cart(tenant, {"shirt": 1, "cap": 1}, promotion_code="WELCOME10")
    order = load_order(tenant, opened.order_number)
    assert [line.discount_amount for line in order.lines] == [0, 950]
    with pytest.raises(InvalidPromotionCode, match="does not count for these products"):
        open_payment(tenant, promotion_code="WELCOME10")


def test_an_amount_never_exceeds_the_price_of_its_products(tenant: Brand) -> None:
    make_promotion(tenant, amount=5000, product_ids=["cap"])
    opened = open_cart(tenant, {"shirt": 1, "cap": 1}, promotion_code="WELCOME10")
    assert opened.amount == 5900


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"active": False}, "does not exist"),
        ({"valid_from": utc_now() + timedelta(hours=1)}, "does not exist"),
        ({"valid_until": utc_now() - timedelta(seconds=1)}, "not valid any more"),
        ({"minimum_amount": 4701}, "from 47.01 EUR"),
        ({"amount": 100, "currency": "usd"}, "does not count for these products"),
        ({"amount": 4660}, "smallest payment is 0.50 EUR"),
        ({"max_uses": 1, "reserved": 1}, "as often as it may be"),
    ],
)
def test_a_code_that_does_not_count_opens_nothing(tenant: Brand, values, message: str) -> None:
    code = make_promotion(tenant, **values)
    before = uses(tenant, code)
    with pytest.raises(InvalidPromotionCode, match=message) as raised:
        open_payment(tenant, promotion_code="WELCOME10")
    assert raised.value.code == "INVALID_PROMOTION_CODE"
    assert stripe_sandbox.intents(tenant) == []
    assert uses(tenant, code) == before


def test_a_code_of_another_shop_does_not_exist(tenant: Brand, other_tenant: Brand) -> None:
    make_promotion(other_tenant)
    with pytest.raises(InvalidPromotionCode, match="does not exist"):
        open_payment(tenant, promotion_code="WELCOME10")


def test_the_use_is_redeemed_by_the_payment_and_stays_so_after_a_refund(tenant: Brand) -> None:
    code = make_promotion(tenant, max_uses=1)
    opened = open_payment(tenant, promotion_code="WELCOME10")
    pay(tenant, opened)
    assert uses(tenant, code) == (0, 1)
    stripe_sandbox.call(tenant, "POST", "/v1/refunds", data={"payment_intent": opened.payment_intent_id})
    stripe_sandbox.deliver_events(tenant)
    order = load_order(tenant, opened.order_number)
    assert (order.status, order.promotion_use) == (OrderStatus.REFUNDED, PromotionUse.REDEEMED)
    with pytest.raises(InvalidPromotionCode, match="as often as it may be"):
        open_payment(tenant, promotion_code="WELCOME10", customer_email="other@example.com")


def test_the_use_is_released_with_the_canceled_payment(tenant: Brand) -> None:
    code = make_promotion(tenant, max_uses=1)
    opened = open_payment(tenant, promotion_code="WELCOME10")
    stripe_sandbox.call(tenant, "POST", f"/v1/payment_intents/{opened.payment_intent_id}/cancel")
    stripe_sandbox.deliver_events(tenant)
    assert load_order(tenant, opened.order_number).promotion_use is PromotionUse.RELEASED
    assert uses(tenant, code) == (0, 0)
    assert open_payment(tenant, promotion_code="WELCOME10").amount == 4230


def test_an_order_that_is_paid_after_its_use_went_to_another_keeps_its_price(tenant: Brand) -> None:
    code = make_promotion(tenant, max_uses=1)
    late = open_payment(tenant, promotion_code="WELCOME10")
    with atomic(tenant.id):
        order = orders.get_order(tenant.id, late.order_number)
        order.closed_at = utc_now() + timedelta(seconds=1)
        settle_order(order, actor="test")
    assert uses(tenant, code) == (0, 0)
    pay(tenant, open_payment(tenant, promotion_code="WELCOME10"))
    pay(tenant, late)
    order = load_order(tenant, late.order_number)
    assert (order.status, order.promotion_use) == (OrderStatus.COMPLETED, PromotionUse.BEYOND_LIMIT)
    assert uses(tenant, code) == (0, 1)


def test_an_abandoned_order_gives_its_use_back_as_it_does_its_stock(tenant: Brand) -> None:
    make_promotion(tenant, max_uses=1)
    order = load_order(tenant, open_payment(tenant, promotion_code="WELCOME10").order_number)
    assert order.reserved_until is not None
    assert order.reserved_until < utc_now() + timedelta(minutes=31)
    assert order.next_poll_at is not None
    assert order.next_poll_at <= order.reserved_until


@pytest.mark.parametrize("again", [BUYER, "Buyer@EXAMPLE.com", "buyer+2@example.com"])
def test_one_customer_uses_the_code_as_often_as_one_may(tenant: Brand, again: str) -> None:
    code = make_promotion(tenant, max_uses_per_customer=1)
    open_payment(tenant, promotion_code="WELCOME10")
    with pytest.raises(InvalidPromotionCode, match="as often as it may be"):
        open_payment(tenant, promotion_code="WELCOME10", customer_email=again)
    assert uses(tenant, code) == (1, 0)
    assert open_payment(tenant, promotion_code="WELCOME10", customer_email="b_yer@example.com")


def test_a_limit_for_each_customer_needs_an_address(tenant: Brand) -> None:
    make_promotion(tenant, max_uses_per_customer=1)
    with pytest.raises(InvalidPromotionCode, match="customerEmail"):
        open_payment(tenant, promotion_code="WELCOME10", customer_email=None)


def test_a_code_of_the_whole_price_completes_the_order_at_once(tenant: Brand) -> None:
    code = make_promotion(tenant, percent=100)
    opened = open_payment(tenant, "shirt", quantity=2, promotion_code="WELCOME10")
    order = load_order(tenant, opened.order_number)
    assert (opened.amount, opened.payment_intent_id) == (0, None)
    assert (order.status, order.promotion_use) == (OrderStatus.COMPLETED, PromotionUse.REDEEMED)
    assert figures(tenant, "shirt") == (98, 0, 2)
    assert uses(tenant, code) == (0, 1)
    assert stripe_sandbox.intents(tenant) == []


def test_a_free_order_by_a_code_needs_an_address(tenant: Brand) -> None:
    code = make_promotion(tenant, percent=100)
    with pytest.raises(InvalidRequest, match="needs an e-mail address"):
        open_payment(tenant, promotion_code="WELCOME10", customer_email=None)
    assert uses(tenant, code) == (0, 0)


def test_strangers_take_no_more_free_orders_and_stock_by_a_code_than_without(tenant: Brand) -> None:
    make_promotion(tenant, percent=100)
    public_bounds.configure(PublicBounds(5, 5, 10, free_orders=((2, timedelta(hours=1)),)))
    try:
        for number in range(2):
            _open_as_stranger(tenant, email=f"b{number}@example.com")
        with pytest.raises(RateLimited):
            _open_as_stranger(tenant, email="b3@example.com")
    finally:
        public_bounds.configure(None)


def test_a_stranger_cannot_hold_all_uses_of_a_code_without_paying(tenant: Brand) -> None:
    code = make_promotion(tenant, max_uses=50)
    public_bounds.configure(PublicBounds(20, 5, 50, free_orders=()))
    try:
        for number in range(5):
            _open_as_stranger(tenant, email=f"b{number}@example.com")
        with pytest.raises(RateLimited, match="this promotion code"):
            _open_as_stranger(tenant, email="b6@example.com")
    finally:
        public_bounds.configure(None)
    assert uses(tenant, code) == (5, 0)
    # The shop's own backend sells for all its buyers.
    assert open_payment(tenant, promotion_code="WELCOME10", customer_email="b7@example.com").amount == 4230


def _open_as_stranger(brand: Brand, *, email: str) -> None:
    call = Call(
        fingerprint="same",
        actor="test",
        source=KeySource.IDEMPOTENCY_KEY,
        key=secrets.token_hex(8),
        public_network="network-1",
    )
    command = make_command("mystique", customer_email=email, promotion_code="WELCOME10")
    create_payment_intent(brand.id, call=call, command=command)


def test_a_buyer_who_has_seen_the_price_without_the_code_is_shown_the_new_one(tenant: Brand) -> None:
    make_promotion(tenant)
    with pytest.raises(PriceChanged):
        open_payment(tenant, promotion_code="WELCOME10", expected=(4700, "eur"))
    assert open_payment(tenant, promotion_code="WELCOME10", expected=(4230, "eur")).amount == 4230


def test_a_repeated_call_uses_the_code_once(tenant: Brand) -> None:
    code = make_promotion(tenant)
    call = Call(fingerprint="same", actor="test", source=KeySource.IDEMPOTENCY_KEY, key=secrets.token_hex(8))
    command = make_command("mystique", promotion_code="WELCOME10")
    first, second = (create_payment_intent(tenant.id, call=call, command=command) for _ in range(2))
    assert first.value == second.value
    assert uses(tenant, code) == (1, 0)


def test_the_receipt_shows_the_discount_and_adds_up_to_what_was_paid(tenant: Brand, make_brand) -> None:
    brand = make_brand(seller=seller.EXEMPT)
    make_promotion(brand)
    opened = open_payment(brand, promotion_code="WELCOME10")
    pay(brand, opened)
    with atomic(brand.id):
        receipt = db.session.execute(select(Receipt).where(Receipt.tenant_id == brand.id)).scalar_one()
    assert receipt.amount == 4230
    assert [(line["name"], line["amount"]) for line in receipt.lines] == [
        ("Niveau Mystique", 4700),
        ("", -470),
    ]
    assert receipt.lines[1]["promotion_code"] == "WELCOME10"


def test_the_end_of_test_sales_gives_their_uses_back(tenant: Brand) -> None:
    code = make_promotion(tenant, max_uses=1)
    opened = open_payment(tenant, promotion_code="WELCOME10")
    pay(tenant, opened)
    with atomic(tenant.id):
        order = orders.get_order(tenant.id, opened.order_number)
        order.test_ended_at = utc_now()
        settle_order(order, actor="test")
    assert uses(tenant, code) == (0, 0)


def test_the_figures_of_a_code_are_the_numbers_of_its_orders(tenant: Brand) -> None:
    code = make_promotion(tenant)
    for _ in range(2):
        open_payment(tenant, promotion_code="WELCOME10")
    pay(tenant, open_payment(tenant, promotion_code="WELCOME10"))
    assert uses(tenant, code) == (2, 1)
