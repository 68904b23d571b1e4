"""Many unpaid orders cost few calls to Stripe, and a listing never makes an order be taken as unpaid."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import update

from lumira.database import atomic, db
from lumira.models import Order, OrderStatus, Payment
from lumira.reconciliation import poll_orders, reconcile
from lumira.repositories.installation import due_work
from tests.support import stripe_sandbox
from tests.support.factories import Brand, count, figures, load_order, open_cart, open_payment
from tests.support.many_orders import open_many
from tests.support.stripe_events import declined, deliver, event, payment_intent

pytestmark = pytest.mark.usefixtures("app_context")

INTENTS, SESSIONS = "/v1/payment_intents", "/v1/checkout/sessions"


@contextmanager
def later(**passed: float) -> Iterator[None]:
    with time_machine.travel(datetime.now(UTC) + timedelta(**passed)):
        yield


@pytest.fixture(autouse=True)
def start_of_an_hour() -> Iterator[None]:
    """Let all orders of a test be opened in the same quarter of an hour."""
    now = datetime.now(UTC)
    with time_machine.travel(now.replace(minute=0, second=5, microsecond=0) + timedelta(hours=1)):
        yield


def calls(brand: Brand) -> Counter[tuple[str, str]]:
    """How often each kind of object was listed, read by its id and closed."""
    log = stripe_sandbox.call(brand, "GET", "/sandbox/requests")["requests"]
    counted: Counter[tuple[str, str]] = Counter()
    for entry in log:
        for root in (INTENTS, SESSIONS):
            if entry["path"].startswith(root):
                kind = "list" if entry["path"] == root else "read"
                counted[root, kind if entry["method"] == "GET" else "close"] += 1
    return counted


def work(brand: Brand, *, minutes: int, every: int = 1) -> None:
    """Do what the workers do about orders during these minutes from now on."""
    start = datetime.now(UTC)
    for minute in range(every, minutes + 1, every):
        with time_machine.travel(start + timedelta(minutes=minute)):
            if brand.id in due_work.tenants_with_ended_reservations(datetime.now(UTC)):
                reconcile.release_reservations(brand.id)
            if brand.id in due_work.tenants_with_due_polls(datetime.now(UTC)):
                reconcile.poll_orders_due(brand.id)


def forbid_lists(brand: Brand) -> None:
    stripe_sandbox.fail_next(brand, "500_before", method="GET", path=f"({INTENTS}|{SESSIONS})", times=1000)


def test_a_hundred_unpaid_orders_cost_sixteen_calls_in_an_hour_and_no_call_each(tenant) -> None:
    open_many(tenant, 100)
    before = calls(tenant)
    work(tenant, minutes=60)
    assert calls(tenant) - before == Counter({(INTENTS, "list"): 16})
    assert count(tenant, Order, status=OrderStatus.PENDING) == 100


def test_an_unpaid_order_alone_costs_sixteen_calls_in_an_hour_and_forty_in_a_day(tenant) -> None:
    open_payment(tenant)
    before = calls(tenant)
    work(tenant, minutes=60)
    assert (calls(tenant) - before)[INTENTS, "read"] == 16
    with later(minutes=60):
        work(tenant, minutes=23 * 60, every=5)
    assert (calls(tenant) - before)[INTENTS, "read"] <= 40


def test_twenty_ended_reservations_cost_one_list_and_one_cancellation_each(tenant) -> None:
    open_many(tenant, 20, "shirt")
    before = calls(tenant)
    with later(minutes=34):
        reconcile.release_reservations(tenant.id)
    assert calls(tenant) - before == Counter({(INTENTS, "list"): 1, (INTENTS, "close"): 20})
    assert count(tenant, Order, status=OrderStatus.CANCELLED) == 20
    assert figures(tenant, "shirt")[1] == 0


def test_pages_that_expired_at_stripe_cost_one_list(tenant) -> None:
    for _ in range(4):
        open_cart(tenant, {"shirt": 1})
    stripe_sandbox.advance(tenant, 40 * 60)
    before = calls(tenant)
    with later(minutes=40):
        reconcile.release_reservations(tenant.id)
    assert calls(tenant) - before == Counter({(SESSIONS, "list"): 1})
    assert figures(tenant, "shirt") == (100, 0, 0)


def test_a_lost_success_among_a_thousand_unpaid_orders_is_found_within_five_minutes(tenant) -> None:
    opened = [order for _ in range(4) for order in open_many(tenant, 250)]
    paid = opened[617]
    before = calls(tenant)
    # Nothing delivers or pulls an event: the polls alone find it.
    with later(minutes=20):
        work(tenant, minutes=1)
        stripe_sandbox.pay(tenant, paid.payment_intent_id, paid.client_secret)
        work(tenant, minutes=5)
    assert load_order(tenant, paid.order_number).status is OrderStatus.COMPLETED
    assert count(tenant, Order, status=OrderStatus.PENDING) == 999
    made = calls(tenant) - before
    assert made[INTENTS, "read"] <= 2
    # How many lists it takes depends on which orders are claimed together; one by one it would be a thousand reads.
    assert made[INTENTS, "list"] <= 250


def test_a_list_that_does_not_contain_a_paid_order_does_not_make_it_unpaid(tenant) -> None:
    first, paid = open_payment(tenant), open_payment(tenant)
    stripe_sandbox.pay(tenant, paid.payment_intent_id, paid.client_secret)
    # As if Stripe had created them at another time than expected, or listed them late.
    with atomic(tenant.id):
        db.session.execute(update(Payment).values(created_at=Payment.created_at + timedelta(minutes=2)))
    before = calls(tenant)
    with later(minutes=4):
        reconcile.poll_orders_due(tenant.id)
    assert load_order(tenant, paid.order_number).status is OrderStatus.COMPLETED
    assert calls(tenant) - before == Counter({(INTENTS, "list"): 1, (INTENTS, "read"): 2})
    assert load_order(tenant, first.order_number).next_poll_at is not None


def test_orders_are_read_one_by_one_while_lists_fail(tenant) -> None:
    opened = [open_payment(tenant) for _ in range(3)]
    ended = [open_payment(tenant, "shirt") for _ in range(2)]
    stripe_sandbox.pay(tenant, opened[0].payment_intent_id, opened[0].client_secret)
    forbid_lists(tenant)
    before = calls(tenant)
    with later(minutes=34):
        report = reconcile.reconcile(tenant.id, steps=(reconcile.Step.RESERVATIONS, reconcile.Step.ORDERS))
    assert report.failures == 0
    assert (calls(tenant) - before)[INTENTS, "read"] == 5
    assert [load_order(tenant, order.order_number).status for order in opened] == [
        OrderStatus.COMPLETED,
        OrderStatus.PENDING,
        OrderStatus.PENDING,
    ]
    assert {load_order(tenant, order.order_number).status for order in ended} == {OrderStatus.CANCELLED}
    assert figures(tenant, "shirt") == (100, 0, 0)


def test_an_order_on_which_anything_happened_is_polled_by_itself(tenant) -> None:
    quiet, refused, asking = (open_payment(tenant) for _ in range(3))
    stripe_sandbox.pay(tenant, refused.payment_intent_id, refused.client_secret, "pm_card_chargeDeclined")
    stripe_sandbox.pay(
        tenant, asking.payment_intent_id, asking.client_secret, "pm_card_threeDSecure2Required"
    )
    with later(minutes=2):
        reconcile.poll_orders_due(tenant.id)
    statuses = [load_order(tenant, order.order_number).status for order in (quiet, refused, asking)]
    assert statuses == [OrderStatus.PENDING, OrderStatus.FAILED, OrderStatus.PROCESSING]

    # What was recorded is known at the next poll.
    before = calls(tenant)
    with later(minutes=4):
        reconcile.poll_orders_due(tenant.id)
    assert (calls(tenant) - before)[INTENTS, "read"] == 0
    assert (calls(tenant) - before)[INTENTS, "list"] == 1


def test_an_attempt_that_begins_after_the_listing_is_not_ended_by_it(tenant, monkeypatch) -> None:
    orders = [open_payment(tenant) for _ in range(2)]
    stripe_sandbox.pay(
        tenant, orders[0].payment_intent_id, orders[0].client_secret, "pm_card_threeDSecure2Required"
    )
    deliver(tenant, *stripe_sandbox.events(tenant, "payment_intent.requires_action"))
    complete = poll_orders.Lister.list_awaited

    def list_before_the_attempt(*arguments):
        listed = complete(*arguments)
        listed.objects[orders[0].payment_intent_id].update(status="requires_payment_method")
        return listed

    monkeypatch.setattr(poll_orders.Lister, "list_awaited", list_before_the_attempt)
    with later(minutes=2):
        reconcile.poll_orders_due(tenant.id)
    assert load_order(tenant, orders[0].order_number).status is OrderStatus.PROCESSING


def test_every_open_order_has_a_next_poll_after_a_listing(tenant) -> None:
    opened = [*open_many(tenant, 5), *(open_cart(tenant, {"cap": 1}) for _ in range(2))]
    intent = payment_intent(
        id=opened[0].payment_intent_id, last_payment_error=declined("ch_1"), latest_charge="ch_1"
    )
    deliver(tenant, event("payment_intent.payment_failed", intent))
    for minutes in (2, 6, 20, 31):
        with later(minutes=minutes):
            reconcile.poll_orders_due(tenant.id)
            now = datetime.now(UTC)
        for order in opened:
            next_poll_at = load_order(tenant, order.order_number).next_poll_at
            assert next_poll_at is not None
            assert now < next_poll_at <= now + timedelta(minutes=4)
