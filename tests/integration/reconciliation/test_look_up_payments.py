"""An event whose payment is unknown is asked about at Stripe before anything is decided about it."""

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
from lumira.reconciliation.report import Answered, Findings
from lumira.webhooks import process
from tests.support import stripe_sandbox
from tests.support.factories import Brand, load_order, open_payment, pending_messages
from tests.support.stripe_events import deliver, event, payment_intent

pytestmark = pytest.mark.usefixtures("app_context")


@pytest.fixture(autouse=True)
def no_events(monkeypatch: pytest.MonkeyPatch) -> None:
    """Events come by webhook alone here."""
    monkeypatch.setattr(stripe_client, "list_events", lambda *_, **__: iter(()))
    monkeypatch.setattr(stripe_client, "RATE_LIMIT_PAUSE", 0)


@contextmanager
def later(**passed: float) -> Iterator[None]:
    with time_machine.travel(datetime.now(UTC) + timedelta(**passed)):
        yield


def stored(brand: Brand, told: dict[str, Any]) -> WebhookEvent:
    with atomic(brand.id):
        return db.session.execute(
            select(WebhookEvent).where(WebhookEvent.stripe_event_id == told["id"])
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
    """A payment made at Stripe by somebody, perhaps by us."""
    sent = {
        "amount": amount,
        "currency": "eur",
        "payment_method": "pm_card_visa",
        "return_url": "https://shop.example/done",
        "confirm": "true",
    }
    named = {f"metadata[{name}]": value for name, value in metadata.items()}
    return stripe_sandbox._ask(brand, "POST", "/v1/payment_intents", data=sent | named)


def wait_and_enquire(brand: Brand, *, minutes: float = 2) -> Findings:
    """Let the event be tried once more, then ask, then let workers go on."""
    with later(minutes=minutes):
        process.process_events(brand.id)
        findings = reconcile.reconcile(brand.id)
        process.process_events(brand.id)
        return findings


def test_a_payment_that_stripe_says_is_not_ours_is_foreign_without_an_alert(tenant) -> None:
    told = refund_of(make_intent(tenant)["id"])
    deliver(tenant, told)
    assert stored(tenant, told).status is EventStatus.PARKED

    findings = wait_and_enquire(tenant)

    assert (stored(tenant, told).status, stored(tenant, told).reason) == ("foreign", "foreign")
    assert (findings.payments_decided, alerts_of(tenant)) == (1, [])


def test_a_payment_that_stripe_does_not_know_is_foreign(tenant) -> None:
    told = refund_of("pi_unknowntostripe")
    deliver(tenant, told)
    wait_and_enquire(tenant)
    assert stored(tenant, told).status is EventStatus.FOREIGN


def test_a_payment_of_another_brand_with_the_same_stripe_account_is_foreign(tenant) -> None:
    told = refund_of(make_intent(tenant, orderNumber="OTHER-1", tenant="another-brand")["id"])
    deliver(tenant, told)
    wait_and_enquire(tenant)
    assert stored(tenant, told).status is EventStatus.FOREIGN
    assert alerts_of(tenant) == []


def test_stripe_is_not_asked_before_the_event_was_tried_a_second_time(tenant) -> None:
    told = refund_of("pi_unknowntostripe")
    deliver(tenant, told)
    assert reconcile.reconcile(tenant.id).payments_decided == 0
    assert stored(tenant, told).status is EventStatus.PARKED


def test_a_payment_of_ours_is_adopted_and_what_waited_for_it_is_handled_at_once(tenant) -> None:
    opened = open_payment(tenant)
    intent = make_intent(tenant, orderNumber=opened.order_number, tenant=tenant.slug)
    told = refund_of(intent["id"])
    deliver(tenant, told)

    findings = wait_and_enquire(tenant)

    order = load_order(tenant, opened.order_number)
    assert findings.payments_decided == 1
    assert stored(tenant, told).status is EventStatus.PROCESSED
    assert order.status is OrderStatus.REFUNDED
    assert pending_messages(tenant, order.id) == ["order_confirmation", "order_refunded"]
    assert alerts_of(tenant) == []


def test_a_payment_that_became_known_meanwhile_is_not_asked_about(tenant, monkeypatch) -> None:
    opened = open_payment(tenant)
    told = refund_of("pi_late")
    deliver(tenant, told)
    with later(minutes=2):
        process.process_events(tenant.id)
    with monkeypatch.context() as patched:
        # As if the process had died before it could wake what waits.
        patched.setattr(process.rows, "unpark", lambda *_: False)
        succeeded = payment_intent(id="pi_late", status="succeeded", order_number=opened.order_number)
        deliver(tenant, event("payment_intent.succeeded", succeeded))
    monkeypatch.setattr(look_up_payments, "_decide", lambda *_: pytest.fail("It was asked about."))
    with later(minutes=2):
        reconcile.reconcile(tenant.id)
        process.process_events(tenant.id)
    assert stored(tenant, told).status is EventStatus.PROCESSED


@pytest.mark.parametrize("fault", ["drop_before", "500_before", "429"])
def test_stripe_being_down_decides_nothing(tenant, fault) -> None:
    told = refund_of(make_intent(tenant)["id"])
    deliver(tenant, told)
    stripe_sandbox.fail_next(tenant, fault, method="GET", path="/v1/payment_intents", times=100)
    findings = wait_and_enquire(tenant)
    assert (findings.stripe, findings.failures) == (Answered.PARTLY, 0)
    assert stored(tenant, told).status is EventStatus.PARKED

    stripe_sandbox.heal(tenant)
    with later(minutes=3):
        reconcile.reconcile(tenant.id)
    assert stored(tenant, told).status is EventStatus.FOREIGN


def wait_in_vain(brand: Brand) -> None:
    start, waited = datetime.now(UTC), timedelta()
    for pause in process.PARKED_FOR:
        waited += pause + timedelta(seconds=1)
        for _ in range(3):
            with time_machine.travel(start + waited):
                process.process_events(brand.id)
                reconcile.reconcile(brand.id)


def test_a_payment_that_names_our_order_and_another_amount_alerts_in_the_end(tenant) -> None:
    opened = open_payment(tenant)
    intent = make_intent(tenant, amount=100, orderNumber=opened.order_number, tenant=tenant.slug)
    told = refund_of(intent["id"])
    deliver(tenant, told)

    wait_in_vain(tenant)

    assert stored(tenant, told).status is EventStatus.FAILED
    assert alerts_of(tenant) == ["event_failed"]
    assert len(load_order(tenant, opened.order_number).payments) == 1
    # Once for each try after the first, however often reconciliation runs in between.
    asked = stripe_sandbox.requests_made(tenant, "GET", f"/v1/payment_intents/{intent['id']}")
    assert len(asked) <= len(process.PARKED_FOR)


def test_a_payment_that_names_an_order_which_is_missing_alerts_in_the_end(tenant) -> None:
    told = refund_of(make_intent(tenant, orderNumber="GONE-1", tenant=tenant.slug)["id"])
    deliver(tenant, told)
    wait_in_vain(tenant)
    assert stored(tenant, told).status is EventStatus.FAILED
    assert alerts_of(tenant) == ["event_failed"]


def test_a_reply_that_makes_no_sense_decides_nothing_and_stops_no_other(tenant, monkeypatch) -> None:
    strange, foreign = refund_of("pi_astrange"), refund_of("pi_foreign", id="re_2")
    deliver(tenant, strange, foreign)

    def answer(_account, payment_intent_id):
        if payment_intent_id == "pi_foreign":
            raise stripe_client.StripeRefused("resource_missing", "No such payment_intent")
        return {"id": payment_intent_id, "object": "payment_intent"}

    monkeypatch.setattr(stripe_client, "get_payment_intent", answer)
    wait_and_enquire(tenant)
    assert stored(tenant, strange).status is EventStatus.PARKED
    assert stored(tenant, foreign).status is EventStatus.FOREIGN


def test_a_refusal_that_says_nothing_of_the_payment_decides_nothing(tenant, monkeypatch) -> None:
    told = refund_of("pi_refused")
    deliver(tenant, told)

    def refuse(*_):
        raise stripe_client.StripeRefused("parameter_unknown", "no")

    monkeypatch.setattr(stripe_client, "get_payment_intent", refuse)
    assert wait_and_enquire(tenant).failures == 1
    assert stored(tenant, told).status is EventStatus.PARKED


@pytest.mark.parametrize("event_type", ["refund.created", "charge.dispute.created", "charge.refunded"])
def test_an_object_without_a_payment_intent_is_foreign_at_once(tenant, event_type) -> None:
    told = refund_of(None) | {"type": event_type}
    deliver(tenant, told)
    assert stored(tenant, told).status is EventStatus.FOREIGN
    assert alerts_of(tenant) == []
