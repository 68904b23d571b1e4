"""An early fraud warning alerts, and by the tenant's policy suspends access and refunds before a dispute."""

from typing import Any

import pytest
from sqlalchemy import select, update

from lumira.database import atomic, db
from lumira.errors import NoOpenWarning
from lumira.models import (
    Alert,
    AlertKind,
    EventStatus,
    FraudWarning,
    FraudWarningPolicy,
    GrantReason,
    Order,
    OrderStatus,
    RefundOrigin,
    Tenant,
    WebhookEvent,
)
from lumira.reconciliation.poll_order_now import poll_order_now
from lumira.services.orders.dismiss_fraud_warnings import dismiss_fraud_warnings
from lumira.services.refunds.send_due_refunds import send_due_refunds
from tests.support import refunds, stripe_sandbox
from tests.support.factories import Brand, count, load_order, open_payment, pending_messages

pytestmark = pytest.mark.usefixtures("app_context")


def set_policy(brand: Brand, policy: FraudWarningPolicy) -> None:
    with atomic(brand.id):
        db.session.execute(update(Tenant).where(Tenant.id == brand.id).values(on_fraud_warning=policy))


def warn(brand: Brand, payment_intent_id: str | None) -> None:
    stripe_sandbox.call(brand, "POST", "/sandbox/fraud_warnings", json={"payment_intent": payment_intent_id})


def alerts(brand: Brand) -> list[tuple[bool, dict[str, Any]]]:
    """Whether each alert about a warning is open, and its details."""
    with atomic(brand.id):
        query = select(Alert).where(Alert.tenant_id == brand.id, Alert.kind == AlertKind.FRAUD_WARNING)
        return [(alert.resolved_at is None, alert.details) for alert in db.session.execute(query).scalars()]


def access(order: Order) -> tuple[bool, GrantReason]:
    [grant] = order.grants
    return grant.active, grant.reason


def test_the_policy_refund_returns_the_money_once_and_the_team_is_notified(tenant: Brand) -> None:
    set_policy(tenant, FraudWarningPolicy.REFUND)
    opened = refunds.pay(tenant)
    warn(tenant, opened.payment_intent_id)
    refunds.deliver_events(tenant)
    assert access(load_order(tenant, opened.order_number)) == (False, GrantReason.FRAUD_WARNING)

    for _ in range(2):
        send_due_refunds(tenant.id)
        refunds.deliver_events(tenant)

    [refund] = refunds.list_stripe_refunds(tenant)
    assert (refund["amount"], refund["reason"]) == (4700, "fraudulent")
    order = load_order(tenant, opened.order_number)
    assert (order.status, access(order)) == (OrderStatus.REFUNDED, (False, GrantReason.REFUNDED))
    assert [request.origin for request in order.refund_requests] == [RefundOrigin.FRAUD_WARNING]
    assert [warning.actionable for warning in order.fraud_warnings] == [False]
    [(is_open, details)] = alerts(tenant)
    assert is_open
    assert details["policy"] == "refund"


def test_access_that_a_warning_suspended_returns_when_an_operator_dismisses_it(tenant: Brand) -> None:
    set_policy(tenant, FraudWarningPolicy.REVOKE)
    opened = refunds.pay(tenant)
    warn(tenant, opened.payment_intent_id)
    refunds.deliver_events(tenant)
    order = load_order(tenant, opened.order_number)
    assert access(order) == (False, GrantReason.FRAUD_WARNING)

    dismiss_fraud_warnings(tenant.id, order.id, actor="operator:1")

    assert access(load_order(tenant, opened.order_number)) == (True, GrantReason.PAID)
    assert [is_open for is_open, _ in alerts(tenant)] == [False]
    assert "access_ready" in pending_messages(tenant, order.id)
    [entry] = refunds.audited(tenant, "fraud_warning_dismissed")
    assert entry.actor == "operator:1"
    with pytest.raises(NoOpenWarning):
        dismiss_fraud_warnings(tenant.id, order.id, actor="operator:1")


def test_a_warning_keeps_the_policy_of_its_day_and_a_dispute_ends_its_alert(tenant: Brand) -> None:
    opened = refunds.pay(tenant)
    warn(tenant, opened.payment_intent_id)
    refunds.deliver_events(tenant)
    set_policy(tenant, FraudWarningPolicy.REFUND)
    refunds.deliver_events(tenant)
    order = load_order(tenant, opened.order_number)
    assert (access(order), order.refund_requests) == ((True, GrantReason.PAID), [])
    assert [is_open for is_open, _ in alerts(tenant)] == [True]

    refunds.disputed(tenant, opened)
    refunds.deliver_events(tenant)

    assert [is_open for is_open, _ in alerts(tenant)] == [False]
    assert load_order(tenant, opened.order_number).refund_requests == []


def test_a_warning_whose_events_were_lost_is_read_when_the_order_is_polled(tenant: Brand) -> None:
    opened = open_payment(tenant)
    stripe_sandbox.pay(tenant, opened.payment_intent_id, opened.client_secret)
    warn(tenant, opened.payment_intent_id)
    order = load_order(tenant, opened.order_number)

    assert poll_order_now(tenant.id, order.id, actor="operator:1").is_repaired

    assert len(alerts(tenant)) == 1
    assert not poll_order_now(tenant.id, order.id, actor="operator:1").is_repaired


def test_a_warning_that_arrives_before_its_payment_waits_for_it(tenant: Brand) -> None:
    set_policy(tenant, FraudWarningPolicy.REFUND)
    opened = open_payment(tenant)
    stripe_sandbox.pay(tenant, opened.payment_intent_id, opened.client_secret)
    warn(tenant, opened.payment_intent_id)
    stripe_sandbox.deliver_events(tenant, "radar.early_fraud_warning.created")
    order = load_order(tenant, opened.order_number)
    assert (order.status, len(order.fraud_warnings), alerts(tenant)) == (OrderStatus.PENDING, 1, [])

    stripe_sandbox.deliver_events(tenant, "payment_intent.succeeded")

    order = load_order(tenant, opened.order_number)
    assert [request.origin for request in order.refund_requests] == [RefundOrigin.FRAUD_WARNING]
    assert [is_open for is_open, _ in alerts(tenant)] == [True]


def test_a_warning_about_a_sale_of_another_shop_changes_nothing(tenant: Brand) -> None:
    stripe_sandbox.call(tenant, "POST", "/sandbox/foreign_sales", json={"outcome": "warned"})
    refunds.deliver_events(tenant)
    assert count(tenant, FraudWarning) == 0
    kept = {"type": "radar.early_fraud_warning.created"}
    assert count(tenant, WebhookEvent, **kept) == 1
    assert count(tenant, WebhookEvent, **kept, status=EventStatus.FAILED) == 0
    assert alerts(tenant) == []
