"""An operator asks Stripe about one order, and does not wait for the next poll."""

import pytest

from lumira.errors.stripe import StripeUnavailable
from lumira.models import EventStatus, OrderStatus, WebhookEvent
from lumira.reconciliation.poll_order_now import poll_order_now
from lumira.services.orders.view_orders import view_order
from tests.support import refunds, stripe_sandbox
from tests.support.factories import Brand, count, load_order, open_payment

pytestmark = pytest.mark.usefixtures("app_context")


def test_an_order_whose_webhook_was_lost_is_completed_at_once(tenant: Brand) -> None:
    opened = open_payment(tenant)
    stripe_sandbox.pay(tenant, opened.payment_intent_id, opened.client_secret)
    order = load_order(tenant, opened.order_number)
    assert order.status is OrderStatus.PENDING
    assert view_order(tenant.id, opened.order_number).waiting_for is not None

    result = poll_order_now(tenant.id, order.id, actor="operator:1")

    assert (result.is_repaired, result.order.status) == (True, OrderStatus.COMPLETED)
    assert view_order(tenant.id, opened.order_number).waiting_for is None
    assert [entry.actor for entry in refunds.audited(tenant, "order_polled")] == ["operator:1"]
    assert count(tenant, WebhookEvent, status=EventStatus.PROCESSED) == 0


def test_asking_again_changes_nothing(tenant: Brand) -> None:
    opened = refunds.pay(tenant)
    order = load_order(tenant, opened.order_number)

    result = poll_order_now(tenant.id, order.id, actor="operator:1")

    assert (result.is_repaired, result.order.status) == (False, OrderStatus.COMPLETED)


def test_a_free_order_has_nothing_to_look_up(tenant: Brand) -> None:
    order = load_order(tenant, open_payment(tenant, "simple").order_number)
    poll_order_now(tenant.id, order.id, actor="operator:1")
    assert stripe_sandbox.requests_made(tenant, "GET", "/v1/payment_intents") == []


def test_a_stripe_that_does_not_respond_changes_nothing(tenant: Brand) -> None:
    opened = open_payment(tenant)
    order = load_order(tenant, opened.order_number)
    path = f"/v1/payment_intents/{opened.payment_intent_id}"
    stripe_sandbox.fail_next(tenant, "drop_before", path=path, times=10, method="GET")

    with pytest.raises(StripeUnavailable):
        poll_order_now(tenant.id, order.id, actor="operator:1")

    assert load_order(tenant, opened.order_number).status is OrderStatus.PENDING
