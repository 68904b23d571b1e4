"""A buyer is erased completely although events about them arrive during the erasure."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from sqlalchemy import select, text

from lumira.clock import utc_now
from lumira.database import atomic, db
from lumira.models import Customer, WebhookEvent
from lumira.notifications import relay
from lumira.repositories.customers import customers
from lumira.services.privacy.erase_customer import erase_customer
from lumira.webhooks import process
from tests.concurrency.test_at_once import at_once
from tests.support import refunds, seller
from tests.support.factories import Brand, count, load_order
from tests.support.stripe_events import event, receive

pytestmark = pytest.mark.usefixtures("app_context")

EMAIL = "ana.quentovic@example.org"


def test_events_that_arrive_during_an_erasure_are_redacted(
    app: Flask, make_brand: Callable[..., Brand]
) -> None:
    brand = make_brand(seller=seller.EXEMPT)
    opened = refunds.pay(brand, customer_email=EMAIL)
    relay.relay(brand.id)

    def work(number: int) -> None:
        if number == 0:
            erase_customer(brand.id, EMAIL, actor="operator")
            return
        charge = {"id": f"ch_{number}", "object": "charge", "payment_intent": opened.payment_intent_id}
        charge |= {"amount": 4700, "amount_refunded": 100, "currency": "eur", "captured": True}
        charge |= {"livemode": False, "billing_details": {"email": EMAIL}}
        stripe_object = {"id": f"cus_{number}", "object": "customer", "email": EMAIL}
        receive(
            brand,
            event("charge.refunded", charge) if number % 2 else event("customer.updated", stripe_object),
        )
        process.process_events(brand.id)

    assert [each for each in at_once(app, work, threads=8) if each is not None] == []
    process.process_events(brand.id)

    assert load_order(brand, opened.order_number).customer_email is None
    with atomic(brand.id):
        payloads = [event.payload for event in db.session.execute(select(WebhookEvent)).scalars()]
    assert len(payloads) > 7
    assert [each for each in payloads if "quentovic" in str(each)] == []


@pytest.mark.parametrize("asked_for", [0, 1])
def test_a_customer_merged_while_the_erasure_waits_is_erased_too(
    app: Flask, tenant: Brand, asked_for: int
) -> None:
    addresses = ("old@example.com", EMAIL)
    for address in addresses:
        refunds.pay(tenant, customer_email=address)
    relay.relay(tenant.id)

    def erase() -> None:
        with app.app_context():
            erase_customer(tenant.id, addresses[asked_for], actor="operator")

    with ThreadPoolExecutor(1) as pool:
        with atomic(tenant.id):
            rows = db.session.execute(select(Customer).order_by(Customer.id)).scalars().all()
            source, target = customers.lock_pair(tenant.id, rows[0].id, rows[1].id)
            erasing = pool.submit(erase)
            wait_until_a_lock_is_requested()
            source.merged_into_id, source.merged_at = target.id, utc_now()
        erasing.result(timeout=60)

    assert count(tenant, Customer, erased_at=None) == 0
    with atomic(tenant.id):
        emails = db.session.execute(select(Customer.email)).scalars().all()
    assert [each for each in emails if not each.endswith("@erased.invalid")] == []


def wait_until_a_lock_is_requested() -> None:
    waits = text(
        "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND transactionid = pg_current_xact_id()::xid)"
    )
    for _ in range(3_000):
        if db.session.execute(waits).scalar_one():
            return
        time.sleep(0.01)
    raise AssertionError("No process waited for the lock.")
