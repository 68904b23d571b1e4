"""One network cannot take a shop's stock or its free goods from its buyers."""

import secrets
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import text

from lumira.database import atomic, db
from lumira.errors import InvalidRequest, LumiraError, RateLimited
from lumira.errors.catalog import OutOfStock
from lumira.errors.orders import InvalidCart, InvalidQuantity
from lumira.models import Order, OrderStatus, Product
from lumira.repositories.idempotency.idempotent_calls import Call, KeySource
from lumira.repositories.orders import orders
from lumira.services.checkout.create_checkout_session import create_checkout_session
from lumira.services.checkout.create_payment_intent import PaymentOpened, create_payment_intent
from lumira.services.customers.merge_customers import merge_customers
from lumira.settlement import public_bounds
from lumira.settlement.public_bounds import PublicBounds
from lumira.settlement.settle_order import settle_order
from tests.concurrency.test_at_once import at_once
from tests.support import stripe_sandbox
from tests.support.factories import (
    Brand,
    count,
    figures,
    load_order,
    make_cart_command,
    make_command,
    set_stock,
)
from tests.support.refunds import deliver_events
from tests.support.stripe_events import declined, deliver, event, payment_intent

pytestmark = pytest.mark.usefixtures("app_context", "bounds")

HOME, ELSEWHERE = "network-1", "network-2"


@pytest.fixture
def bounds() -> Iterator[None]:
    public_bounds.configure(
        PublicBounds(
            reservations=4,
            reservations_per_email=2,
            reservation_share=50,
            free_orders=[(2, timedelta(hours=1))],
        )
    )
    yield
    public_bounds.configure(None)


def public_call(network: str | None = HOME, key: str | None = None) -> Call:
    source = None if key is None else KeySource.IDEMPOTENCY_KEY
    return Call(
        fingerprint=key or secrets.token_hex(8), actor="test", source=source, key=key, public_network=network
    )


def buy(
    brand: Brand,
    product: str = "shirt",
    quantity: int = 1,
    *,
    email: str | None = None,
    network: str | None = HOME,
    key: str | None = None,
) -> PaymentOpened:
    command = make_command(product, quantity, customer_email=email)
    return create_payment_intent(brand.id, call=public_call(network, key), command=command).value


def buy_cart(brand: Brand, items: dict[str, int], email: str | None = None) -> str:
    command = make_cart_command(brand.domain, items, customer_email=email)
    return create_checkout_session(brand.id, call=public_call(), command=command).value.order_number


def test_one_network_reserves_half_of_a_products_units_at_most(tenant: Brand) -> None:
    buy(tenant, quantity=40)
    with pytest.raises(OutOfStock, match="Only 10 of Chemise can be reserved now, 20 requested"):
        buy_cart(tenant, {"shirt": 20, "cap": 1})
    buy(tenant, quantity=10)
    assert (figures(tenant, "shirt"), figures(tenant, "cap")) == ((100, 50, 0), (50, 0, 0))
    buy(tenant, quantity=50, network=ELSEWHERE)


def test_a_small_cart_may_take_the_last_units(tenant: Brand) -> None:
    set_stock(tenant, "shirt", 3)
    buy(tenant, quantity=3)
    assert figures(tenant, "shirt") == (3, 3, 0)


def test_one_network_has_a_limited_number_of_unpaid_orders(tenant: Brand) -> None:
    for _ in range(4):
        buy(tenant)
    with pytest.raises(RateLimited) as refused:
        buy(tenant, "cap")
    assert 60 <= (refused.value.retry_after or 0) <= 1800
    buy(tenant, network=ELSEWHERE)
    buy(tenant, "mystique")


def test_one_email_address_has_a_limited_number_of_unpaid_orders_on_each_network(tenant: Brand) -> None:
    for _ in range(2):
        buy(tenant, email="ana@example.com")
    with pytest.raises(RateLimited):
        buy(tenant, email="Ana@Example.com")
    buy(tenant, email="zoe@example.com")
    with pytest.raises(RateLimited):
        buy(tenant, email="ana+1@example.com")
    # What strangers open in a buyer's name does not count for the buyer.
    buy(tenant, email="ana@example.com", network=ELSEWHERE)


def test_the_number_of_orders_does_not_reveal_a_merge(tenant: Brand) -> None:
    mistyped, own = (buy(tenant, "mystique", email=email) for email in ("ana@exmaple.com", "ana@example.com"))
    ids = [load_order(tenant, opened.order_number).customer_id for opened in (mistyped, own)]
    merge_customers(tenant.id, ids[0], ids[1], actor="operator")
    for _ in range(2):
        buy(tenant, email="ana@exmaple.com")
    buy(tenant, email="ana@example.com")


def test_paid_and_closed_orders_do_not_count(tenant: Brand) -> None:
    paid, closed = (buy(tenant, email="ana@example.com") for _ in range(2))
    stripe_sandbox.pay(tenant, paid.payment_intent_id, paid.client_secret)
    deliver_events(tenant)
    deliver(
        tenant,
        event("payment_intent.canceled", payment_intent(id=closed.payment_intent_id, status="canceled")),
    )
    for _ in range(2):
        buy(tenant, email="ana@example.com")


def test_a_bank_debit_counts_as_long_as_it_is_under_way(tenant: Brand) -> None:
    opened = buy(tenant, email="ana@example.com")
    deliver(
        tenant,
        event("payment_intent.processing", payment_intent(id=opened.payment_intent_id, status="processing")),
    )
    with time_machine.travel(datetime.now(UTC) + timedelta(days=2)):
        buy(tenant, email="ana@example.com")
        with pytest.raises(RateLimited):
            buy(tenant, email="ana@example.com")


def test_orders_that_were_closed_cannot_all_be_opened_again(tenant: Brand) -> None:
    keys = [secrets.token_hex(16) for _ in range(6)]
    for key in keys:
        opened = buy(tenant, key=key)
        deliver(
            tenant,
            event("payment_intent.canceled", payment_intent(id=opened.payment_intent_id, status="canceled")),
        )
    results: list[bool] = []
    for key in keys:
        try:
            buy(tenant, key=key)
        except RateLimited:
            results.append(False)
        else:
            results.append(True)
    assert results == [True] * 4 + [False] * 2


def test_a_closed_order_counts_for_the_network_that_opened_it(tenant: Brand) -> None:
    keys = [secrets.token_hex(16) for _ in range(5)]
    for key in keys:
        opened = buy(tenant, key=key)
        deliver(
            tenant,
            event("payment_intent.canceled", payment_intent(id=opened.payment_intent_id, status="canceled")),
        )
    for key in keys[:4]:
        buy(tenant, key=key, network=ELSEWHERE)
    with pytest.raises(RateLimited):
        buy(tenant, key=keys[4], network=ELSEWHERE)
    assert figures(tenant, "shirt") == (100, 4, 0)


def decline(brand: Brand, opened: PaymentOpened) -> None:
    """Let an attempt of the payment fail, which releases the units of a tenant that is set so."""
    intent = payment_intent(
        id=opened.payment_intent_id or "",
        amount=opened.amount,
        last_payment_error=declined(f"ch_{opened.payment_intent_id}"),
    )
    deliver(brand, event("payment_intent.payment_failed", intent))


def attempt_again(brand: Brand, opened: PaymentOpened, status: str) -> None:
    intent = payment_intent(
        id=opened.payment_intent_id or "",
        amount=opened.amount,
        status=status,
        payment_method="pm_second",
        latest_charge="ch_second" if status == "processing" else None,
    )
    deliver(brand, event(f"payment_intent.{status}", intent))


@pytest.mark.parametrize("status", ["requires_action", "processing"])
def test_attempts_to_pay_released_orders_reserve_no_more_than_a_networks_share(
    make_brand: Callable[..., Brand], status: str
) -> None:
    brand = make_brand(release_on_failure="at_once")
    released = []
    for _ in range(3):
        opened = buy(brand, quantity=40)
        decline(brand, opened)
        released.append(opened)
    elsewhere = buy(brand, quantity=20, network=ELSEWHERE)
    decline(brand, elsewhere)
    assert figures(brand, "shirt") == (100, 0, 0)
    for opened in (*released, elsewhere):
        attempt_again(brand, opened, status)
    assert figures(brand, "shirt") == (100, 60, 0)


def test_attempts_to_pay_released_orders_reserve_for_no_more_orders_than_a_network_may_have(
    make_brand: Callable[..., Brand],
) -> None:
    brand = make_brand(release_on_failure="at_once")
    opened = []
    for _ in range(6):
        opened.append(buy(brand))
        decline(brand, opened[-1])
    for one in opened:
        attempt_again(brand, one, "requires_action")
    assert figures(brand, "shirt") == (100, 4, 0)


def test_one_batch_of_events_reserves_no_more_than_a_networks_share(make_brand: Callable[..., Brand]) -> None:
    brand = make_brand(release_on_failure="at_once")
    events = []
    for _ in range(3):
        opened = buy(brand, quantity=40)
        decline(brand, opened)
        intent = payment_intent(
            id=opened.payment_intent_id or "",
            amount=opened.amount,
            status="requires_action",
            payment_method="pm_second",
        )
        events.append(event("payment_intent.requires_action", intent))
    deliver(brand, *events)
    assert figures(brand, "shirt") == (100, 40, 0)


def test_a_paid_order_takes_its_units_beyond_the_networks_share(make_brand: Callable[..., Brand]) -> None:
    brand = make_brand(release_on_failure="at_once")
    released = buy(brand, quantity=40)
    decline(brand, released)
    buy(brand, quantity=40)
    attempt_again(brand, released, "processing")
    assert figures(brand, "shirt") == (100, 40, 0)
    stripe_sandbox.pay(brand, released.payment_intent_id, released.client_secret)
    deliver_events(brand)
    assert load_order(brand, released.order_number).status is OrderStatus.COMPLETED
    assert figures(brand, "shirt") == (60, 40, 40)


def test_settling_does_not_wait_for_a_call_of_the_network_and_reserves_later(
    make_brand: Callable[..., Brand],
) -> None:
    brand = make_brand(release_on_failure="at_once")
    opened = buy(brand, quantity=40)
    decline(brand, opened)
    with atomic(brand.id):
        in_the_way = db.session.connection().engine.connect()
    with in_the_way, in_the_way.begin():
        key = {"network": f"{brand.id}:{HOME}"}
        lock = "SELECT pg_advisory_xact_lock(hashtext('opener_network'), hashtext(:network))"
        in_the_way.execute(text(lock), key)
        attempt_again(brand, opened, "requires_action")
        assert figures(brand, "shirt") == (100, 0, 0)
    order_id = load_order(brand, opened.order_number).id
    with atomic(brand.id):
        settle_order(orders.lock_order(brand.id, order_id), actor="test")
    assert figures(brand, "shirt") == (100, 40, 0)


def test_a_repeated_call_keeps_its_reservation(tenant: Brand) -> None:
    key = secrets.token_hex(16)
    first = buy(tenant, quantity=50, key=key)
    assert buy(tenant, quantity=50, key=key) == first


def test_a_shops_backend_is_not_bounded(tenant: Brand) -> None:
    for _ in range(6):
        buy(tenant, quantity=16, email="ana@example.com", network=None)
    assert figures(tenant, "shirt") == (100, 96, 0)


def test_calls_at_the_same_time_do_not_pass_the_bounds(app: Flask, tenant: Brand) -> None:
    results = at_once(app, lambda _: buy(tenant, quantity=20), threads=8)
    opened = [result for result in results if isinstance(result, PaymentOpened)]
    assert len(opened) == 2
    assert all(isinstance(result, LumiraError) for result in results if result not in opened)
    assert (figures(tenant, "shirt"), count(tenant, Order)) == ((100, 40, 0), 2)


def test_one_network_opens_a_limited_number_of_free_orders(tenant: Brand) -> None:
    first = buy(tenant, "simple", email="a@example.com")
    buy(tenant, "simple", email="b@example.com")
    with pytest.raises(RateLimited) as refused:
        buy(tenant, "simple", email="c@example.com")
    assert 3500 < (refused.value.retry_after or 0) <= 3601
    assert buy(tenant, "simple", email="a@example.com") == first
    buy(tenant, "simple", email="c@example.com", network=ELSEWHERE)
    buy(tenant, "simple", email="d@example.com", network=None)
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=61)):
        buy(tenant, "simple", email="e@example.com")


def test_one_mailbox_gets_a_limited_number_of_confirmations_of_free_orders(
    tenant: Brand,
) -> None:
    public_bounds.configure(PublicBounds(4, 2, 50, free_orders=[(20, timedelta(hours=1))]))
    for tag in range(5):
        buy(tenant, "simple", email=f"ana+{tag}@example.com")
    with pytest.raises(RateLimited) as refused:
        buy(tenant, "simple", email="Ana@example.com")
    assert 3500 < (refused.value.retry_after or 0) <= 3601
    buy(tenant, "simple", email="anna@example.com")
    # A stranger cannot use up the buyer's own limit.
    buy(tenant, "simple", email="ana@example.com", network=ELSEWHERE)
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=61)):
        buy(tenant, "simple", email="ana+6@example.com")


def make_free(brand: Brand, *product_ids: str) -> None:
    with atomic(brand.id):
        for product_id in product_ids:
            db.session.get_one(Product, (brand.id, product_id)).amount = 0


def test_nothing_is_free_without_an_email_address(tenant: Brand) -> None:
    make_free(tenant, "cap")
    for product in ("simple", "cap"):
        with pytest.raises(InvalidRequest) as refused:
            buy(tenant, product)
        assert refused.value.code == "INVALID_EMAIL"
    assert figures(tenant, "cap") == (50, 0, 0)


def test_a_free_product_is_ordered_once_for_each_customer_in_whatever_cart(tenant: Brand) -> None:
    make_free(tenant, "cap", "shirt")
    both = buy_cart(tenant, {"cap": 1, "shirt": 1}, "ana@example.com")
    assert buy_cart(tenant, {"shirt": 1, "cap": 1}, "ana@example.com") == both
    assert buy_cart(tenant, {"cap": 1}, "ana@example.com") == both
    assert buy(tenant, "cap", email="ana@example.com").order_number == both
    with pytest.raises(InvalidCart, match="Casquette is free once"):
        buy_cart(tenant, {"cap": 1, "simple": 1}, "ana@example.com")
    assert load_order(tenant, both).status is OrderStatus.COMPLETED
    assert (figures(tenant, "cap"), figures(tenant, "shirt")) == ((49, 0, 1), (99, 0, 1))


def test_a_free_product_has_the_quantity_one(tenant: Brand) -> None:
    make_free(tenant, "cap")
    with pytest.raises(InvalidQuantity):
        buy(tenant, "cap", 2, email="ana@example.com")
    with pytest.raises(InvalidQuantity):
        buy_cart(tenant, {"cap": 2, "shirt": 1}, "ana@example.com")
