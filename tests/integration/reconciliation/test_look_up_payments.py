"""The payment of a parked event is looked up at Stripe before the event is attached, foreign or failed."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import select

from lumira.clients import stripe_client
from lumira.database import atomic, db
from lumira.models import Alert, EventStatus, OrderStatus, WebhookEvent
from lumira.reconciliation import look_up_payments, reconcile
from lumira.reconciliation.report import ReconciliationReport, StripeAvailability
from lumira.webhooks import event_states, process
from tests.support import stripe_sandbox
from tests.support.factories import Brand, load_order, open_payment, pending_messages
from tests.support.stripe_events import deliver, event, payment_intent

pytestmark = pytest.mark.usefixtures("app_context")


@pytest.fixture(autouse=True)
def no_events(monkeypatch: pytest.MonkeyPatch) -> None:
    """Events come by webhook alone here."""
    monkeypatch.setattr(stripe_client, "list_events", lambda *_, **__: iter(()))


@contextmanager
def later(**passed: float) -> Iterator[None]:
    with time_machine.travel(datetime.now(UTC) + timedelta(**passed)):
        yield


def stored(brand: Brand, stripe_event: dict[str, Any]) -> WebhookEvent:
    with atomic(brand.id):
        return db.session.execute(
            select(WebhookEvent).where(WebhookEvent.stripe_event_id == stripe_event["id"])
        ).scalar_one()


def alerts_of(brand: Brand) -> list[str]:
    with atomic(brand.id):
        return sorted(db.session.execute(select(Alert.kind)).scalars())


def refund_of(payment_intent_id: str | None, **fields: Any) -> dict[str, Any]:
    refund = {
        "id": "re_1",
        "object": "refund",
        "amount": 4700,
        "currency": "eur",
        "charge": "ch_1",
        "payment_intent": payment_intent_id,
        "status": "succeeded",
        "metadata": {},
    }
    return event("refund.created", refund | fields)


def make_intent(brand: Brand, amount: int = 4700, **metadata: str) -> dict[str, Any]:
    """Make a payment at Stripe; its metadata decides to whom it belongs."""
    parameters = {
        "amount": amount,
        "currency": "eur",
        "payment_method": "pm_card_visa",
        "return_url": "https://shop.example/done",
        "confirm": "true",
    }
    sent_metadata = {f"metadata[{name}]": value for name, value in metadata.items()}
    return stripe_sandbox.call(brand, "POST", "/v1/payment_intents", data=parameters | sent_metadata)


def retry_and_look_up(brand: Brand, *, minutes: float = 2) -> ReconciliationReport:
    """Retry the event, look its payment up, and process what that made due."""
    with later(minutes=minutes):
        process.process_events(brand.id)
        report = reconcile.reconcile(brand.id)
        process.process_events(brand.id)
        return report


def test_a_payment_without_our_metadata_is_foreign_and_raises_no_alert(tenant) -> None:
    stripe_event = refund_of(make_intent(tenant)["id"])
    deliver(tenant, stripe_event)
    assert stored(tenant, stripe_event).status is EventStatus.PARKED

    report = retry_and_look_up(tenant)

    assert (stored(tenant, stripe_event).status, stored(tenant, stripe_event).reason) == (
        "foreign",
        "foreign",
    )
    assert (report.payments_decided, alerts_of(tenant)) == (1, [])


def test_a_payment_that_stripe_does_not_know_is_foreign(tenant) -> None:
    stripe_event = refund_of("pi_unknowntostripe")
    deliver(tenant, stripe_event)
    retry_and_look_up(tenant)
    assert stored(tenant, stripe_event).status is EventStatus.FOREIGN


def test_a_payment_of_another_brand_with_the_same_stripe_account_is_foreign(tenant) -> None:
    stripe_event = refund_of(make_intent(tenant, orderNumber="OTHER-1", tenant="another-brand")["id"])
    deliver(tenant, stripe_event)
    retry_and_look_up(tenant)
    assert stored(tenant, stripe_event).status is EventStatus.FOREIGN
    assert alerts_of(tenant) == []


def test_a_payment_is_not_looked_up_before_the_second_attempt_of_its_event(tenant) -> None:
    stripe_event = refund_of("pi_unknowntostripe")
    deliver(tenant, stripe_event)
    assert reconcile.reconcile(tenant.id).payments_decided == 0
    assert stored(tenant, stripe_event).status is EventStatus.PARKED


def test_our_payment_is_attached_and_its_parked_events_are_processed_at_once(tenant) -> None:
    opened = open_payment(tenant)
    intent = make_intent(tenant, orderNumber=opened.order_number, tenant=tenant.slug)
    stripe_event = refund_of(intent["id"])
    deliver(tenant, stripe_event)

    report = retry_and_look_up(tenant)

    order = load_order(tenant, opened.order_number)
    assert report.payments_decided == 1
    assert stored(tenant, stripe_event).status is EventStatus.PROCESSED
    assert order.status is OrderStatus.REFUNDED
    assert pending_messages(tenant, order.id) == ["order_confirmation", "order_refunded"]
    assert alerts_of(tenant) == []


def test_a_payment_that_was_attached_meanwhile_is_not_looked_up(tenant, monkeypatch) -> None:
    opened = open_payment(tenant)
    stripe_event = refund_of("pi_late")
    deliver(tenant, stripe_event)
    with later(minutes=2):
        process.process_events(tenant.id)
    with monkeypatch.context() as patched:
        # As if the process had been killed before it could unpark the events.
        patched.setattr(process.webhook_events, "unpark", lambda *_: False)
        succeeded = payment_intent(id="pi_late", status="succeeded", order_number=opened.order_number)
        deliver(tenant, event("payment_intent.succeeded", succeeded))
    monkeypatch.setattr(look_up_payments, "_look_up", lambda *_: pytest.fail("It was looked up."))
    with later(minutes=2):
        reconcile.reconcile(tenant.id)
        process.process_events(tenant.id)
    assert stored(tenant, stripe_event).status is EventStatus.PROCESSED


@pytest.mark.parametrize("fault", ["drop_before", "500_before", "429"])
def test_an_outage_of_stripe_leaves_the_event_parked(tenant, fault) -> None:
    stripe_event = refund_of(make_intent(tenant)["id"])
    deliver(tenant, stripe_event)
    stripe_sandbox.fail_next(tenant, fault, method="GET", path="/v1/payment_intents", times=100)
    report = retry_and_look_up(tenant)
    assert (report.stripe, report.failures) == (StripeAvailability.PARTIAL, 0)
    assert stored(tenant, stripe_event).status is EventStatus.PARKED

    stripe_sandbox.clear_faults(tenant)
    with later(minutes=3):
        reconcile.reconcile(tenant.id)
    assert stored(tenant, stripe_event).status is EventStatus.FOREIGN


def exhaust_attempts(brand: Brand) -> None:
    start, waited = datetime.now(UTC), timedelta()
    for pause in event_states.PARKED_FOR:
        waited += pause + timedelta(seconds=30)
        for _ in range(3):
            with time_machine.travel(start + waited):
                process.process_events(brand.id)
                reconcile.reconcile(brand.id)


def test_a_payment_of_another_amount_than_its_order_is_reviewed(tenant) -> None:
    opened = open_payment(tenant)
    intent = make_intent(tenant, amount=100, orderNumber=opened.order_number, tenant=tenant.slug)
    stripe_event = refund_of(intent["id"])
    deliver(tenant, stripe_event)

    exhaust_attempts(tenant)

    assert stored(tenant, stripe_event).status is EventStatus.PROCESSED
    assert "payment_mismatch" in alerts_of(tenant)
    assert len(load_order(tenant, opened.order_number).payments) == 2
    # Once for each attempt after the first, however often reconciliation runs in between.
    lookups = stripe_sandbox.requests_made(tenant, "GET", f"/v1/payment_intents/{intent['id']}")
    assert len(lookups) <= len(event_states.PARKED_FOR)


def test_a_payment_that_names_a_missing_order_fails_its_events_with_an_alert(tenant) -> None:
    stripe_event = refund_of(make_intent(tenant, orderNumber="GONE-0000000000", tenant=tenant.slug)["id"])
    deliver(tenant, stripe_event)
    exhaust_attempts(tenant)
    assert stored(tenant, stripe_event).status is EventStatus.FAILED
    assert alerts_of(tenant) == ["event_failed"]


def test_a_malformed_response_leaves_its_event_parked_and_stops_no_other_lookup(tenant, monkeypatch) -> None:
    malformed, foreign = refund_of("pi_amalformed"), refund_of("pi_foreign", id="re_2")
    deliver(tenant, malformed, foreign)

    def respond(_account, payment_intent_id):
        if payment_intent_id == "pi_foreign":
            raise stripe_client.StripeRefused("resource_missing", "No such payment_intent")
        return {"id": payment_intent_id, "object": "payment_intent"}

    monkeypatch.setattr(stripe_client, "get_payment_intent", respond)
    retry_and_look_up(tenant)
    assert stored(tenant, malformed).status is EventStatus.PARKED
    assert stored(tenant, foreign).status is EventStatus.FOREIGN


def test_a_refusal_for_another_reason_leaves_the_event_parked(tenant, monkeypatch) -> None:
    stripe_event = refund_of("pi_refused")
    deliver(tenant, stripe_event)

    def refuse(*_):
        raise stripe_client.StripeRefused("parameter_unknown", "no")

    monkeypatch.setattr(stripe_client, "get_payment_intent", refuse)
    assert retry_and_look_up(tenant).failures == 1
    assert stored(tenant, stripe_event).status is EventStatus.PARKED


@pytest.mark.parametrize("event_type", ["refund.created", "charge.dispute.created", "charge.refunded"])
def test_an_object_without_a_payment_intent_is_foreign_at_once(tenant, event_type) -> None:
    stripe_event = refund_of(None) | {"type": event_type}
    deliver(tenant, stripe_event)
    assert stored(tenant, stripe_event).status is EventStatus.FOREIGN
    assert alerts_of(tenant) == []
