"""Events are processed into facts on their orders, once each, whatever else is in the inbox."""

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
import time_machine
from sqlalchemy import select, text

from lumira.database import atomic, db
from lumira.domain.order_money import current_payment
from lumira.errors.webhooks import WebhookRejected
from lumira.models import AccessGrant, Alert, AlertKind, EventStatus, OrderStatus, WebhookEvent
from lumira.repositories.alerts import alerts
from lumira.webhooks import event_states, inbox, parsed_event, process
from tests.support.factories import Brand, count, figures, load_order, open_payment, pending_messages
from tests.support.stripe_events import declined, deliver, encode, event, payment_intent, receive, signature

pytestmark = pytest.mark.usefixtures("app_context")


def stored(brand: Brand, stripe_event_id: str) -> WebhookEvent:
    with atomic(brand.id):
        return db.session.execute(
            select(WebhookEvent).where(WebhookEvent.stripe_event_id == stripe_event_id)
        ).scalar_one()


def alerts_of(brand: Brand) -> list[str]:
    with atomic(brand.id):
        return sorted(db.session.execute(select(Alert.kind)).scalars())


def paid(intent_id: str, order_number: str | None = None, **fields):
    return event(
        "payment_intent.succeeded",
        payment_intent(
            id=intent_id, status="succeeded", order_number=order_number, latest_charge="ch_1", **fields
        ),
    )


def test_a_payment_that_succeeded_completes_the_order_and_grants_access(tenant) -> None:
    opened = open_payment(tenant)
    deliver(tenant, paid(opened.payment_intent_id))

    order = load_order(tenant, opened.order_number)
    assert order.status is OrderStatus.COMPLETED
    assert order.completed_at is not None
    assert [(grant.product_id, grant.active) for grant in order.grants] == [("mystique", True)]
    assert pending_messages(tenant, order.id) == ["order_confirmation"]


def test_a_duplicate_event_grants_access_once(tenant) -> None:
    opened = open_payment(tenant)
    succeeded = paid(opened.payment_intent_id)
    deliver(tenant, succeeded)
    deliver(tenant, succeeded)

    order = load_order(tenant, opened.order_number)
    assert count(tenant, WebhookEvent) == 1
    assert count(tenant, AccessGrant, order_id=order.id) == 1
    assert pending_messages(tenant, order.id) == ["order_confirmation"]


def test_two_distinct_events_for_one_payment_grant_access_once(tenant) -> None:
    opened = open_payment(tenant)
    deliver(tenant, paid(opened.payment_intent_id), paid(opened.payment_intent_id))

    order = load_order(tenant, opened.order_number)
    assert count(tenant, WebhookEvent, status=EventStatus.PROCESSED) == 2
    assert count(tenant, AccessGrant, order_id=order.id) == 1


def test_a_failure_that_arrives_after_the_success_changes_nothing(tenant) -> None:
    opened = open_payment(tenant)
    failed = event(
        "payment_intent.payment_failed",
        payment_intent(id=opened.payment_intent_id, last_payment_error=declined("ch_0")),
    )
    deliver(tenant, paid(opened.payment_intent_id))
    deliver(tenant, failed)

    assert load_order(tenant, opened.order_number).status is OrderStatus.COMPLETED


def test_a_success_after_a_failure_completes_the_order(tenant) -> None:
    opened = open_payment(tenant)
    failed = event(
        "payment_intent.payment_failed",
        payment_intent(id=opened.payment_intent_id, last_payment_error=declined("ch_0")),
    )
    deliver(tenant, failed)
    assert load_order(tenant, opened.order_number).status is OrderStatus.FAILED

    deliver(tenant, paid(opened.payment_intent_id))
    order = load_order(tenant, opened.order_number)
    assert order.status is OrderStatus.COMPLETED
    assert pending_messages(tenant, order.id) == ["order_confirmation", "payment_failed"]


def test_an_event_before_the_response_of_stripe_finds_its_order_by_number(tenant) -> None:
    opened = open_payment(tenant)
    deliver(tenant, paid("pi_unknown", opened.order_number))

    order = load_order(tenant, opened.order_number)
    assert order.status is OrderStatus.COMPLETED
    assert current_payment(order).stripe_payment_intent_id == "pi_unknown"


@pytest.mark.parametrize("change", [{"amount": 1}, {"currency": "usd"}])
def test_an_unpaid_intent_of_another_amount_than_the_order_it_names_is_parked(tenant, change) -> None:
    opened = open_payment(tenant)
    intent = payment_intent(id="pi_stranger", order_number=opened.order_number, status="processing", **change)
    stranger = event("payment_intent.processing", intent)
    deliver(tenant, stranger)

    order = load_order(tenant, opened.order_number)
    assert (order.status, len(order.payments)) == (OrderStatus.PENDING, 1)
    assert (stored(tenant, stranger["id"]).status, stored(tenant, stranger["id"]).reason) == (
        EventStatus.PARKED,
        "mismatch",
    )


@pytest.mark.parametrize(
    ("change", "reason"), [({"amount": 1}, "amount_mismatch"), ({"currency": "usd"}, "currency_mismatch")]
)
def test_a_success_of_another_amount_that_only_names_the_order_is_reviewed(tenant, change, reason) -> None:
    opened = open_payment(tenant)
    deliver(tenant, paid("pi_stranger", opened.order_number, **change))

    order = load_order(tenant, opened.order_number)
    assert (order.status, order.review_reason) == (OrderStatus.PROCESSING, reason)
    assert order.grants == []
    assert alerts_of(tenant) == ["payment_mismatch"]


def test_an_event_that_was_parked_for_its_amount_is_processed_once_its_payment_is_attached(tenant) -> None:
    opened = open_payment(tenant)
    charge = {"id": "ch_1", "object": "charge", "amount": 4000, "amount_refunded": 4000, "currency": "eur"}
    charge |= {"payment_intent": "pi_stranger", "metadata": {"orderNumber": opened.order_number}}
    deliver(tenant, event("charge.refunded", charge))
    assert count(tenant, WebhookEvent, status=EventStatus.PARKED) == 1
    deliver(tenant, paid("pi_stranger", opened.order_number, amount=4000))
    process.process_events(tenant.id)

    assert load_order(tenant, opened.order_number).status is OrderStatus.REFUNDED
    assert count(tenant, WebhookEvent, status=EventStatus.PARKED) == 0


@pytest.mark.parametrize(
    ("change", "reason"),
    [({"amount_received": 4600}, "amount_mismatch"), ({"currency": "usd"}, "currency_mismatch")],
)
def test_a_payment_of_another_amount_or_currency_is_reviewed_and_alerts(tenant, change, reason) -> None:
    opened = open_payment(tenant)
    deliver(tenant, paid(opened.payment_intent_id, **change))

    order = load_order(tenant, opened.order_number)
    assert (order.status, order.review_reason) == (OrderStatus.PROCESSING, reason)
    assert order.grants == []
    assert alerts_of(tenant) == ["payment_mismatch"]


def test_an_event_of_the_other_mode_changes_no_order_and_alerts(tenant) -> None:
    opened = open_payment(tenant)
    live = paid(opened.payment_intent_id) | {"livemode": True}
    deliver(tenant, live)

    assert load_order(tenant, opened.order_number).status is OrderStatus.PENDING
    assert (stored(tenant, live["id"]).status, stored(tenant, live["id"]).reason) == ("ignored", "other_mode")
    assert alerts_of(tenant) == ["other_mode"]


def test_an_event_of_another_account_changes_no_order_and_alerts(tenant) -> None:
    opened = open_payment(tenant)
    deliver(tenant, paid(opened.payment_intent_id) | {"account": "acct_other"})

    assert load_order(tenant, opened.order_number).status is OrderStatus.PENDING
    assert alerts_of(tenant) == ["other_account"]


def test_an_event_of_another_api_version_is_processed_and_alerts(tenant) -> None:
    opened = open_payment(tenant)
    deliver(tenant, paid(opened.payment_intent_id) | {"api_version": "2020-08-27"})

    assert load_order(tenant, opened.order_number).status is OrderStatus.COMPLETED
    assert alerts_of(tenant) == ["api_version"]


def test_a_failed_debit_releases_its_units_at_once_also_in_an_old_api_version(tenant) -> None:
    opened = open_payment(tenant, "shirt")
    assert figures(tenant, "shirt")[1] == 1
    intent = payment_intent(id=opened.payment_intent_id, amount=opened.amount, status="processing")
    # Before 2022-11-15 an intent lists its charges, the newest first.
    intent["charges"] = {"object": "list", "data": [{"id": "py_1", "object": "charge"}]}
    del intent["latest_charge"]
    failed = intent | {
        "status": "requires_payment_method",
        "last_payment_error": declined("py_1", payment_method="pm_1"),
    }
    old = {"api_version": "2022-08-01"}
    deliver(tenant, event("payment_intent.processing", intent | {"payment_method": "pm_1"}) | old)
    deliver(tenant, event("payment_intent.payment_failed", failed) | old)

    assert load_order(tenant, opened.order_number).status is OrderStatus.FAILED
    assert figures(tenant, "shirt") == (100, 0, 0)


def test_an_event_without_a_handler_is_stored_and_ignored(tenant) -> None:
    unknown = event("customer.created", {"id": "cus_1", "object": "customer"})
    deliver(tenant, unknown)
    assert (stored(tenant, unknown["id"]).status, stored(tenant, unknown["id"]).reason) == ("ignored", "type")


def test_an_event_that_names_another_tenants_order_changes_nothing(tenant, other_tenant) -> None:
    opened = open_payment(tenant)
    deliver(other_tenant, paid(opened.payment_intent_id, opened.order_number))

    assert load_order(tenant, opened.order_number).status is OrderStatus.PENDING
    assert count(other_tenant, WebhookEvent, status=EventStatus.PARKED) == 1


MALFORMED = [
    ("no data", lambda e: e.pop("data")),
    ("data is a list", lambda e: e.update(data=[])),
    ("no object", lambda e: e["data"].pop("object")),
    ("no id", lambda e: e["data"]["object"].pop("id")),
    ("an id of another kind", lambda e: e["data"]["object"].update(id="cus_1")),
    ("a number for an id", lambda e: e["data"]["object"].update(id=7)),
    ("no amount", lambda e: e["data"]["object"].pop("amount")),
    ("a negative amount", lambda e: e["data"]["object"].update(amount_received=-1)),
    ("a fractional amount", lambda e: e["data"]["object"].update(amount=47.5)),
    ("a true amount", lambda e: e["data"]["object"].update(amount_received=True)),
    ("an amount that is too large", lambda e: e["data"]["object"].update(amount_received=10**18)),
    ("no currency", lambda e: e["data"]["object"].pop("currency")),
    ("a status that is not succeeded", lambda e: e["data"]["object"].update(status="canceled")),
    ("an error that is a text", lambda e: e["data"]["object"].update(last_payment_error="no")),
    ("a charge that is a number", lambda e: e["data"]["object"].update(latest_charge=3)),
    ("NUL in the charge", lambda e: e["data"]["object"].update(latest_charge="ch_\x00")),
    ("a lone surrogate", lambda e: e["data"]["object"].update(latest_charge="ch_\ud800")),
    ("no mode", lambda e: e.pop("livemode")),
]


@pytest.mark.parametrize(("case", "spoil"), MALFORMED, ids=[case for case, _ in MALFORMED])
def test_a_malformed_event_fails_and_affects_no_other_event(tenant, case, spoil) -> None:
    opened, other = open_payment(tenant), open_payment(tenant)
    malformed = json.loads(json.dumps(paid(opened.payment_intent_id)))
    spoil(malformed)
    deliver(tenant, malformed, paid(other.payment_intent_id))

    assert (stored(tenant, malformed["id"]).status, stored(tenant, malformed["id"]).reason) == (
        "failed",
        "malformed",
    )
    assert load_order(tenant, opened.order_number).status is OrderStatus.PENDING
    assert load_order(tenant, other.order_number).status is OrderStatus.COMPLETED
    assert alerts_of(tenant) == ["event_failed"]


def test_an_event_without_an_order_is_parked_and_fails_with_an_alert(tenant) -> None:
    stranger = paid("pi_withoutorder", "GONE-0000000000")
    start = datetime.now(UTC)
    deliver(tenant, stranger)
    waited = timedelta()
    for pause in event_states.PARKED_FOR:
        assert stored(tenant, stranger["id"]).status is EventStatus.PARKED
        waited += pause + timedelta(seconds=30)
        with time_machine.travel(start + waited):
            process.process_events(tenant.id)
    assert (stored(tenant, stranger["id"]).status, stored(tenant, stranger["id"]).reason) == (
        "failed",
        "order_unknown",
    )
    assert alerts_of(tenant) == ["event_failed"]


def test_an_event_whose_handler_fails_is_retried_and_affects_no_other_event(tenant, monkeypatch) -> None:
    opened, other = open_payment(tenant), open_payment(tenant)
    failing, healthy = paid(opened.payment_intent_id), paid(other.payment_intent_id)

    def fail(order, event_object) -> None:
        if event_object.object["id"] == opened.payment_intent_id:
            raise ZeroDivisionError
        handle(order, event_object)

    handle = parsed_event.find_handler("payment_intent.succeeded")
    with monkeypatch.context() as patched:
        patched.setattr(parsed_event, "find_handler", lambda _type: fail)
        deliver(tenant, failing, healthy)

    assert load_order(tenant, other.order_number).status is OrderStatus.COMPLETED
    retried = stored(tenant, failing["id"])
    assert (retried.status, retried.attempts) == (EventStatus.RECEIVED, 1)
    assert "ZeroDivisionError" in retried.last_error

    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=1)):
        process.process_events(tenant.id)
    assert load_order(tenant, opened.order_number).status is OrderStatus.COMPLETED


def test_an_event_that_keeps_failing_fails_with_an_alert(tenant, monkeypatch) -> None:
    opened = open_payment(tenant)
    failing = paid(opened.payment_intent_id)

    def fail(order, event_object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(parsed_event, "find_handler", lambda _type: fail)
    start = datetime.now(UTC)
    receive(tenant, failing)
    for hour in range(1, event_states.MAXIMUM_ATTEMPTS + 1):
        with time_machine.travel(start + timedelta(hours=hour)):
            process.process_events(tenant.id)

    assert (stored(tenant, failing["id"]).status, stored(tenant, failing["id"]).reason) == ("failed", "error")
    assert alerts_of(tenant) == ["event_failed"]


def test_client_secrets_are_not_stored_with_the_event(tenant) -> None:
    opened = open_payment(tenant)
    succeeded = paid(opened.payment_intent_id)
    secret = succeeded["data"]["object"]["client_secret"]
    deliver(tenant, succeeded)

    payload = json.dumps(stored(tenant, succeeded["id"]).payload)
    assert secret not in payload
    assert "_secret_redacted" in payload


def test_a_refund_of_a_payment_without_a_card_counts(tenant) -> None:
    opened = open_payment(tenant)
    charge = {
        "id": "py_debit",
        "object": "charge",
        "amount": 4700,
        "amount_captured": 4700,
        "amount_refunded": 4700,
        "currency": "eur",
        "payment_intent": opened.payment_intent_id,
    }
    deliver(tenant, paid(opened.payment_intent_id), event("charge.refunded", charge))
    assert load_order(tenant, opened.order_number).status is OrderStatus.REFUNDED


def test_a_refund_does_not_find_an_order_by_its_own_metadata(tenant) -> None:
    opened = open_payment(tenant)
    refund = {
        "id": "re_stranger",
        "object": "refund",
        "amount": 4700,
        "currency": "eur",
        "charge": "ch_stranger",
        "payment_intent": "pi_stranger",
        "status": "succeeded",
        "metadata": {"orderNumber": opened.order_number},
    }
    created = event("refund.created", refund)
    without_payment = event("refund.created", refund | {"payment_intent": None})
    deliver(tenant, paid(opened.payment_intent_id), created, without_payment)

    order = load_order(tenant, opened.order_number)
    assert (order.status, order.refunds) == (OrderStatus.COMPLETED, [])
    assert stored(tenant, created["id"]).status is EventStatus.PARKED
    assert stored(tenant, without_payment["id"]).status is EventStatus.FOREIGN


def test_a_resolved_alert_is_raised_again(tenant) -> None:
    for _ in range(2):
        with atomic(tenant.id):
            alerts.raise_alert(tenant.id, kind=AlertKind.STRIPE_UNAVAILABLE, subject="stripe")
            alerts.raise_alert(tenant.id, kind=AlertKind.STRIPE_UNAVAILABLE, subject="stripe")
        with atomic(tenant.id):
            [alert] = db.session.execute(select(Alert)).scalars()
            assert alert.resolved_at is None
            alerts.resolve(tenant.id, kind=AlertKind.STRIPE_UNAVAILABLE, subject="stripe")
            db.session.refresh(alert)
            assert alert.resolved_at is not None


def test_the_team_is_alerted_of_an_inquiry_and_again_when_it_becomes_a_dispute(tenant) -> None:
    opened = open_payment(tenant)
    dispute = {
        "id": "du_1",
        "object": "dispute",
        "amount": 4700,
        "balance_transactions": [],
        "charge": "ch_1",
        "currency": "eur",
        "payment_intent": opened.payment_intent_id,
        "reason": "fraudulent",
        "status": "warning_needs_response",
    }
    escalated = event("charge.dispute.updated", dispute | {"status": "needs_response"})
    deliver(tenant, paid(opened.payment_intent_id), escalated, event("charge.dispute.created", dispute))

    order = load_order(tenant, opened.order_number)
    subjects = sorted(message.subject for message in order.messages if message.kind == "dispute_alert")
    assert subjects == ["du_1", "inquiry:du_1"]
    assert order.status is OrderStatus.DISPUTED


def nested(depth: int) -> dict[str, object]:
    value: object = "bottom"
    for _ in range(depth):
        value = [value]
    return event("customer.updated", {"id": "cus_1", "object": "customer", "deep": value})


@pytest.mark.parametrize("depth", [64, 500, 900])
def test_an_event_that_is_nested_too_deeply_is_rejected(tenant, depth) -> None:
    with pytest.raises(WebhookRejected):
        receive(tenant, nested(depth))
    assert count(tenant, WebhookEvent) == 0


def test_an_event_with_an_infinite_number_is_rejected(tenant) -> None:
    body = encode(event("customer.updated", {"id": "cus_1"})).replace(b'"cus_1"', b"1e999")
    with pytest.raises(WebhookRejected):
        inbox.receive(tenant.id, body=body, signature=signature(body, tenant.webhook_secret))


def test_a_row_that_cannot_be_loaded_affects_no_other_event(tenant) -> None:
    opened = open_payment(tenant)
    unreadable, healthy = nested(1), paid(opened.payment_intent_id)
    receive(tenant, unreadable)
    receive(tenant, healthy)
    with atomic(tenant.id):
        db.session.execute(
            text(
                "UPDATE webhook_events SET payload = CAST(:deep AS json), compressed_payload = NULL "
                "WHERE stripe_event_id = :id"
            ),
            {"deep": "[" * 3000 + "]" * 3000, "id": unreadable["id"]},
        )
    process.process_events(tenant.id)

    assert load_order(tenant, opened.order_number).status is OrderStatus.COMPLETED
    with atomic(tenant.id):
        attempts = select(WebhookEvent.attempts).where(WebhookEvent.stripe_event_id == unreadable["id"])
        assert db.session.execute(attempts).scalar_one() == 1
        # Tests of privacy read every row of the database, and PostgreSQL cannot convert this one either.
        db.session.execute(
            text("UPDATE webhook_events SET payload = '{}' WHERE stripe_event_id = :id"),
            {"id": unreadable["id"]},
        )


def test_a_backlog_is_known_until_it_is_processed(tenant: Brand, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(process.BATCH + 1):
        receive(tenant, event("customer.created", {"id": f"cus_{number}", "object": "customer"}))
    known = []
    in_batches = process.process_batch

    def noting(tenant_id: int) -> int:
        known.append(process.has_backlog())
        return in_batches(tenant_id)

    monkeypatch.setattr(process, "process_batch", noting)
    assert process.process_events(tenant.id) == process.BATCH + 1
    assert (known, process.has_backlog()) == ([False, True], False)


def test_a_backlog_goes_on_after_the_turn_of_another_tenant(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_000.0
    monkeypatch.setattr(process, "time", SimpleNamespace(monotonic=lambda: now))
    backlog = process._Backlog()
    seconds = []
    # One turn after another, and one long after.
    for begins in (1_000.0, 1_006.0, 1_100.0):
        now = begins
        with backlog.begun():
            now += 5
            seconds.append(backlog.seconds)
    assert (seconds, backlog.seconds) == ([5.0, 11.0, 5.0], None)
