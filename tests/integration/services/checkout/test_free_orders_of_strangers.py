"""A stranger who orders a free product with a buyer's e-mail address learns nothing of the buyer's orders."""

import secrets
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import timedelta

import pytest
from flask import Flask

from lumira.database import atomic, db
from lumira.errors import RateLimited
from lumira.errors.catalog import OutOfStock
from lumira.errors.orders import InvalidCart, OrderNotFound
from lumira.models import AccessGrant, MessageKind, OrderStatus, OutboxMessage, Product
from lumira.repositories.idempotency.idempotent_calls import Call, KeySource
from lumira.repositories.orders import order_lists
from lumira.services.checkout.create_checkout_session import create_checkout_session
from lumira.services.checkout.create_payment_intent import PaymentOpened, create_payment_intent
from lumira.services.orders.view_orders import view_payment
from lumira.settlement import public_bounds
from lumira.settlement.public_bounds import PublicBounds
from tests.concurrency.test_at_once import at_once
from tests.support.factories import (
    BUYER,
    Brand,
    count,
    figures,
    load_order,
    make_cart_command,
    make_command,
    set_stock,
)

pytestmark = pytest.mark.usefixtures("app_context")

HOME, ELSEWHERE = "network-1", "network-2"


def call_from(network: str | None, key: str | None = None) -> Call:
    key = key or secrets.token_hex(16)
    return Call(
        fingerprint="same", actor="test", source=KeySource.IDEMPOTENCY_KEY, key=key, public_network=network
    )


def order_free(
    brand: Brand, network: str | None, *, product: str = "simple", email: str = BUYER, key: str | None = None
) -> PaymentOpened:
    command = make_command(product, customer_email=email)
    return create_payment_intent(brand.id, call=call_from(network, key), command=command).value


def order_cart(brand: Brand, network: str | None, *products: str) -> str:
    command = make_cart_command(brand.domain, dict.fromkeys(products, 1), customer_email=BUYER)
    return create_checkout_session(brand.id, call=call_from(network), command=command).value.order_number


def make_free(brand: Brand, *product_ids: str) -> None:
    with atomic(brand.id):
        for product_id in product_ids:
            db.session.get_one(Product, (brand.id, product_id)).amount = 0


def test_a_stranger_gets_the_reply_to_a_new_order_and_no_number_of_the_buyers(tenant: Brand) -> None:
    own = order_free(tenant, HOME)
    key = secrets.token_hex(16)
    strangers = order_free(tenant, ELSEWHERE, key=key)
    assert strangers.order_number != own.order_number
    names = {"order_id": "", "order_number": ""}
    assert asdict(replace(strangers, **names)) == asdict(replace(own, **names))
    for caller in (call_from(ELSEWHERE), call_from(ELSEWHERE, key), call_from("network-3", key)):
        with pytest.raises(OrderNotFound):
            view_payment(tenant.id, own.order_number, caller)
        if caller.public_network == ELSEWHERE or caller.key == key:
            shown = view_payment(tenant.id, strangers.order_number, caller).order
            assert shown.status is OrderStatus.COMPLETED


def test_a_repeated_call_gets_the_same_order_whoever_made_the_first(tenant: Brand) -> None:
    own, strangers = order_free(tenant, HOME), order_free(tenant, ELSEWHERE)
    assert order_free(tenant, HOME) == own
    assert order_free(tenant, ELSEWHERE) == strangers
    # The shop's backend knows its buyers.
    assert order_free(tenant, None) == own


def test_a_strangers_order_gives_nothing_and_sends_nothing(tenant: Brand) -> None:
    make_free(tenant, "cap")
    order_free(tenant, HOME)
    order_free(tenant, HOME, product="cap")
    grants, messages = count(tenant, AccessGrant), count(tenant, OutboxMessage)
    order_free(tenant, ELSEWHERE)
    order_free(tenant, ELSEWHERE, product="cap")
    order_cart(tenant, "network-3", "simple", "cap")
    assert (count(tenant, AccessGrant), count(tenant, OutboxMessage)) == (grants, messages)
    assert figures(tenant, "cap") == (49, 0, 1)


def test_calls_of_several_networks_at_the_same_time_give_the_product_once(app: Flask, tenant: Brand) -> None:
    make_free(tenant, "cap")
    opened = at_once(app, lambda number: order_free(tenant, f"network-{number}", product="cap"), threads=8)
    assert len({one.order_number for one in opened if isinstance(one, PaymentOpened)}) == 8
    assert (figures(tenant, "cap"), count(tenant, OutboxMessage)) == ((49, 0, 1), 1)


def test_a_cart_does_not_reveal_which_products_the_buyer_has(tenant: Brand) -> None:
    make_free(tenant, "cap")
    order_free(tenant, HOME, product="cap")
    number = order_cart(tenant, ELSEWHERE, "cap", "simple")
    order = load_order(tenant, number)
    assert [grant.product_id for grant in order.grants] == ["simple"]
    assert [message.kind for message in order.messages] == [MessageKind.ORDER_CONFIRMATION]
    assert figures(tenant, "cap") == (49, 0, 1)
    # What the caller opened is no secret from the caller.
    with pytest.raises(InvalidCart):
        order_cart(tenant, HOME, "cap", "simple")


def test_a_product_that_is_sold_out_is_refused_whether_or_not_the_buyer_has_it(tenant: Brand) -> None:
    make_free(tenant, "cap")
    order_free(tenant, HOME, product="cap")
    set_stock(tenant, "cap", 0)
    for email in (BUYER, "new@example.com"):
        with pytest.raises(OutOfStock, match="Casquette is sold out"):
            order_free(tenant, ELSEWHERE, product="cap", email=email)


def test_the_portal_does_not_list_what_strangers_repeat(tenant: Brand) -> None:
    own = order_free(tenant, HOME)
    for number in range(3):
        order_free(tenant, f"stranger-{number}")
    customer_id = load_order(tenant, own.order_number).customer_id
    with atomic(tenant.id):
        listed, _ = order_lists.list_of_customer(tenant.id, customer_id)
        assert [order.order_number for order in listed] == [own.order_number]


@pytest.fixture
def one_free_order() -> Iterator[None]:
    public_bounds.configure(PublicBounds(20, 5, 50, free_orders=[(1, timedelta(hours=1))]))
    yield
    public_bounds.configure(None)


@pytest.mark.usefixtures("one_free_order")
def test_the_limit_of_free_orders_does_not_reveal_the_buyers(tenant: Brand) -> None:
    order_free(tenant, HOME)
    order_free(tenant, ELSEWHERE, email="new@example.com")
    with pytest.raises(RateLimited):
        order_free(tenant, ELSEWHERE)
