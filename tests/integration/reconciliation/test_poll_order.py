"""Polling finds what no event reported: payments, lost responses, refunds, disputes, and abandoned orders."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import select

from lumira.clients import stripe_client
from lumira.database import atomic, db
from lumira.domain.refunds import refunded_amount
from lumira.errors.stripe import StripeUnavailable
from lumira.models import AccessGrant, Alert, AuditEntry, Order, OrderStatus, RequestState
from lumira.reconciliation import poll_orders, reconcile
from lumira.services.checkout import create_payment_intent
from lumira.services.checkout.create_payment_intent import PaymentOpened
from tests.support import stripe_sandbox
from tests.support.factories import Brand, count, load_order, open_payment, pending_messages
from tests.support.stripe_events import deliver

pytestmark = pytest.mark.usefixtures("app_context")


@pytest.fixture(autouse=True)
def no_events(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Stripe list no events: everything is found by polling the order."""
    monkeypatch.setattr(stripe_client, "list_events", lambda *_, **__: iter(()))


@contextmanager
def later(**passed: float) -> Iterator[None]:
    with time_machine.travel(datetime.now(UTC) + timedelta(**passed)):
        yield


def pay(brand: Brand, opened: PaymentOpened, method: str = "pm_card_visa") -> dict[str, Any]:
    return stripe_sandbox.pay(brand, opened.payment_intent_id, opened.client_secret, method)


def at_stripe(brand: Brand, path: str, **sent: Any) -> dict[str, Any]:
    """Change something at Stripe directly, not through Lumira."""
    return stripe_sandbox.call(brand, "POST", path, json=sent)


def intent_of(brand: Brand, opened: PaymentOpened) -> dict[str, Any]:
    return stripe_sandbox.call(brand, "GET", f"/v1/payment_intents/{opened.payment_intent_id}")


def status_of(brand: Brand, opened: PaymentOpened) -> OrderStatus:
    return load_order(brand, opened.order_number).status


def reconciled(brand: Brand) -> list[str]:
    with atomic(brand.id):
        return list(
            db.session.execute(
                select(AuditEntry.action)
                .where(AuditEntry.actor == "reconciliation")
                .where(AuditEntry.action.in_(("order_repaired", "order_abandoned")))
                .order_by(AuditEntry.id)
            ).scalars()
        )


def alerts_of(brand: Brand) -> list[str]:
    with atomic(brand.id):
        return sorted(db.session.execute(select(Alert.kind)).scalars())


def test_an_order_unpaid_for_a_day_is_canceled_at_stripe_and_in_lumira(tenant) -> None:
    opened = open_payment(tenant)
    with later(hours=23):
        reconcile.reconcile(tenant.id)
    assert status_of(tenant, opened) is OrderStatus.PENDING

    with later(hours=25):
        report = reconcile.reconcile(tenant.id)

    assert status_of(tenant, opened) is OrderStatus.CANCELLED
    assert (intent_of(tenant, opened)["status"], intent_of(tenant, opened)["cancellation_reason"]) == (
        "canceled",
        "abandoned",
    )
    assert (report.orders_polled, report.orders_repaired) == (1, 0)
    assert reconciled(tenant) == ["order_abandoned"]
    assert load_order(tenant, opened.order_number).next_poll_at is None


def test_a_payment_made_just_before_the_cancellation_is_fulfilled(tenant, monkeypatch) -> None:
    opened = open_payment(tenant)
    cancel = stripe_client.cancel_payment_intent

    def pay_first(*args, **options):
        pay(tenant, opened)
        return cancel(*args, **options)

    monkeypatch.setattr(stripe_client, "cancel_payment_intent", pay_first)
    with later(hours=25):
        reconcile.reconcile(tenant.id)
    assert status_of(tenant, opened) is OrderStatus.COMPLETED
    assert reconciled(tenant) == ["order_repaired"]


def test_a_declined_order_is_canceled_after_a_day(tenant) -> None:
    opened = open_payment(tenant)
    pay(tenant, opened, "pm_card_chargeDeclined")
    with later(minutes=2):
        reconcile.reconcile(tenant.id)
    assert status_of(tenant, opened) is OrderStatus.FAILED
    with later(hours=25):
        reconcile.reconcile(tenant.id)
    assert status_of(tenant, opened) is OrderStatus.CANCELLED


@pytest.mark.parametrize(
    "action", ["multibanco_display_details", "oxxo_display_details", "display_bank_transfer_instructions"]
)
def test_a_voucher_or_bank_transfer_that_may_still_be_paid_is_not_canceled(
    tenant, monkeypatch, action
) -> None:
    opened = open_payment(tenant)
    waiting = intent_of(tenant, opened) | {"status": "requires_action", "next_action": {"type": action}}
    monkeypatch.setattr(stripe_client, "get_payment_intent", lambda *_: waiting)
    with later(hours=25):
        reconcile.reconcile(tenant.id)
    assert intent_of(tenant, opened)["status"] == "requires_payment_method"
    assert status_of(tenant, opened) is OrderStatus.PROCESSING


def lose_the_response(brand: Brand, monkeypatch: pytest.MonkeyPatch) -> Order:
    """Open a payment whose process is killed between Stripe's response and recording it; returns the order."""

    class Killed(BaseException):
        pass

    def die(*_):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(create_payment_intent, "_attach", die)
        with pytest.raises(Killed):
            open_payment(brand)
    with atomic(brand.id):
        number = db.session.execute(select(Order.order_number)).scalar_one()
    return load_order(brand, number)


def test_an_intent_whose_response_was_lost_is_attached_by_its_order_number_and_fulfilled(
    tenant, monkeypatch
) -> None:
    order = lose_the_response(tenant, monkeypatch)
    assert order.payments == []
    [intent] = stripe_sandbox.intents(tenant)
    stripe_sandbox.pay(tenant, intent["id"], intent["client_secret"])

    with later(minutes=2):
        report = reconcile.reconcile(tenant.id)

    repaired = load_order(tenant, order.order_number)
    assert (repaired.status, report.orders_repaired) == (OrderStatus.COMPLETED, 1)
    assert [payment.stripe_payment_intent_id for payment in repaired.payments] == [intent["id"]]


def test_an_intent_of_another_amount_than_its_order_is_not_attached(tenant, monkeypatch) -> None:
    order = lose_the_response(tenant, monkeypatch)
    [intent] = stripe_sandbox.intents(tenant)
    monkeypatch.setattr(stripe_client, "find_payment_intent", lambda *_, **__: intent | {"amount": 1})
    with later(minutes=2):
        reconcile.reconcile(tenant.id)
    assert load_order(tenant, order.order_number).payments == []


def test_an_order_without_an_intent_at_stripe_fails_after_a_day(tenant) -> None:
    stripe_sandbox.fail_next(tenant, "drop_before", times=2)
    with pytest.raises(StripeUnavailable):
        open_payment(tenant)
    with atomic(tenant.id):
        number = db.session.execute(select(Order.order_number)).scalar_one()
    with later(hours=2):
        reconcile.reconcile(tenant.id)
    assert load_order(tenant, number).status is OrderStatus.PENDING

    with later(hours=25):
        report = reconcile.reconcile(tenant.id)

    order = load_order(tenant, number)
    assert (order.status, order.next_poll_at) == (OrderStatus.FAILED, None)
    assert (order.requests[-1].state, order.requests[-1].refusal["code"]) == (
        RequestState.REFUSED,
        "abandoned",
    )
    assert (report.orders_repaired, reconciled(tenant)) == (0, ["order_abandoned"])


def test_an_order_of_the_other_mode_is_neither_polled_nor_changed(tenant) -> None:
    opened = open_payment(tenant)
    pay(tenant, opened)
    with atomic(tenant.id):
        db.session.execute(select(Order)).scalar_one().livemode = True
    with later(minutes=2):
        report = reconcile.reconcile(tenant.id)
    assert (report.orders_polled, report.failures) == (0, 0)
    assert status_of(tenant, opened) is OrderStatus.PENDING
    assert (
        stripe_sandbox.requests_made(tenant, "GET", f"/v1/payment_intents/{opened.payment_intent_id}") == []
    )


def test_a_payment_that_stripe_does_not_know_raises_an_alert_and_stops_no_other_order(tenant) -> None:
    lost, healthy = open_payment(tenant), open_payment(tenant)
    pay(tenant, healthy)
    with atomic(tenant.id):
        order = db.session.execute(select(Order).where(Order.order_number == lost.order_number)).scalar_one()
        order_id = order.id
    with atomic(tenant.id):
        db.session.execute(
            create_payment_intent.payments.Payment.__table__.update()
            .where(create_payment_intent.payments.Payment.order_id == order_id)
            .values(stripe_payment_intent_id="pi_ofanotheraccount")
        )
    with later(minutes=2):
        report = reconcile.reconcile(tenant.id)
    assert (report.orders_polled, report.orders_repaired, report.failures) == (2, 1, 0)
    assert alerts_of(tenant) == ["payment_missing_at_stripe"]


@pytest.mark.parametrize(
    "spoil",
    [
        {"id": None},
        {"status": None},
        {"amount": "4700"},
        {"currency": 3},
        {"last_payment_error": "no"},
        {"metadata": None, "amount": -1},
    ],
)
def test_a_malformed_response_changes_nothing_and_stops_no_other_order(tenant, monkeypatch, spoil) -> None:
    broken, healthy = open_payment(tenant), open_payment(tenant)
    pay(tenant, healthy)
    get_payment_intent = stripe_client.get_payment_intent

    def spoiled(account, payment_intent_id):
        intent = get_payment_intent(account, payment_intent_id)
        return intent | spoil if payment_intent_id == broken.payment_intent_id else intent

    monkeypatch.setattr(stripe_client, "get_payment_intent", spoiled)
    with later(minutes=2):
        report = reconcile.reconcile(tenant.id)
    assert (report.orders_repaired, report.failures) == (1, 0)
    assert status_of(tenant, broken) is OrderStatus.PENDING


def test_a_poll_that_changes_nothing_does_not_update_the_order(tenant) -> None:
    opened = open_payment(tenant)
    before = load_order(tenant, opened.order_number).updated_at
    with later(minutes=2):
        assert reconcile.reconcile(tenant.id).orders_polled == 1
    order = load_order(tenant, opened.order_number)
    assert (order.updated_at, order.polls) == (before, 1)


def fulfilled(brand: Brand, product: str = "mystique") -> PaymentOpened:
    opened = open_payment(brand, product)
    pay(brand, opened)
    with later(minutes=2):
        reconcile.reconcile(brand.id)
    return opened


def test_a_refund_without_an_event_revokes_access(tenant) -> None:
    opened = fulfilled(tenant)
    at_stripe(tenant, "/sandbox/refunds", payment_intent=opened.payment_intent_id)
    with later(hours=2):
        assert reconcile.reconcile(tenant.id).orders_repaired == 1

    order = load_order(tenant, opened.order_number)
    assert (order.status, refunded_amount(order)) == (OrderStatus.REFUNDED, 4700)
    assert count(tenant, AccessGrant, active=True) == 0
    assert pending_messages(tenant, order.id) == ["order_confirmation", "order_refunded"]


def test_a_refund_that_failed_without_an_event_restores_access(tenant) -> None:
    opened = fulfilled(tenant)
    refund = at_stripe(tenant, "/sandbox/refunds", payment_intent=opened.payment_intent_id, status="pending")
    with later(hours=2):
        reconcile.reconcile(tenant.id)
    assert status_of(tenant, opened) is OrderStatus.REFUNDED
    at_stripe(tenant, "/sandbox/refunds/finish", refund=refund["id"], outcome="failed")
    with later(hours=4):
        reconcile.reconcile(tenant.id)

    order = load_order(tenant, opened.order_number)
    assert (order.status, refunded_amount(order)) == (OrderStatus.COMPLETED, 0)
    assert count(tenant, AccessGrant, active=True) == 1


def test_a_refund_reported_only_by_its_charge_is_looked_up_within_two_minutes(tenant) -> None:
    opened = fulfilled(tenant)
    at_stripe(tenant, "/sandbox/refunds", payment_intent=opened.payment_intent_id, amount=1000)
    [charge_refunded] = stripe_sandbox.events(tenant, "charge.refunded")
    deliver(tenant, charge_refunded)
    assert load_order(tenant, opened.order_number).refunds == []

    with later(minutes=2):
        reconcile.reconcile(tenant.id)
    order = load_order(tenant, opened.order_number)
    assert ([refund.amount for refund in order.refunds], refunded_amount(order)) == ([1000], 1000)
    assert "order_refunded" in pending_messages(tenant, order.id)


def test_a_dispute_without_an_event_is_found_and_so_is_its_end(tenant) -> None:
    opened = fulfilled(tenant)
    dispute = at_stripe(tenant, "/sandbox/disputes", payment_intent=opened.payment_intent_id)
    with later(hours=2):
        reconcile.reconcile(tenant.id)
    assert status_of(tenant, opened) is OrderStatus.DISPUTED
    assert "dispute" in alerts_of(tenant)

    at_stripe(tenant, "/sandbox/disputes/close", dispute=dispute["id"], outcome="won")
    with later(hours=12):
        reconcile.reconcile(tenant.id)
    assert status_of(tenant, opened) is OrderStatus.COMPLETED
    assert count(tenant, AccessGrant, active=True) == 1


def test_an_order_that_is_polled_repeatedly_is_audited_once(tenant) -> None:
    opened = fulfilled(tenant)
    at_stripe(tenant, "/sandbox/refunds", payment_intent=opened.payment_intent_id, amount=1000)
    with atomic(tenant.id):
        entries = db.session.execute(select(AuditEntry.id)).all()
    for hours in (2, 7, 25):
        with later(hours=hours):
            reconcile.reconcile(tenant.id)
    with atomic(tenant.id):
        added = len(db.session.execute(select(AuditEntry.id)).all()) - len(entries)
    # The order's new status, and that it was repaired.
    assert added == 2


def test_since_polls_every_order_opened_in_that_time_at_once(tenant, monkeypatch) -> None:
    monkeypatch.setattr(poll_orders, "BATCH", 2)
    for _ in range(5):
        open_payment(tenant)
    assert reconcile.reconcile(tenant.id).orders_polled == 0
    assert reconcile.reconcile(tenant.id, since=timedelta(hours=1)).orders_polled == 5
