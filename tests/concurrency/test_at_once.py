"""What is requested many times at the same instant happens once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier, BrokenBarrierError
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from lumira.database import atomic, db, retried
from lumira.errors import IdempotencyInProgress
from lumira.errors.stripe import StripeUnavailable
from lumira.models import (
    AccessGrant,
    Customer,
    EventStatus,
    Order,
    OrderStatus,
    OutboxMessage,
    Product,
    WebhookEvent,
)
from lumira.repositories.idempotency.idempotent_calls import Call, KeySource
from lumira.services.checkout.create_payment_intent import create_payment_intent
from lumira.webhooks import inbox, process
from tests.support import stripe_sandbox
from tests.support.factories import Brand, count, load_order, make_command, open_payment
from tests.support.stripe_events import encode, event, payment_intent, receive, signature

pytestmark = pytest.mark.usefixtures("app_context")


def at_once(app: Flask, work: Callable[[int], Any], *, threads: int) -> list[Any]:
    """Call `work` in several threads at the same instant; returns what each call returned or raised."""
    barrier = Barrier(threads)

    def run(number: int) -> Any:
        with app.app_context():
            barrier.wait()
            try:
                return work(number)
            except Exception as error:  # noqa: BLE001 - the test checks it
                return error

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(run, range(threads)))


def paid(intent_id: str) -> dict[str, Any]:
    return event("payment_intent.succeeded", payment_intent(id=intent_id, status="succeeded"))


def test_one_event_delivered_50_times_by_8_threads_grants_access_once(app, tenant) -> None:
    opened = open_payment(tenant)
    body = encode(paid(opened.payment_intent_id))
    header = signature(body, tenant.webhook_secret)

    def deliver(number: int) -> None:
        for _ in range(50 // 8 + (number < 50 % 8)):
            inbox.receive(tenant.id, body=body, signature=header)
            process.process_events(tenant.id)

    assert at_once(app, deliver, threads=8) == [None] * 8
    order = load_order(tenant, opened.order_number)
    assert order.status is OrderStatus.COMPLETED
    assert count(tenant, WebhookEvent) == 1
    assert count(tenant, AccessGrant) == 1
    assert count(tenant, OutboxMessage) == 1


def test_50_events_for_one_payment_by_8_threads_grant_access_once(app, tenant) -> None:
    opened = open_payment(tenant)

    def deliver(number: int) -> None:
        for _ in range(50 // 8 + (number < 50 % 8)):
            receive(tenant, paid(opened.payment_intent_id))
            process.process_events(tenant.id)

    assert at_once(app, deliver, threads=8) == [None] * 8
    process.process_events(tenant.id)
    assert count(tenant, WebhookEvent, status=EventStatus.PROCESSED) == 50
    assert count(tenant, AccessGrant) == 1
    assert count(tenant, OutboxMessage) == 1


def test_two_requests_with_one_idempotency_key_at_the_same_instant_open_one_intent(app, tenant) -> None:
    call = Call(fingerprint="f", actor="test", source=KeySource.IDEMPOTENCY_KEY, key="k")
    results = at_once(
        app, lambda _: create_payment_intent(tenant.id, call=call, command=make_command()), threads=6
    )

    opened = [result.value for result in results if not isinstance(result, Exception)]
    assert opened
    assert len(set(opened)) == 1
    assert all(
        isinstance(result, IdempotencyInProgress) for result in results if isinstance(result, Exception)
    )
    assert len(stripe_sandbox.intents(tenant)) == 1
    assert count(tenant, Order) == 1


def test_two_orders_of_a_new_buyer_at_the_same_instant_make_one_stripe_customer(app, tenant) -> None:
    results = at_once(app, lambda _: open_payment(tenant), threads=5)

    # Stripe returns 409 while a request with the same key runs; a caller that receives it twice has to retry.
    assert all(isinstance(result, StripeUnavailable) for result in results if isinstance(result, Exception))
    [customer] = stripe_sandbox.customers(tenant)
    assert {intent["customer"] for intent in stripe_sandbox.intents(tenant)} == {customer["id"]}
    assert (count(tenant, Customer), count(tenant, Order)) == (1, 5)


def test_a_free_level_requested_many_times_at_once_by_one_buyer_is_one_order(app, tenant) -> None:
    results = at_once(app, lambda _: open_payment(tenant, "simple"), threads=6)
    assert len(set(results)) == 1
    assert (count(tenant, Order), count(tenant, AccessGrant), count(tenant, OutboxMessage)) == (1, 1, 1)


def test_events_of_the_same_orders_in_four_workers_are_all_processed(app, tenant: Brand) -> None:
    opened = [open_payment(tenant) for _ in range(4)]
    for payment in opened * 30:
        receive(tenant, paid(payment.payment_intent_id))

    assert not [
        error
        for error in at_once(app, lambda _: process.process_events(tenant.id), threads=4)
        if isinstance(error, Exception)
    ]
    process.process_events(tenant.id)
    assert count(tenant, WebhookEvent, status=EventStatus.PROCESSED) == 120
    with atomic(tenant.id):
        statuses = set(db.session.execute(select(Order.status)).scalars())
    assert statuses == {OrderStatus.COMPLETED}


def test_transactions_that_deadlock_are_retried_until_both_commit(app, tenant, other_tenant) -> None:
    barrier = Barrier(2)

    @retried
    def rename(first: str, second: str) -> None:
        with atomic(tenant.id):
            for product_id in (first, second):
                db.session.execute(
                    update(Product).where(Product.id == product_id).values(position=Product.position + 1)
                )
                with suppress(BrokenBarrierError):
                    # At first each transaction locks one row and waits for the other; later the barrier is broken.
                    barrier.wait(timeout=2)

    orders_of_rows = [("mystique", "strict"), ("strict", "mystique")]
    assert at_once(app, lambda number: rename(*orders_of_rows[number]), threads=2) == [None, None]
    with atomic(tenant.id):
        moved = db.session.execute(
            select(Product.position).where(Product.id.in_(orders_of_rows[0]))
        ).scalars()
        assert sorted(moved) == [4 + 2, 5 + 2]
