"""Sessions that are paid with another total or currency than requested: nothing is silent, an operator decides."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from lumira.domain.commands import RefundCommand
from lumira.models import EventStatus, OrderStatus, WebhookEvent
from lumira.reconciliation import reconcile
from lumira.reconciliation.cancel_order import cancel_order
from lumira.repositories.idempotency.idempotent_calls import Call
from lumira.services.orders.release_order import release_order
from lumira.services.refunds.request_refund import request_refund
from tests.support import stripe_sandbox
from tests.support.factories import Brand, count, figures, load_order, open_cart
from tests.support.refunds import alerts_of, list_stripe_refunds

pytestmark = pytest.mark.usefixtures("app_context")

#: What the page changes, and the reason for the review.
OTHER = [
    ({"amount_total": 15_000}, "amount_mismatch"),
    ({"amount_total": 9_000}, "amount_mismatch"),
    ({"currency": "usd"}, "currency_mismatch"),
]


def pay_other(brand: Brand, session_id: str, **changes: object) -> None:
    path = f"/sandbox/checkout/sessions/{session_id}/pay"
    outcome = stripe_sandbox.call(brand, "POST", path, json={"email": "buyer@example.com", **changes})
    assert outcome["outcome"] == "completed", outcome


def assert_under_review(brand: Brand, number: str, reason: str) -> None:
    order = load_order(brand, number)
    assert (order.status, order.review_reason, order.completed_at) == (OrderStatus.PROCESSING, reason, None)
    assert figures(brand, "shirt") == (100, 2, 0)
    assert alerts_of(brand) == [("payment_mismatch", number)]
    assert count(brand, WebhookEvent, status=EventStatus.PARKED) == 0


@pytest.mark.parametrize("event_type", ["checkout.session.completed", "payment_intent.succeeded", None])
@pytest.mark.parametrize(("changes", "reason"), OTHER)
def test_a_session_paid_with_another_total_is_reviewed_at_once(tenant, changes, reason, event_type) -> None:
    opened = open_cart(tenant)
    pay_other(tenant, opened.session_id, **changes)
    stripe_sandbox.deliver_events(tenant, *([event_type] if event_type else []))

    assert_under_review(tenant, opened.order_number, reason)


@pytest.mark.parametrize(("changes", "reason"), OTHER)
def test_a_session_paid_with_another_total_without_an_event_is_reviewed(tenant, changes, reason) -> None:
    opened = open_cart(tenant)
    pay_other(tenant, opened.session_id, **changes)
    for minutes in (2, 40, 80):
        with time_machine.travel(datetime.now(UTC) + timedelta(minutes=minutes)):
            # Without pulling events: the session is read because its order is polled.
            reconcile.reconcile(tenant.id, steps=(reconcile.Step.RESERVATIONS, reconcile.Step.ORDERS))

    assert_under_review(tenant, opened.order_number, reason)


def test_an_operator_releases_or_refunds_a_session_of_another_total(tenant) -> None:
    released, refunded = (open_cart(tenant) for _ in range(2))
    for opened in (released, refunded):
        pay_other(tenant, opened.session_id, amount_total=15_000)
    stripe_sandbox.deliver_events(tenant)

    order = release_order(tenant.id, load_order(tenant, released.order_number).id, actor="cli")
    assert order.status is OrderStatus.COMPLETED
    order = load_order(tenant, refunded.order_number)
    [payment] = order.payments
    result = request_refund(
        tenant.id,
        payment.stripe_payment_intent_id,
        call=Call(fingerprint="", actor="test"),
        command=RefundCommand(),
    ).value
    assert (result.order_status, result.amount) == ("refunded", 15_000)
    assert [refund["amount"] for refund in list_stripe_refunds(tenant)] == [15_000]
    assert figures(tenant, "shirt") == (98, 0, 2)


def test_a_bank_debit_of_another_total_is_reviewed_once_it_succeeded(tenant) -> None:
    opened = open_cart(tenant)
    pay_other(tenant, opened.session_id, amount_total=15_000, payment_method="pm_successDelayed_fr")
    stripe_sandbox.deliver_events(tenant)
    order = load_order(tenant, opened.order_number)
    assert (order.status, order.review_reason) == (OrderStatus.PROCESSING, None)

    stripe_sandbox.advance(tenant, 7 * 86_400)
    stripe_sandbox.deliver_events(tenant)
    assert_under_review(tenant, opened.order_number, "amount_mismatch")


def test_a_session_that_requires_no_payment_is_paid_and_reviewed(tenant) -> None:
    released, canceled = (open_cart(tenant) for _ in range(2))
    for opened in (released, canceled):
        pay_other(tenant, opened.session_id, amount_total=0)
    stripe_sandbox.deliver_events(tenant)
    for opened in (released, canceled):
        order = load_order(tenant, opened.order_number)
        assert (order.status, order.review_reason) == (OrderStatus.PROCESSING, "amount_mismatch")

    order = release_order(tenant.id, load_order(tenant, released.order_number).id, actor="cli")
    assert (order.status, order.net_paid) == (OrderStatus.COMPLETED, 0)
    order = cancel_order(tenant.id, load_order(tenant, canceled.order_number).id, actor="cli")
    assert (order.status, order.review_reason) == (OrderStatus.CANCELLED, None)
    assert figures(tenant, "shirt") == (98, 0, 2)
    assert alerts_of(tenant) == []
