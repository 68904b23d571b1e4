"""Opening a cart: once per call, with its stock reserved while the session is open."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from lumira.clients import stripe_client
from lumira.database import atomic, db
from lumira.errors import InvalidRequest
from lumira.errors.catalog import OutOfStock, ProductNotFound
from lumira.errors.orders import InvalidCart, InvalidQuantity
from lumira.errors.stripe import PaymentFailed, StripeUnavailable
from lumira.models import Order, OrderStatus, Product, ReservationState
from lumira.reconciliation import reconcile
from lumira.repositories.alerts import alerts
from lumira.repositories.idempotency.idempotent_calls import Call, KeySource
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
    return Call(fingerprint="f", actor="test", source=KeySource.IDEMPOTENCY_KEY, key=key)


def set_price(brand: Brand, product_id: str, amount: int) -> None:
    with atomic(brand.id):
        db.session.get_one(Product, (brand.id, product_id)).amount = amount


def test_a_cart_has_the_catalogs_prices_and_its_stock_is_reserved(tenant) -> None:
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
    assert {reservation.expires_at for reservation in order.reservations} == {opened.expires_at}
    left = opened.expires_at - datetime.now(UTC)
    assert timedelta(minutes=30) < left <= SESSION_LIFETIME


def test_a_paid_cart_is_fulfilled_and_its_stock_is_sold(tenant) -> None:
    opened = open_cart(tenant)
    stripe_sandbox.pay_session(tenant, opened.session_id)
    deliver_events(tenant)

    order = load_order(tenant, opened.order_number)
    assert order.status is OrderStatus.COMPLETED
    assert [str(message.kind) for message in order.messages] == ["order_confirmation"]
    assert figures(tenant, "shirt") == (98, 0, 2)
    assert figures(tenant, "cap") == (49, 0, 1)


@pytest.mark.parametrize("event_type", ["checkout.session.completed", "payment_intent.succeeded"])
def test_either_of_the_two_events_alone_fulfills_a_paid_cart(tenant, event_type) -> None:
    opened = open_cart(tenant)
    stripe_sandbox.pay_session(tenant, opened.session_id)
    deliver_events(tenant, event_type)

    assert load_order(tenant, opened.order_number).status is OrderStatus.COMPLETED
    assert figures(tenant, "shirt") == (98, 0, 2)


def test_a_completed_session_is_fulfilled_only_once_it_is_paid(tenant) -> None:
    opened = open_cart(tenant)
    stripe_sandbox.pay_session(tenant, opened.session_id, "pm_successDelayed_fr")
    deliver_events(tenant)

    order = load_order(tenant, opened.order_number)
    assert (order.status, order.completed_at) == (OrderStatus.PROCESSING, None)
    assert figures(tenant, "shirt") == (100, 2, 0)


def test_a_failed_delayed_payment_releases_the_stock_at_once(tenant) -> None:
    opened = open_cart(tenant)
    stripe_sandbox.pay_session(tenant, opened.session_id, "pm_failedDelayed_fr")
    stripe_sandbox.advance(tenant, 86_400)
    deliver_events(tenant)

    assert load_order(tenant, opened.order_number).status is OrderStatus.FAILED
    assert figures(tenant, "shirt") == (100, 0, 0)


def pay_by_debit_after_a_declined_card(brand: Brand, session_id: str, debit: str) -> None:
    declined = stripe_sandbox.pay_session(brand, session_id, "pm_card_chargeDeclined")
    assert declined["outcome"] == "declined"
    assert stripe_sandbox.pay_session(brand, session_id, debit)["outcome"] == "completed"


def test_a_debit_after_a_declined_card_is_awaited_before_it_is_reported_as_processing(tenant) -> None:
    opened = open_cart(tenant)
    pay_by_debit_after_a_declined_card(tenant, opened.session_id, "pm_successDelayed_fr")
    deliver_events(tenant, "payment_intent.payment_failed")
    deliver_events(tenant, "checkout.session.completed")
    assert load_order(tenant, opened.order_number).status is OrderStatus.PROCESSING
    assert figures(tenant, "shirt") == (100, 2, 0)

    stripe_sandbox.advance(tenant, 7 * 86_400)
    deliver_events(tenant)
    assert load_order(tenant, opened.order_number).status is OrderStatus.COMPLETED
    assert figures(tenant, "shirt") == (98, 0, 2)


@pytest.mark.parametrize("ending", ["payment_intent", "checkout.session", "no event"])
def test_a_failed_debit_after_a_declined_card_releases_the_stock(tenant, ending) -> None:
    opened = open_cart(tenant)
    pay_by_debit_after_a_declined_card(tenant, opened.session_id, "pm_failedDelayed_fr")
    deliver_events(tenant, "payment_intent.payment_failed")
    deliver_events(tenant, "checkout.session.completed")
    stripe_sandbox.advance(tenant, 7 * 86_400)
    if ending == "payment_intent":
        deliver_events(tenant, "payment_intent.processing", "payment_intent.payment_failed")
    elif ending == "checkout.session":
        deliver_events(tenant, "checkout.session.async_payment_failed")
    else:
        with time_machine.travel(datetime.now(UTC) + timedelta(minutes=2)):
            reconcile.reconcile(tenant.id)

    assert load_order(tenant, opened.order_number).status is OrderStatus.FAILED
    assert figures(tenant, "shirt") == (100, 0, 0)


def test_an_expired_session_releases_the_stock_once(tenant) -> None:
    opened = open_cart(tenant)
    stripe_sandbox.expire_session(tenant, opened.session_id)
    deliver_events(tenant)
    deliver_events(tenant)

    order = load_order(tenant, opened.order_number)
    assert order.status is OrderStatus.CANCELLED
    assert {reservation.state for reservation in order.reservations} == {ReservationState.RELEASED}
    assert figures(tenant, "shirt") == (100, 0, 0)


def test_the_buyers_email_address_comes_from_stripes_page(tenant) -> None:
    opened = open_cart(tenant, {"cap": 1, "mystique": 1}, customer_email=None)
    stripe_sandbox.pay_session(tenant, opened.session_id, email=BUYER)
    deliver_events(tenant)

    order = load_order(tenant, opened.order_number)
    assert order.customer_email == BUYER
    assert order.customer_id is not None
    assert [grant.customer_id for grant in order.grants] == [order.customer_id]
    assert [str(message.kind) for message in order.messages] == ["order_confirmation"]


def test_a_confusable_email_address_is_another_customer(tenant) -> None:
    open_payment(tenant, customer_email="kate@example.com")
    opened = open_cart(tenant, {"cap": 1, "mystique": 1}, customer_email=None)
    stripe_sandbox.pay_session(tenant, opened.session_id, email="\N{KELVIN SIGN}ate@example.com")
    deliver_events(tenant)

    order = load_order(tenant, opened.order_number)
    assert order.status is OrderStatus.COMPLETED
    assert (order.customer_id, order.email_key) == (None, None)


def test_the_same_call_gets_the_same_session_and_reserves_once(tenant) -> None:
    assert open_cart(tenant, call=keyed()) == open_cart(tenant, call=keyed())
    assert count(tenant, Order) == 1
    assert len(stripe_sandbox.checkout_sessions(tenant)) == 1
    assert figures(tenant, "shirt") == (100, 2, 0)


def test_a_call_repeated_after_expiry_gets_a_new_session_of_the_same_order(tenant) -> None:
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


def test_a_call_repeated_without_an_expiry_event_closes_the_earlier_session(tenant) -> None:
    first = open_cart(tenant, call=keyed())
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=36), tick=True):
        # The sandbox's clock did not move: the session could still be paid.
        second = open_cart(tenant, call=keyed())

    states = {session["id"]: session["status"] for session in stripe_sandbox.checkout_sessions(tenant)}
    assert states == {first.session_id: "expired", second.session_id: "open"}
    assert figures(tenant, "shirt") == (100, 2, 0)


def test_a_late_event_of_the_earlier_session_leaves_the_next_one_its_reservation(tenant, monkeypatch) -> None:
    set_stock(tenant, "shirt", 2)
    first = open_cart(tenant, call=keyed())
    create = stripe_client.create_checkout_session

    def create_after_the_event(*arguments: Any, **options: Any) -> dict[str, Any]:
        deliver_events(tenant)
        with pytest.raises(OutOfStock):
            open_cart(tenant, customer_email="other@example.com")
        return create(*arguments, **options)

    monkeypatch.setattr(stripe_client, "create_checkout_session", create_after_the_event)
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=36), tick=True):
        second = open_cart(tenant, call=keyed())
        order = load_order(tenant, first.order_number)

    assert order.find_session(second.session_id).is_open
    assert order.status is OrderStatus.PENDING
    assert figures(tenant, "shirt") == (2, 2, 0)


def test_a_session_that_was_just_paid_is_not_replaced(tenant) -> None:
    first = open_cart(tenant, call=keyed())
    stripe_sandbox.pay_session(tenant, first.session_id)
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=36), tick=True):
        second = open_cart(tenant, call=keyed())

    assert (second.session_id, second.url) == (first.session_id, None)
    assert load_order(tenant, first.order_number).status is OrderStatus.COMPLETED
    assert len(stripe_sandbox.checkout_sessions(tenant)) == 1
    assert figures(tenant, "shirt") == (98, 0, 2)


def test_a_payment_on_an_earlier_session_belongs_to_the_buyer_named_there(tenant) -> None:
    cart = {"cap": 1, "mystique": 1}
    first = open_cart(tenant, cart, call=keyed(), customer_email=None)
    stripe_sandbox.pay_session(tenant, first.session_id, email=BUYER)
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=36), tick=True):
        open_cart(tenant, cart, call=keyed(), customer_email=None)

    order = load_order(tenant, first.order_number)
    assert order.status is OrderStatus.COMPLETED
    assert order.customer_id is not None
    assert [grant.customer_id for grant in order.grants] == [order.customer_id]


def test_all_lines_are_reserved_or_none(tenant) -> None:
    set_stock(tenant, "cap", 1)
    with pytest.raises(OutOfStock) as refused:
        open_cart(tenant, {"shirt": 1, "cap": 2})

    assert refused.value.details == {"product_id": "cap", "left": 1}
    assert figures(tenant, "shirt") == (100, 0, 0)
    assert figures(tenant, "cap") == (1, 0, 0)
    assert count(tenant, Order) == 0


def test_a_cart_refused_out_of_stock_can_be_opened_after_restocking(tenant) -> None:
    set_stock(tenant, "shirt", 1)
    with pytest.raises(OutOfStock):
        open_cart(tenant, call=keyed())
    set_stock(tenant, "shirt", 2)
    assert open_cart(tenant, call=keyed()).amount == 2 * 5900 + 1900


@pytest.mark.parametrize(
    ("items", "error"),
    [({"nothing": 1}, ProductNotFound), ({"mystique": 2}, InvalidQuantity), ({"shirt": 101}, OutOfStock)],
)
def test_a_refused_cart_leaves_nothing_behind(tenant, items, error) -> None:
    with pytest.raises(error):
        open_cart(tenant, {"cap": 1, **items})
    assert count(tenant, Order) == 0
    assert figures(tenant, "cap") == (50, 0, 0)


def test_a_cart_above_stripes_largest_charge_is_refused(tenant, make_brand) -> None:
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
def test_return_urls_must_be_on_the_tenants_domains(tenant, url) -> None:
    with pytest.raises(InvalidRequest) as refused:
        open_cart(tenant, success_url=url.format(domain=tenant.domain))
    assert refused.value.code == "INVALID_URL"
    assert count(tenant, Order) == 0


def test_localhost_is_allowed_in_test_mode_only(tenant) -> None:
    assert open_cart(tenant, success_url="http://localhost:3000/thanks").url


def test_a_failure_at_stripe_keeps_the_reservation_for_a_retry(tenant) -> None:
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


def test_a_refusal_by_stripe_releases_the_stock(tenant) -> None:
    # Below Stripe's minimum charge.
    set_price(tenant, "shirt", 20)
    with pytest.raises(PaymentFailed):
        open_cart(tenant, {"shirt": 1})
    assert figures(tenant, "shirt") == (100, 0, 0)


def test_a_request_whose_expiry_passed_is_sent_with_a_new_one(tenant) -> None:
    stripe_sandbox.fail_next(tenant, "drop_before", path="/v1/checkout/sessions", times=4)
    with pytest.raises(StripeUnavailable):
        open_cart(tenant, call=keyed())
    stripe_sandbox.clear_faults(tenant)
    # By now the frozen expiry is less than Stripe's minimum of thirty minutes away.
    stripe_sandbox.advance(tenant, 300)
    opened = open_cart(tenant, call=keyed())

    [session] = stripe_sandbox.checkout_sessions(tenant)
    assert session["id"] == opened.session_id
    assert figures(tenant, "shirt") == (100, 2, 0)


def test_an_address_that_stripe_refuses_does_not_stop_a_sale(tenant) -> None:
    stripe_sandbox.call(tenant, "POST", "/sandbox/settings", json={"refused_emails": [BUYER]})
    opened = open_cart(tenant, {"shirt": 1, "mystique": 1}, call=keyed())
    [session] = stripe_sandbox.checkout_sessions(tenant)
    assert (session["id"], session["customer_email"]) == (opened.session_id, None)

    stripe_sandbox.pay_session(tenant, opened.session_id, email="typed@example.com")
    deliver_events(tenant)
    order = load_order(tenant, opened.order_number)
    assert (order.status, order.customer_email) == (OrderStatus.COMPLETED, BUYER)
    assert open_cart(tenant, {"shirt": 1, "mystique": 1}, call=keyed()).session_id == opened.session_id
    assert figures(tenant, "shirt") == (99, 0, 1)


def test_a_refused_statement_suffix_does_not_stop_a_sale(make_brand) -> None:
    brand = make_brand(statement_descriptor_suffix="4*2")
    opened = open_cart(brand, {"shirt": 1})
    assert [session["id"] for session in stripe_sandbox.checkout_sessions(brand)] == [opened.session_id]
    assert open_payment(brand).payment_intent_id


@pytest.mark.parametrize("offset", [61, 3600])
def test_a_clock_behind_stripes_stops_no_sale(tenant, offset) -> None:
    stripe_sandbox.call(tenant, "POST", "/sandbox/settings", json={"clock_offset_s": offset})
    opened = open_cart(tenant, call=keyed())
    assert opened.url
    assert figures(tenant, "shirt") == (100, 2, 0)
    open_cart(tenant)
    with atomic(tenant.id):
        [alert] = alerts.list_alerts(tenant.id)
    assert (str(alert.kind), alert.subject) == ("clock_differs", "clock")
    assert abs(alert.details["stripe_ahead_s"] - offset) <= 2


def test_a_clock_that_agrees_raises_no_alert(tenant) -> None:
    open_cart(tenant)
    with atomic(tenant.id):
        assert not alerts.list_alerts(tenant.id)


def test_a_free_cart_completes_once_however_often_it_is_opened(tenant, app_context) -> None:
    with atomic(tenant.id):
        db.session.get_one(Product, (tenant.id, "strict")).amount = 0
    first = open_cart(tenant, {"simple": 1, "strict": 1})
    again = open_cart(tenant, {"strict": 1, "simple": 1})
    alone = open_cart(tenant, {"simple": 1})
    theirs = open_cart(tenant, {"simple": 1, "strict": 1}, customer_email="stranger@example.com")

    assert again.order_number == alone.order_number == first.order_number
    assert theirs.order_number != first.order_number


def test_a_free_cart_needs_no_session(tenant, app_context) -> None:
    opened = open_cart(tenant, {"simple": 1})
    assert (opened.session_id, opened.url, opened.expires_at) == (None, None, None)
    assert load_order(tenant, opened.order_number).status is OrderStatus.COMPLETED
    assert stripe_sandbox.checkout_sessions(tenant) == []


def test_a_single_product_is_reserved_like_a_cart(tenant) -> None:
    opened = open_payment(tenant, "shirt", quantity=3)
    assert figures(tenant, "shirt") == (100, 3, 0)
    stripe_sandbox.pay(tenant, opened.payment_intent_id, opened.client_secret)
    deliver_events(tenant)
    assert figures(tenant, "shirt") == (97, 0, 3)
