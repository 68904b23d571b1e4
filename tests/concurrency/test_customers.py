"""Customers that order, are merged and get access at the same instant."""

import time
from collections.abc import Callable
from threading import Event
from uuid import UUID

import pytest
from sqlalchemy import select, text

from lumira.database import atomic, db, retried
from lumira.errors.customers import NotMergeable
from lumira.errors.orders import GrantNotFound
from lumira.errors.stripe import StripeUnavailable
from lumira.models import AccessGrant, Customer, ManualGrant, MessageStatus, Order, OrderStatus
from lumira.notifications import relay
from lumira.repositories.customers import customers
from lumira.repositories.orders import orders
from lumira.services.access.change_access import grant_access, restore_access, revoke_access
from lumira.services.customers.merge_customers import merge_customers
from lumira.services.customers.view_customers import view_customer
from lumira.services.orders.release_order import release_order
from lumira.webhooks import process
from tests.concurrency.test_at_once import at_once, paid
from tests.support import portal_pages, stripe_sandbox
from tests.support.factories import BUYER, Brand, count, load_order, open_payment
from tests.support.refunds import audited
from tests.support.stripe_events import deliver, event, payment_intent, receive

pytestmark = pytest.mark.usefixtures("app_context")

OLD, NEW = "old@example.com", "new@example.com"


def id_of(brand: Brand, email: str) -> UUID:
    with atomic(brand.id):
        found = customers.find_by_reference(brand.id, email)
        assert found is not None
        return found.id


def errors(answers: list[object]) -> list[object]:
    return [answer for answer in answers if isinstance(answer, Exception)]


def test_concurrent_orders_with_one_address_create_one_customer_here_and_at_stripe(app, tenant):
    typed = (BUYER, BUYER.upper(), f" {BUYER}", BUYER.title(), f"{BUYER} ", BUYER)

    answers = at_once(app, lambda n: open_payment(tenant, customer_email=typed[n]), threads=len(typed))

    # Stripe answers 409 while a request with the same key runs; a caller that meets it twice has to come back.
    assert all(isinstance(error, StripeUnavailable) for error in errors(answers))
    assert count(tenant, Customer) == 1
    [customer] = stripe_sandbox.customers(tenant)
    assert {intent["customer"] for intent in stripe_sandbox.intents(tenant)} == {customer["id"]}


def test_orders_with_both_addresses_during_a_merge_belong_to_the_target(app, tenant):
    for address in (OLD, NEW):
        open_payment(tenant, customer_email=address)
    source, target = id_of(tenant, OLD), id_of(tenant, NEW)

    def work(number: int) -> object:
        if number == 0:
            return merge_customers(tenant.id, source, target, actor="operator")
        return open_payment(tenant, customer_email=(OLD, NEW)[number % 2])

    assert not errors(at_once(app, work, threads=6))

    with atomic(tenant.id):
        buyers = set(db.session.execute(select(Order.customer_id)).scalars())
    assert buyers == {target}
    assert count(tenant, Order) == 7


def test_payments_that_arrive_during_a_merge_grant_access_to_the_target(app, tenant):
    opened = [open_payment(tenant, customer_email=OLD) for _ in range(6)]
    open_payment(tenant, customer_email=NEW)
    source, target = id_of(tenant, OLD), id_of(tenant, NEW)
    for payment in opened:
        receive(tenant, paid(str(payment.payment_intent_id)))

    def work(number: int) -> object:
        if number == 0:
            return merge_customers(tenant.id, source, target, actor="operator")
        return process.process_events(tenant.id)

    assert not errors(at_once(app, work, threads=3))
    process.process_events(tenant.id)

    assert count(tenant, Order, status=OrderStatus.COMPLETED) == 6
    assert count(tenant, AccessGrant, customer_id=target, active=True) == 6
    assert view_customer(tenant.id, OLD).figures.total_spent == {"eur": 6 * 4700}


def test_two_merges_of_a_pair_in_both_directions_leave_one_customer(app, tenant):
    for address in (OLD, NEW):
        open_payment(tenant, customer_email=address)
    pair = id_of(tenant, OLD), id_of(tenant, NEW)

    answers = at_once(
        app, lambda n: merge_customers(tenant.id, *(pair, pair[::-1])[n % 2], actor="operator"), threads=4
    )

    refused = errors(answers)
    assert len(refused) == 3
    assert all(isinstance(error, NotMergeable) for error in refused)
    assert len(audited(tenant, "customer_merged")) == 1
    assert view_customer(tenant.id, OLD).customer.id == view_customer(tenant.id, NEW).customer.id


def merge_against(brand: Brand, order_id: UUID, work: Callable[[], object]) -> Callable[[int], object]:
    """Beside `work`, locks as a merge takes them: the customer's, and the order's once `work` waits for the first."""
    has_customer = Event()
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))"
    )

    @retried
    def lock_as_a_merge() -> None:
        with atomic(brand.id):
            customers.lock(brand.id, customer_id)
            has_customer.set()
            for _ in range(200):
                db.session.execute(text("SELECT pg_stat_clear_snapshot()"))
                if db.session.execute(waiting).scalar_one():
                    break
                time.sleep(0.01)
            orders.lock_order(brand.id, order_id)

    def either(number: int) -> object:
        if number == 0:
            return lock_as_a_merge()
        assert has_customer.wait(60)
        return work()

    customer_id = id_of(brand, BUYER)
    return either


def test_an_order_is_released_although_a_merge_locks_in_the_other_order(app, tenant):
    opened = open_payment(tenant)
    underpaid = payment_intent(id=opened.payment_intent_id, status="succeeded", amount_received=100)
    deliver(tenant, event("payment_intent.succeeded", underpaid))
    order_id = load_order(tenant, opened.order_number).id

    work = merge_against(tenant, order_id, lambda: release_order(tenant.id, order_id, actor="operator"))

    assert not errors(at_once(app, work, threads=2))
    assert load_order(tenant, opened.order_number).status is OrderStatus.COMPLETED


def test_a_message_is_sent_at_its_first_attempt_although_a_merge_locks_in_the_other_order(app, tenant):
    opened = open_payment(tenant)
    deliver(tenant, paid(str(opened.payment_intent_id)))
    order_id = load_order(tenant, opened.order_number).id

    with portal_pages.reached_at():
        work = merge_against(tenant, order_id, lambda: relay.relay(tenant.id))
        assert not errors(at_once(app, work, threads=2))

    [message] = load_order(tenant, opened.order_number).messages
    assert (message.status, message.last_error) == (MessageStatus.SENT, None)


def test_concurrent_grants_of_a_product_are_one_grant(app, tenant):
    def give(number: int) -> object:
        return grant_access(
            tenant.id, customer_email=BUYER, product_id="mystique", days=number + 1, note=None, actor="test"
        )

    assert not errors(at_once(app, give, threads=6))
    assert count(tenant, ManualGrant) == 1


def test_concurrent_revocations_restorations_and_payments_end_in_the_last_decision(app, tenant):
    opened = [open_payment(tenant) for _ in range(3)]
    process_first, *others = opened
    receive(tenant, paid(str(process_first.payment_intent_id)))
    process.process_events(tenant.id)
    for payment in others:
        receive(tenant, paid(str(payment.payment_intent_id)))
    customer_id = id_of(tenant, BUYER)

    def work(number: int) -> object:
        if number == 0:
            return process.process_events(tenant.id)
        change = (revoke_access, restore_access)[number % 2]
        return change(tenant.id, customer_id=customer_id, product_id="mystique", actor="operator")

    assert all(isinstance(error, GrantNotFound) for error in errors(at_once(app, work, threads=5)))
    process.process_events(tenant.id)
    at_last = at_once(app, lambda _: _close(tenant, customer_id), threads=1)

    assert count(tenant, AccessGrant) == 3
    assert count(tenant, AccessGrant, active=True) == 0, at_last


def _close(brand: Brand, customer_id: UUID) -> object:
    return revoke_access(brand.id, customer_id=customer_id, product_id="mystique", actor="operator")
