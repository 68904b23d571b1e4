"""The end of a reservation has a queue of its own, and no tenant waits for another one's Stripe."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask

from lumira.database import atomic
from lumira.models import Order, OrderStatus
from lumira.reconciliation import poll_order, reconcile
from lumira.reconciliation.report import StripeAvailability
from lumira.repositories.installation import due_work
from lumira.repositories.orders import order_polls
from lumira.tasks import queue
from tests.support import stripe_sandbox
from tests.support.factories import Brand, count, figures, load_order, open_payment
from tests.support.many_orders import open_many

pytestmark = pytest.mark.usefixtures("app_context")


@contextmanager
def later(**passed: float) -> Iterator[None]:
    with time_machine.travel(datetime.now(UTC) + timedelta(**passed)):
        yield


def calls_of(brand: Brand) -> int:
    return len(stripe_sandbox.call(brand, "GET", "/sandbox/requests")["requests"])


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_the_end_of_a_reservation_does_not_wait_behind_500_abandoned_visits(tenant) -> None:
    open_many(tenant, 500)
    with later(hours=25):
        reserved = open_payment(tenant, "shirt")
    before = calls_of(tenant)
    with later(hours=25, minutes=34):
        queue.release_reservations(0)

    assert load_order(tenant, reserved.order_number).status is OrderStatus.CANCELLED
    assert figures(tenant, "shirt") == (100, 0, 0)
    assert count(tenant, Order, status=OrderStatus.PENDING) == 500
    # One call reads the payment, one closes it.
    assert calls_of(tenant) - before == 2


def test_only_a_tenant_with_an_ended_reservation_is_looked_at(tenant, other_tenant) -> None:
    open_payment(tenant, "shirt")
    open_payment(other_tenant)
    with later(minutes=32):
        assert not {tenant.id, other_tenant.id} & set(
            due_work.tenants_with_ended_reservations(datetime.now(UTC))
        )
        assert {tenant.id, other_tenant.id} <= set(due_work.tenants_with_due_polls(datetime.now(UTC)))
    with later(minutes=34):
        ended = set(due_work.tenants_with_ended_reservations(datetime.now(UTC)))
    assert ended & {tenant.id, other_tenant.id} == {tenant.id}


def test_a_claimed_order_is_released_by_the_next_run_if_its_process_is_killed(tenant) -> None:

    open_payment(tenant, "shirt")
    with later(minutes=34), atomic(tenant.id):
        now = datetime.now(UTC)
        assert len(order_polls.claim_ended(tenant.id, now, now, limit=10)) == 1
    with later(minutes=35):
        queue.release_reservations(0)
        assert figures(tenant, "shirt") == (100, 1, 0)
    with later(minutes=37):
        queue.release_reservations(0)
    assert figures(tenant, "shirt") == (100, 0, 0)


def test_a_reservation_is_released_while_the_stripe_of_another_tenant_hangs(
    tenant, other_tenant, app: Flask
) -> None:
    hanging = open_payment(tenant, "shirt")
    healthy = open_payment(other_tenant, "shirt")
    stripe_sandbox.fail_next(tenant, "latency", method="GET", path="/v1", times=1, ms=600_000)

    def run() -> None:
        with app.app_context():
            queue.release_reservations(0)

    with later(minutes=34):
        worker = threading.Thread(target=run)
        worker.start()
        eventually(lambda: load_order(other_tenant, healthy.order_number).status is OrderStatus.CANCELLED)
        assert load_order(tenant, hanging.order_number).status is OrderStatus.PENDING
        stripe_sandbox.clear_faults(tenant)
        worker.join()
        eventually(lambda: load_order(tenant, hanging.order_number).status is OrderStatus.CANCELLED)
    assert figures(other_tenant, "shirt") == (100, 0, 0)


def test_an_order_that_cannot_be_recorded_fails_alone(tenant, monkeypatch) -> None:
    opened = [open_payment(tenant, "shirt") for _ in range(5)]
    record = poll_order.record_facts

    def fail_for_one(order: Order, *arguments: Any) -> poll_order.Recorded:
        if order.order_number == opened[2].order_number:
            raise ValueError
        return record(order, *arguments)

    with later(minutes=34), monkeypatch.context() as patched:
        patched.setattr(poll_order, "record_facts", fail_for_one)
        report = reconcile.release_reservations(tenant.id)
    assert (report.failures, report.orders_polled) == (1, 4)
    assert figures(tenant, "shirt") == (100, 1, 0)

    with later(minutes=37):
        assert reconcile.release_reservations(tenant.id).failures == 0
    assert figures(tenant, "shirt") == (100, 0, 0)


def test_what_was_read_before_stripe_failed_is_recorded(tenant) -> None:
    opened = [open_payment(tenant, "shirt") for _ in range(12)]
    unreadable = {order.payment_intent_id for order in opened[6:]}
    pattern = f"/v1/payment_intents(/({'|'.join(unreadable)})/cancel)"
    stripe_sandbox.fail_next(tenant, "500_before", path=pattern, times=1000)
    with later(minutes=34):
        assert reconcile.release_reservations(tenant.id).stripe is StripeAvailability.UNAVAILABLE
    assert count(tenant, Order, status=OrderStatus.CANCELLED) > 0

    stripe_sandbox.clear_faults(tenant)
    with later(minutes=37):
        reconcile.release_reservations(tenant.id)
    assert figures(tenant, "shirt") == (100, 0, 0)
