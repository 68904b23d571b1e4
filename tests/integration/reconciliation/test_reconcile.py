"""Events that no webhook delivered are pulled from Stripe by the watermark, through outages and errors."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select

from lumira.clients import stripe_client
from lumira.database import atomic, db
from lumira.models import AccessGrant, Alert, AuditEntry, OrderStatus, WebhookEvent
from lumira.notifications import relay
from lumira.reconciliation import poll_order, reconcile
from lumira.reconciliation.report import ReconciliationReport, StripeAvailability
from lumira.repositories.alerts import alerts
from lumira.repositories.installation import due_work
from lumira.repositories.tenants import tenants
from lumira.services.checkout.create_payment_intent import PaymentOpened
from lumira.webhooks import inbox, process
from tests.support import stripe_sandbox
from tests.support.factories import Brand, count, load_order, open_payment
from tests.support.stripe_events import event, payment_intent, receive

pytestmark = pytest.mark.usefixtures("app_context")


@contextmanager
def later(**passed: float) -> Iterator[None]:
    with time_machine.travel(datetime.now(UTC) + timedelta(**passed)):
        yield


def pay(brand: Brand, opened: PaymentOpened) -> None:
    """Pay at Stripe, which has no webhook endpoint for this brand."""
    stripe_sandbox.pay(brand, opened.payment_intent_id, opened.client_secret)


def audited(brand: Brand, *actions: str) -> list[str]:
    with atomic(brand.id):
        query = select(AuditEntry.action).where(AuditEntry.actor == "reconciliation").order_by(AuditEntry.id)
        return [action for action in db.session.execute(query).scalars() if not actions or action in actions]


def alerts_of(brand: Brand) -> list[str]:
    with atomic(brand.id):
        return sorted(db.session.execute(select(Alert.kind)).scalars())


def open_alerts(brand: Brand) -> list[str]:
    with atomic(brand.id):
        return list(db.session.execute(select(Alert.kind).where(Alert.resolved_at.is_(None))).scalars())


def watermark(brand: Brand) -> datetime | None:
    with atomic(brand.id):
        return tenants.get(brand.id).events_pulled_until


def status_of(brand: Brand, opened: PaymentOpened) -> OrderStatus:
    return load_order(brand, opened.order_number).status


def work_for_a_minute(brand: Brand) -> None:
    """What the periodic tasks do: one reconciliation, and a sweep every ten seconds."""
    reconcile.reconcile(brand.id)
    now = datetime.now(UTC)
    for second in range(0, 60, 10):
        with time_machine.travel(now + timedelta(seconds=second)):
            if brand.id in due_work.tenants_with_due_events(datetime.now(UTC)):
                process.process_events(brand.id)
            if brand.id in due_work.tenants_with_due_messages(datetime.now(UTC)):
                relay.relay(brand.id)


def work_until_fulfilled(brand: Brand, opened: PaymentOpened) -> int:
    """Return the minutes until the order is completed by the workers alone."""
    start = datetime.now(UTC)
    for minute in range(1, 10):
        with time_machine.travel(start + timedelta(minutes=minute)):
            work_for_a_minute(brand)
        if status_of(brand, opened) is OrderStatus.COMPLETED:
            return minute
    return 10


def test_a_payment_whose_webhook_was_lost_is_fulfilled_within_five_minutes(tenant) -> None:
    opened = open_payment(tenant)
    pay(tenant, opened)

    assert work_until_fulfilled(tenant, opened) < 5

    assert count(tenant, AccessGrant, active=True) == 1
    order = load_order(tenant, opened.order_number)
    assert [(message.kind, message.status) for message in order.messages] == [("order_confirmation", "sent")]
    assert "event_recovered" in audited(tenant)


def test_a_payment_without_any_event_at_stripe_is_fulfilled_within_five_minutes(tenant, monkeypatch) -> None:
    monkeypatch.setattr(stripe_client, "list_events", lambda *_, **__: iter(()))
    opened = open_payment(tenant)
    pay(tenant, opened)

    assert work_until_fulfilled(tenant, opened) < 5

    assert audited(tenant, "order_repaired", "event_recovered") == ["order_repaired"]
    assert count(tenant, WebhookEvent) == 0


def test_a_payment_made_half_an_hour_after_opening_is_fulfilled_within_five_minutes(
    tenant, monkeypatch
) -> None:
    monkeypatch.setattr(stripe_client, "list_events", lambda *_, **__: iter(()))
    opened = open_payment(tenant)
    for minute in range(1, 30):
        with later(minutes=minute):
            reconcile.reconcile(tenant.id)
    pay(tenant, opened)
    with later(minutes=29):
        assert work_until_fulfilled(tenant, opened) < 5


def test_recovered_events_are_counted_and_a_second_run_finds_nothing(tenant) -> None:
    opened = open_payment(tenant)
    pay(tenant, opened)
    with later(minutes=2):
        first = reconcile.reconcile(tenant.id)
        process.process_events(tenant.id)
        # The order was polled before its events were processed, so the poll repaired it.
        audited_after_first = audited(tenant)
    with later(minutes=4):
        process.process_events(tenant.id)
        second = reconcile.reconcile(tenant.id, since=timedelta(hours=1))

    assert first.events_recovered == count(tenant, WebhookEvent) > 0
    assert (second.events_recovered, second.orders_polled, second.orders_repaired) == (0, 1, 0)
    assert audited(tenant) == audited_after_first


def test_an_event_that_is_pulled_and_delivered_grants_access_once(tenant) -> None:
    opened = open_payment(tenant)
    pay(tenant, opened)
    [succeeded] = stripe_sandbox.events(tenant, "payment_intent.succeeded")
    with later(minutes=2):
        reconcile.reconcile(tenant.id)
        receive(tenant, succeeded)
        process.process_events(tenant.id)

    assert count(tenant, WebhookEvent, type="payment_intent.succeeded") == 1
    assert count(tenant, AccessGrant) == 1


def test_a_webhook_that_may_still_arrive_by_itself_is_not_pulled(tenant) -> None:
    opened = open_payment(tenant)
    pay(tenant, opened)

    assert reconcile.reconcile(tenant.id).events_recovered == 0


def test_more_events_than_one_page_holds_are_all_pulled(tenant, monkeypatch) -> None:
    many = [
        event("payment_intent.canceled", payment_intent(id=f"pi_many{number}", status="canceled"))
        for number in range(230)
    ]
    for stripe_event in many:
        stripe_sandbox.call(
            tenant,
            "POST",
            "/sandbox/events",
            json={"type": stripe_event["type"], "object": stripe_event["data"]["object"]},
        )
    with later(minutes=2):
        assert reconcile.reconcile(tenant.id).events_recovered == 230
    # Stripe takes twenty types in a request, so the others are listed by another one.
    made = stripe_sandbox.requests_made(tenant, "GET", "/v1/events")
    assert sum("payment_intent.canceled" in request["params"]["types"].values() for request in made) == 3


@pytest.mark.parametrize("fault", ["drop_before", "500_before", "429"])
def test_after_an_outage_of_stripe_the_order_is_fulfilled_within_five_minutes(tenant, fault) -> None:
    opened = open_payment(tenant)
    pay(tenant, opened)
    watermark_before = watermark(tenant)
    stripe_sandbox.fail_next(tenant, fault, method="GET", path="/v1", times=100)
    with later(minutes=2):
        down = reconcile.reconcile(tenant.id)
    assert (down.stripe, down.failures) == (StripeAvailability.UNAVAILABLE, 0)
    assert watermark(tenant) == watermark_before

    stripe_sandbox.clear_faults(tenant)
    assert work_until_fulfilled(tenant, opened) <= 5


def test_the_watermark_does_not_move_if_a_page_of_events_was_not_read(tenant, monkeypatch) -> None:
    opened = open_payment(tenant)
    pay(tenant, opened)
    complete = stripe_client.list_events

    def broken(*args, **options):
        yield next(iter(complete(*args, **options)))
        raise stripe_client.StripeUnavailable("gone")

    with later(minutes=2):
        reconcile.reconcile(tenant.id)
        before = watermark(tenant)
    pay(tenant, second := open_payment(tenant))
    with later(minutes=4):
        with monkeypatch.context() as patched:
            patched.setattr(stripe_client, "list_events", broken)
            reconcile.reconcile(tenant.id)
        assert watermark(tenant) == before
        reconcile.reconcile(tenant.id)
        assert watermark(tenant) > before
        process.process_events(tenant.id)
    assert status_of(tenant, second) is OrderStatus.COMPLETED


def test_a_short_since_does_not_skip_the_events_of_an_outage(tenant, monkeypatch) -> None:
    requested: list[datetime] = []
    monkeypatch.setattr(
        stripe_client, "list_events", lambda *_, since, **__: requested.append(since) or iter(())
    )
    reconcile.reconcile(tenant.id)
    with later(days=2):
        reconcile.reconcile(tenant.id, since=timedelta(hours=1))
    assert requested[-1] < datetime.now(UTC)


def test_each_long_outage_of_stripe_raises_one_alert(tenant) -> None:
    reconcile.reconcile(tenant.id)
    stripe_sandbox.fail_next(tenant, "500_before", method="GET", path="/v1", times=1000)
    for minutes in (5, 20, 25):
        with later(minutes=minutes):
            reconcile.reconcile(tenant.id)
    assert alerts_of(tenant) == ["stripe_unavailable"]

    stripe_sandbox.clear_faults(tenant)
    with later(minutes=30):
        reconcile.reconcile(tenant.id)
    stripe_sandbox.fail_next(tenant, "500_before", method="GET", path="/v1", times=1000)
    with later(minutes=60):
        reconcile.reconcile(tenant.id)
    assert alerts_of(tenant) == ["stripe_unavailable", "stripe_unavailable"]


def test_an_outage_of_stripe_that_has_ended_resolves_its_alert_and_a_short_pause_does_not(tenant) -> None:
    reconcile.reconcile(tenant.id)
    stripe_sandbox.fail_next(tenant, "500_before", method="GET", path="/v1", times=1000)
    with later(minutes=20):
        reconcile.reconcile(tenant.id)
        with atomic(tenant.id):
            [alert] = alerts.claim_next(tenant.id, until=datetime.now(UTC))
            alerts.mark_notified(alert)
    stripe_sandbox.clear_faults(tenant)
    with later(minutes=25):
        reconcile.reconcile(tenant.id)
    assert open_alerts(tenant) == ["stripe_unavailable"]
    with later(minutes=32):
        reconcile.reconcile(tenant.id)
        with atomic(tenant.id):
            [ended] = alerts.claim_next(tenant.id, until=datetime.now(UTC))
    assert ended.resolved_at is not None
    assert open_alerts(tenant) == []


def test_a_key_that_stripe_refuses_raises_an_alert_at_once(tenant, monkeypatch) -> None:
    def refuse(*_, **__):
        raise stripe_client.StripeConfigError("no")

    monkeypatch.setattr(stripe_client, "list_events", refuse)
    report = reconcile.reconcile(tenant.id)
    assert (report.stripe, report.failures) == (StripeAvailability.KEY_REFUSED, 0)
    assert alerts_of(tenant) == ["stripe_key_refused"]


def test_a_tenant_without_a_stripe_key_is_skipped(make_brand) -> None:
    assert reconcile.reconcile(make_brand(stripe=False).id) == ReconciliationReport(
        stripe=StripeAvailability.NO_KEY
    )


@pytest.mark.parametrize("malformed", [{}, {"id": 7, "type": "x"}, {"id": "evt_\x00", "type": "x"}])
def test_a_malformed_event_does_not_stop_the_others(tenant, monkeypatch, malformed) -> None:
    opened = open_payment(tenant)
    pay(tenant, opened)
    list_events = stripe_client.list_events
    monkeypatch.setattr(
        stripe_client,
        "list_events",
        lambda *args, **options: iter([malformed, *list_events(*args, **options)]),
    )
    with later(minutes=2):
        report = reconcile.reconcile(tenant.id)
        process.process_events(tenant.id)
    assert report.events_recovered > 0
    assert status_of(tenant, opened) is OrderStatus.COMPLETED
    assert alerts_of(tenant) == ["event_unusable"]
    assert watermark(tenant) is not None


def test_an_error_in_one_step_does_not_stop_the_other_steps(tenant, monkeypatch) -> None:
    def break_down(*_, **__):
        raise ZeroDivisionError

    monkeypatch.setattr(stripe_client, "list_events", break_down)
    opened = open_payment(tenant)
    pay(tenant, opened)
    with later(minutes=2):
        report = reconcile.reconcile(tenant.id)
    assert (report.failures, report.orders_repaired) == (1, 1)
    assert watermark(tenant) is None


def test_an_order_that_fails_does_not_stop_the_others(tenant, monkeypatch) -> None:
    failing, healthy = open_payment(tenant), open_payment(tenant)
    pay(tenant, failing)
    pay(tenant, healthy)
    record = poll_order.record

    def fail_for_one(tenant_id, plan, state):
        if plan.order_number == failing.order_number:
            raise ZeroDivisionError
        return record(tenant_id, plan, state)

    with monkeypatch.context() as patched:
        patched.setattr(poll_order, "record", fail_for_one)
        with later(minutes=2):
            report = reconcile.reconcile(tenant.id)
    assert (report.failures, report.orders_repaired) == (1, 1)
    assert status_of(tenant, healthy) is OrderStatus.COMPLETED

    with later(minutes=5):
        reconcile.reconcile(tenant.id)
    assert status_of(tenant, failing) is OrderStatus.COMPLETED


def test_a_payment_that_stripe_fails_to_return_does_not_stop_the_others(tenant) -> None:
    lost, healthy = open_payment(tenant), open_payment(tenant)
    pay(tenant, healthy)
    # Neither a list nor the payment itself can be read.
    unreadable = f"/v1/payment_intents(/{lost.payment_intent_id})?"
    stripe_sandbox.fail_next(tenant, "500_before", method="GET", path=unreadable, times=100)
    with later(minutes=2):
        report = reconcile.reconcile(tenant.id)
    assert (report.stripe, report.orders_repaired) == (StripeAvailability.PARTIAL, 1)


def test_an_order_is_fulfilled_by_the_next_run_after_a_process_is_killed_before_recording(
    tenant, monkeypatch
) -> None:
    opened = open_payment(tenant)
    pay(tenant, opened)

    class Killed(BaseException):
        pass

    def die(*_):
        raise Killed

    monkeypatch.setattr(stripe_client, "list_events", lambda *_, **__: iter(()))
    with later(minutes=2), monkeypatch.context() as patched:
        patched.setattr(poll_order, "record", die)
        with pytest.raises(Killed):
            reconcile.reconcile(tenant.id)
    assert status_of(tenant, opened) is OrderStatus.PENDING

    with later(minutes=2):
        assert work_until_fulfilled(tenant, opened) <= 4


def test_two_runs_at_once_poll_each_order_once(tenant) -> None:
    open_payment(tenant)
    open_payment(tenant)
    with later(minutes=2):
        first = reconcile.reconcile(tenant.id)
        second = reconcile.reconcile(tenant.id)
    assert (first.orders_polled, second.orders_polled) == (2, 0)


def test_the_payments_of_another_tenant_are_not_touched(tenant, other_tenant) -> None:
    opened = open_payment(other_tenant)
    pay(other_tenant, opened)
    with later(minutes=2):
        report = reconcile.reconcile(tenant.id)
    assert report == ReconciliationReport()
    assert status_of(other_tenant, opened) is OrderStatus.PENDING


def test_a_run_that_is_stopped_ends_after_the_current_order_and_moves_no_watermark(tenant) -> None:
    pay(tenant, open_payment(tenant))
    with later(minutes=2):
        assert reconcile.reconcile(tenant.id, is_stopping=lambda: True) == ReconciliationReport()
    assert watermark(tenant) is None


def test_a_pulled_event_of_a_connected_account_is_stored_with_its_account(make_brand, monkeypatch) -> None:
    brand = make_brand(stripe_account="acct_brand")
    pulled = event("payment_intent.canceled", payment_intent(id="pi_1", status="canceled"))
    monkeypatch.setattr(stripe_client, "list_events", lambda *_, **__: iter([pulled]))
    stored = []
    monkeypatch.setattr(inbox, "store", lambda _, delivered: stored.append(delivered) or True)
    reconcile.reconcile(brand.id)
    assert stored[0]["account"] == "acct_brand"
