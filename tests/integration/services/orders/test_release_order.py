"""A person may accept a payment that is not what was asked, once, and nothing else."""

import threading

import pytest
from flask import Flask
from sqlalchemy import select, text

from lumira.database import atomic, db
from lumira.errors.orders import NotUnderReview, OrderNotFound
from lumira.models import AuditEntry, OrderStatus
from lumira.services.orders.release_order import release_order
from tests.support.factories import Brand, load_order, open_payment, pending_messages
from tests.support.stripe_events import deliver, event, payment_intent

pytestmark = pytest.mark.usefixtures("app_context")


def underpaid(brand: Brand) -> str:
    """Number of an order that was paid with less than was asked."""
    opened = open_payment(brand)
    intent = payment_intent(
        id=opened.payment_intent_id, status="succeeded", latest_charge="ch_1", amount_received=100
    )
    deliver(brand, event("payment_intent.succeeded", intent))
    return opened.order_number


def queued(brand: Brand) -> int:
    query = text("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'relay_outbox' AND args = :args")
    with atomic(brand.id):
        return db.session.execute(query, {"args": f'{{"tenant_id": {brand.id}}}'}).scalar_one()


def test_a_released_order_is_fulfilled_and_confirmed(tenant):
    number = underpaid(tenant)
    order = load_order(tenant, number)
    assert order.status is OrderStatus.PROCESSING
    assert (order.grants, pending_messages(tenant, order.id)) == ([], [])

    released = release_order(tenant.id, order.id, actor="operator")

    assert released.status is OrderStatus.COMPLETED
    order = load_order(tenant, number)
    assert order.review_released_at is not None
    assert [(grant.product_id, grant.active) for grant in order.grants] == [("mystique", True)]
    assert pending_messages(tenant, order.id) == ["order_confirmation"]
    assert queued(tenant) == 1


def test_the_release_of_an_order_is_audited_with_actor_and_reason(tenant):
    order = load_order(tenant, underpaid(tenant))

    release_order(tenant.id, order.id, actor="operator")

    with atomic(tenant.id):
        entry = db.session.execute(
            select(AuditEntry).where(AuditEntry.action == "order_released")
        ).scalar_one()
    assert (entry.actor, entry.subject) == ("operator", f"order:{order.id}")
    assert entry.details["reason"] == "amount_mismatch"


def test_an_order_that_is_not_under_review_is_not_released(tenant):
    order = load_order(tenant, open_payment(tenant).order_number)

    with pytest.raises(NotUnderReview, match="is not under review: it is pending"):
        release_order(tenant.id, order.id, actor="operator")

    assert load_order(tenant, order.order_number).review_released_at is None


def test_an_order_is_released_once(app: Flask, tenant):
    order_id = load_order(tenant, underpaid(tenant)).id
    refused: list[bool] = []

    def release() -> None:
        with app.app_context():
            try:
                release_order(tenant.id, order_id, actor="operator")
                refused.append(False)
            except NotUnderReview:
                refused.append(True)

    threads = [threading.Thread(target=release) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(refused) == [False, True, True]
    assert pending_messages(tenant, order_id) == ["order_confirmation"]


def test_another_tenants_order_cannot_be_released(tenant, other_tenant):
    order = load_order(other_tenant, underpaid(other_tenant))

    with pytest.raises(OrderNotFound):
        release_order(tenant.id, order.id, actor="operator")
