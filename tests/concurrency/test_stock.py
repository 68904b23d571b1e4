"""A unit is never reserved twice, however many buyers order at the same instant."""

import secrets

import pytest
from sqlalchemy import select

from lumira.database import atomic, db
from lumira.domain.commands import CheckoutCommand, CheckoutItem
from lumira.errors.catalog import OutOfStock
from lumira.models import Order, StockReservation
from lumira.repositories.idempotency.idempotent_calls import Call
from lumira.repositories.inventory import stock_proof
from lumira.repositories.orders import orders
from lumira.services.checkout.begin_checkout import CheckoutStarted, begin_checkout
from lumira.webhooks import process
from tests.concurrency.test_at_once import at_once
from tests.support.factories import Brand, count, figures, open_payment, set_stock
from tests.support.stripe_events import deliver, event, payment_intent, receive

pytestmark = pytest.mark.usefixtures("app_context")


def start_checkout(brand: Brand, **items: int) -> object:
    """The first phase of a checkout, which reserves the units."""
    command = CheckoutCommand(tuple(CheckoutItem(name, quantity) for name, quantity in items.items()))
    call = Call(fingerprint=secrets.token_hex(8), actor="test")
    return begin_checkout(brand.id, call, command, free_reply=lambda _: {})


def stock_agrees(brand: Brand) -> bool:
    with atomic(brand.id):
        return not stock_proof.verify(brand.id)


def test_200_buyers_of_the_last_20_units_reserve_exactly_20(app, tenant) -> None:
    set_stock(tenant, "shirt", 20)
    set_stock(tenant, "cap", 1000)

    def buy(number: int) -> object:
        # Half of them have two lines, in either order, so that carts would deadlock if they could.
        if number % 2:
            return start_checkout(tenant, shirt=1)
        return (
            start_checkout(tenant, shirt=1, cap=1) if number % 4 else start_checkout(tenant, cap=1, shirt=1)
        )

    results: list[object] = []
    for _ in range(10):
        results += at_once(app, buy, threads=20)

    reserved = [each for each in results if isinstance(each, CheckoutStarted)]
    refused = [each for each in results if isinstance(each, OutOfStock)]
    assert (len(reserved), len(refused)) == (20, 180)
    assert figures(tenant, "shirt") == (20, 20, 0)
    assert count(tenant, Order) == 20
    with atomic(tenant.id):
        caps = db.session.execute(
            select(StockReservation.id).where(StockReservation.product_id == "cap")
        ).all()
    assert figures(tenant, "cap") == (1000, len(caps), 0)
    assert stock_agrees(tenant)


def test_200_buyers_who_start_at_the_same_instant_reserve_exactly_20(app, tenant) -> None:
    set_stock(tenant, "shirt", 20)
    results = at_once(
        app,
        lambda number: start_checkout(tenant, shirt=1, **({"cap": 1} if number % 2 else {})),
        threads=200,
    )
    assert sum(isinstance(each, CheckoutStarted) for each in results) == 20
    assert sum(isinstance(each, OutOfStock) for each in results) == 180
    assert figures(tenant, "shirt") == (20, 20, 0)
    assert stock_agrees(tenant)


def test_concurrent_payments_and_reservations_neither_deadlock_nor_lose_a_unit(app, tenant) -> None:
    opened = [open_payment(tenant, name) for name in ("shirt", "cap") * 6]
    amounts = {"shirt": 5900, "cap": 1900}
    for number, each in enumerate(opened):
        name = ("shirt", "cap")[number % 2]
        intent = payment_intent(
            id=each.payment_intent_id, amount=amounts[name], status="succeeded", latest_charge=f"ch_{number}"
        )
        receive(tenant, event("payment_intent.succeeded", intent))

    def work(number: int) -> object:
        if number < 3:
            return process.process_events(tenant.id)
        return (
            start_checkout(tenant, cap=1, shirt=1) if number % 2 else start_checkout(tenant, shirt=1, cap=1)
        )

    results = at_once(app, work, threads=12)
    assert [each for each in results if isinstance(each, Exception)] == []
    process.process_events(tenant.id)
    assert figures(tenant, "shirt") == (94, 9, 6)
    assert figures(tenant, "cap") == (44, 9, 6)
    assert stock_agrees(tenant)


def test_units_released_by_two_workers_are_released_once(app, tenant) -> None:
    opened = open_payment(tenant, "shirt", quantity=5)
    intent = payment_intent(id=opened.payment_intent_id, amount=5 * 5900, status="canceled")
    for _ in range(4):
        receive(tenant, event("payment_intent.canceled", intent))
    at_once(app, lambda _: process.process_batch(tenant.id), threads=4)
    deliver(tenant)
    assert figures(tenant, "shirt") == (100, 0, 0)
    with atomic(tenant.id):
        [order] = orders.lock_orders(
            tenant.id, [orders.get_order(tenant.id, opened.order_number).id]
        ).values()
        assert [str(each.state) for each in order.reservations] == ["released"]
