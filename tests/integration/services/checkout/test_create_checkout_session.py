"""Opening a cart: once per call, its pieces kept while the buyer pays, whatever becomes of the page."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from lumira.database import atomic, db
from lumira.errors import (
    InvalidCart,
    InvalidQuantity,
    InvalidRequest,
    OutOfStock,
    PaymentFailed,
    ProductNotFound,
    StripeUnavailable,
)
from lumira.models import Order, OrderStatus, Product, ReservationState
from lumira.repositories.idempotency import Call, KeyKind
from lumira.services.checkout.create_checkout_session import SESSION_LIFETIME
from tests.support import stripe_sandbox
from tests.support.factories import (
    BUYER,
    Brand,
    count,
    figures,
    load_order,
    open_cart,
    open_payment,
    set_stock,
)
from tests.support.stripe_sandbox import deliver_events

pytestmark = pytest.mark.usefixtures("app_context")


def keyed(key: str = "a-cart") -> Call:
    return Call(fingerprint="f", actor="test", kind=KeyKind.IDEMPOTENCY_KEY, key=key)


def set_price(brand: Brand, product_id: str, amount: int) -> None:
    with atomic(brand.id):
        db.session.get_one(Product, (brand.id, product_id)).amount = amount


def test_a_cart_is_priced_here_and_its_pieces_are_kept(tenant) -> None:
    opened = open_cart(tenant, {"shirt": 2, "cap": 3}, metadata={"table": "7", "orderNumber": "FORGED"})

    [session] = stripe_sandbox.checkout_sessions(tenant)
    order = load_order(tenant, opened.order_number)
    assert opened.amount == order.amount == session["amount_total"] == 2 * 5900 + 3 * 1900
    assert [(line.product_id, line.quantity, line.unit_amount) for line in order.lines] == [
        ("shirt", 2, 5900),
        ("cap", 3, 1900),
    ]
    assert (opened.session_id, opened.url) == (session["id"], session["url"])
    assert session["metadata"]["orderNumber"] == opened.order_number
    assert session["metadata"]["table"] == "7"
    assert figures(tenant, "shirt") == (100, 2, 0)
    assert figures(tenant, "cap") == (50, 3, 0)
    assert opened.expires_at is not None
    assert {each.expires_at for each in order.reservations} == {opened.expires_at}
    left = opened.expires_at - datetime.now(UTC)
    assert timedelta(minutes=30) < left <= SESSION_LIFETIME


def test_a_paid_cart_is_served_and_its_pieces_are_sold(tenant) -> None:
    opened = open_cart(tenant)
    stripe_sandbox.pay_session(tenant, opened.session_id)
    deliver_events(tenant)

    order = load_order(tenant, opened.order_number)
    assert order.status is OrderStatus.COMPLETED
    assert [str(message.kind) for message in order.messages] == ["order_confirmation"]
    assert figures(tenant, "shirt") == (98, 0, 2)
    assert figures(tenant, "cap") == (49, 0, 1)


@pytest.mark.parametrize("told", ["checkout.session.completed", "payment_intent.succeeded"])
def test_either_of_the_two_events_alone_serves_a_paid_cart(tenant, told) -> None:
    opened = open_cart(tenant)
    stripe_sandbox.pay_session(tenant, opened.session_id)
    deliver_events(tenant, told)

    assert load_order(tenant, opened.order_number).status is OrderStatus.COMPLETED
    assert figures(tenant, "shirt") == (98, 0, 2)


def test_a_finished_form_without_money_serves_nothing_until_the_money_comes(tenant) -> None:
    opened = open_cart(tenant)
    stripe_sandbox.pay_session(tenant, opened.session_id, "pm_successDelayed_fr")
    deliver_events(tenant)

    order = load_order(tenant, opened.order_number)
    assert (order.status, order.completed_at) == (OrderStatus.PROCESSING, None)
    assert figures(tenant, "shirt") == (100, 2, 0)


def test_a_delayed_payment_that_fails_gives_the_pieces_back_at_once(tenant) -> None:
    opened = open_cart(tenant)
    stripe_sandbox.pay_session(tenant, opened.session_id, "pm_failedDelayed_fr")
    stripe_sandbox.advance(tenant, 86_400)
    deliver_events(tenant)

    assert load_order(tenant, opened.order_number).status is OrderStatus.FAILED
    assert figures(tenant, "shirt") == (100, 0, 0)


def test_a_page_that_expires_gives_the_pieces_back_once(tenant) -> None:
    opened = open_cart(tenant)
    stripe_sandbox.expire_session(tenant, opened.session_id)
    deliver_events(tenant)
    deliver_events(tenant)

    order = load_order(tenant, opened.order_number)
    assert order.status is OrderStatus.CANCELLED
    assert {each.state for each in order.reservations} == {ReservationState.RELEASED}
    assert figures(tenant, "shirt") == (100, 0, 0)


def test_the_buyers_address_is_learned_from_stripes_page(tenant) -> None:
    opened = open_cart(tenant, {"cap": 1, "mystique": 1}, customer_email=None)
    stripe_sandbox.pay_session(tenant, opened.session_id, email=BUYER)
    deliver_events(tenant)

    order = load_order(tenant, opened.order_number)
    assert order.customer_email == BUYER
    assert order.customer_id is not None
    assert [grant.customer_id for grant in order.grants] == [order.customer_id]
    assert [str(message.kind) for message in order.messages] == ["order_confirmation"]


def test_a_buyer_whose_address_only_looks_like_anothers_is_not_that_other(tenant) -> None:
    open_payment(tenant, customer_email="kate@example.com")
    opened = open_cart(tenant, {"cap": 1, "mystique": 1}, customer_email=None)
    stripe_sandbox.pay_session(tenant, opened.session_id, email="\N{KELVIN SIGN}ate@example.com")
    deliver_events(tenant)

    order = load_order(tenant, opened.order_number)
    assert order.status is OrderStatus.COMPLETED
    assert (order.customer_id, order.email_key) == (None, None)


def test_the_same_call_gets_the_same_page_and_keeps_the_pieces_once(tenant) -> None:
    assert open_cart(tenant, call=keyed()) == open_cart(tenant, call=keyed())
    assert count(tenant, Order) == 1
    assert len(stripe_sandbox.checkout_sessions(tenant)) == 1
    assert figures(tenant, "shirt") == (100, 2, 0)


def test_a_call_repeated_after_its_page_expired_gets_another_page_of_the_same_order(tenant) -> None:
    first = open_cart(tenant, call=keyed())
    stripe_sandbox.expire_session(tenant, first.session_id)
    deliver_events(tenant)
    second = open_cart(tenant, call=keyed())

    assert first.order_number == second.order_number
    assert first.session_id != second.session_id
    assert load_order(tenant, first.order_number).status is OrderStatus.PENDING
    assert figures(tenant, "shirt") == (100, 2, 0)
    stripe_sandbox.pay_session(tenant, second.session_id)
    deliver_events(tenant)
    assert load_order(tenant, first.order_number).status is OrderStatus.COMPLETED
    assert figures(tenant, "shirt") == (98, 0, 2)


def test_a_call_repeated_when_nobody_told_of_the_expiry_closes_the_earlier_page_first(tenant) -> None:
    first = open_cart(tenant, call=keyed())
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=32), tick=True):
        # Stripe's clock has stood still: the page could still be paid.
        second = open_cart(tenant, call=keyed())

    states = {session["id"]: session["status"] for session in stripe_sandbox.checkout_sessions(tenant)}
    assert states == {first.session_id: "expired", second.session_id: "open"}
    assert figures(tenant, "shirt") == (100, 2, 0)


def test_a_page_that_was_just_paid_wins_over_a_new_one(tenant) -> None:
    first = open_cart(tenant, call=keyed())
    stripe_sandbox.pay_session(tenant, first.session_id)
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=32), tick=True):
        second = open_cart(tenant, call=keyed())

    assert (second.session_id, second.url) == (first.session_id, None)
    assert load_order(tenant, first.order_number).status is OrderStatus.COMPLETED
    assert len(stripe_sandbox.checkout_sessions(tenant)) == 1
    assert figures(tenant, "shirt") == (98, 0, 2)


def test_what_was_just_paid_on_an_earlier_page_belongs_to_the_buyer_who_was_named_there(tenant) -> None:
    cart = {"cap": 1, "mystique": 1}
    first = open_cart(tenant, cart, call=keyed(), customer_email=None)
    stripe_sandbox.pay_session(tenant, first.session_id, email=BUYER)
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=32), tick=True):
        open_cart(tenant, cart, call=keyed(), customer_email=None)

    order = load_order(tenant, first.order_number)
    assert order.status is OrderStatus.COMPLETED
    assert order.customer_id is not None
    assert [grant.customer_id for grant in order.grants] == [order.customer_id]


def test_all_lines_are_kept_or_none(tenant) -> None:
    set_stock(tenant, "cap", 1)
    with pytest.raises(OutOfStock) as refused:
        open_cart(tenant, {"shirt": 1, "cap": 2})

    assert refused.value.details == {"product_id": "cap", "left": 1}
    assert figures(tenant, "shirt") == (100, 0, 0)
    assert figures(tenant, "cap") == (1, 0, 0)
    assert count(tenant, Order) == 0


def test_a_cart_refused_for_want_of_pieces_can_be_asked_for_again_when_there_are_some(tenant) -> None:
    set_stock(tenant, "shirt", 1)
    with pytest.raises(OutOfStock):
        open_cart(tenant, call=keyed())
    set_stock(tenant, "shirt", 2)
    assert open_cart(tenant, call=keyed()).amount == 2 * 5900 + 1900


@pytest.mark.parametrize(
    ("items", "error"),
    [({"nothing": 1}, ProductNotFound), ({"mystique": 2}, InvalidQuantity), ({"shirt": 101}, OutOfStock)],
)
def test_a_cart_that_cannot_be_sold_leaves_nothing_behind(tenant, items, error) -> None:
    with pytest.raises(error):
        open_cart(tenant, {"cap": 1, **items})
    assert count(tenant, Order) == 0
    assert figures(tenant, "cap") == (50, 0, 0)


def test_a_cart_of_more_than_stripe_takes_is_refused(tenant, make_brand) -> None:
    set_stock(tenant, "shirt", 100_000)
    with pytest.raises(InvalidCart):
        open_cart(tenant, {"shirt": 20_000})
    assert figures(tenant, "shirt") == (100_000, 0, 0)


@pytest.mark.parametrize(
    "url",
    [
        "https://elsewhere.example/thanks",
        "https://{domain}.elsewhere.example/",
        "http://{domain}/thanks",
        "https://elsewhere.example/https://{domain}/",
        "https://elsewhere.example#@{domain}/",
    ],
)
def test_the_buyer_is_led_to_the_tenants_own_pages_only(tenant, url) -> None:
    with pytest.raises(InvalidRequest) as refused:
        open_cart(tenant, success_url=url.format(domain=tenant.domain))
    assert refused.value.code == "INVALID_URL"
    assert count(tenant, Order) == 0


def test_ones_own_machine_is_allowed_while_no_real_money_is_meant(tenant) -> None:
    assert open_cart(tenant, success_url="http://localhost:3000/thanks").url


def test_stripe_failing_keeps_the_pieces_for_the_same_call_to_go_on(tenant) -> None:
    stripe_sandbox.fail_next(tenant, "drop_before", path="/v1/checkout/sessions", times=4)
    with pytest.raises(StripeUnavailable):
        open_cart(tenant, call=keyed())
    stripe_sandbox.clear_faults(tenant)
    assert figures(tenant, "shirt") == (100, 2, 0)

    opened = open_cart(tenant, call=keyed())
    assert count(tenant, Order) == 1
    assert len(stripe_sandbox.checkout_sessions(tenant)) == 1
    assert figures(tenant, "shirt") == (100, 2, 0)
    assert opened.url


def test_stripe_refusing_gives_the_pieces_back(tenant) -> None:
    # Below what Stripe takes at all.
    set_price(tenant, "shirt", 20)
    with pytest.raises(PaymentFailed):
        open_cart(tenant, {"shirt": 1})
    assert figures(tenant, "shirt") == (100, 0, 0)


def test_a_request_that_is_sent_too_late_is_asked_anew(tenant) -> None:
    stripe_sandbox.fail_next(tenant, "drop_before", path="/v1/checkout/sessions", times=4)
    with pytest.raises(StripeUnavailable):
        open_cart(tenant, call=keyed())
    stripe_sandbox.clear_faults(tenant)
    # By now Stripe would take what was frozen for less than its half hour.
    stripe_sandbox.advance(tenant, 300)
    opened = open_cart(tenant, call=keyed())

    [session] = stripe_sandbox.checkout_sessions(tenant)
    assert session["id"] == opened.session_id
    assert figures(tenant, "shirt") == (100, 2, 0)


def test_a_free_cart_is_given_once_however_often_it_is_asked_for(tenant, app_context) -> None:
    with atomic(tenant.id):
        db.session.get_one(Product, (tenant.id, "strict")).amount = 0
    first = open_cart(tenant, {"simple": 1, "strict": 1})
    again = open_cart(tenant, {"strict": 1, "simple": 1})
    alone = open_cart(tenant, {"simple": 1})
    theirs = open_cart(tenant, {"simple": 1, "strict": 1}, customer_email="somebody@example.com")

    assert again.order_number == first.order_number
    assert len({each.order_number for each in (first, alone, theirs)}) == 3


def test_a_free_cart_needs_no_page(tenant, app_context) -> None:
    opened = open_cart(tenant, {"simple": 1})
    assert (opened.session_id, opened.url, opened.expires_at) == (None, None, None)
    assert load_order(tenant, opened.order_number).status is OrderStatus.COMPLETED
    assert stripe_sandbox.checkout_sessions(tenant) == []


def test_pieces_of_a_single_sale_are_kept_like_those_of_a_cart(tenant) -> None:
    opened = open_payment(tenant, "shirt", quantity=3)
    assert figures(tenant, "shirt") == (100, 3, 0)
    stripe_sandbox.pay(tenant, opened.payment_intent_id, opened.client_secret)
    deliver_events(tenant)
    assert figures(tenant, "shirt") == (97, 0, 3)
