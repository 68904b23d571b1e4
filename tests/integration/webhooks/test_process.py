"""Events become facts on their orders, once each, whatever else is in the inbox."""

import json
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select, text

from lumira.database import atomic, db
from lumira.domain.order_money import current_payment
from lumira.errors import WebhookRejected
from lumira.models import AccessGrant, Alert, AlertKind, EventStatus, OrderStatus, WebhookEvent
from lumira.repositories import alerts
from lumira.webhooks import event_states, inbox, parsed_event, process
from tests.support.factories import Brand, count, load_order, open_payment, pending_messages
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


def test_same_event_delivered_twice_grants_access_once(tenant) -> None:
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


def test_an_event_that_is_faster_than_our_own_reply_finds_its_order_by_number(tenant) -> None:
    opened = open_payment(tenant)
    deliver(tenant, paid("pi_unheardof", opened.order_number))

    order = load_order(tenant, opened.order_number)
    assert order.status is OrderStatus.COMPLETED
    assert current_payment(order).stripe_payment_intent_id == "pi_unheardof"


@pytest.mark.parametrize("change", [{"amount": 1}, {"currency": "usd"}])
def test_an_unknown_intent_that_names_an_order_and_asks_for_something_else_is_not_adopted(
    tenant, change
) -> None:
    opened = open_payment(tenant)
    stranger = paid("pi_stranger", opened.order_number, **change)
    deliver(tenant, stranger)

    assert load_order(tenant, opened.order_number).status is OrderStatus.PENDING
    assert stored(tenant, stranger["id"]).status is EventStatus.PARKED


@pytest.mark.parametrize(
    ("change", "reason"),
    [({"amount_received": 4600}, "amount_mismatch"), ({"currency": "usd"}, "currency_mismatch")],
)
def test_money_other_than_asked_for_is_reviewed_and_alerts(tenant, change, reason) -> None:
    opened = open_payment(tenant)
    deliver(tenant, paid(opened.payment_intent_id, **change))

    order = load_order(tenant, opened.order_number)
    assert (order.status, order.review_reason) == (OrderStatus.PROCESSING, reason)
    assert order.grants == []
    assert alerts_of(tenant) == ["payment_mismatch"]


def test_an_event_of_the_other_mode_touches_no_order_and_alerts(tenant) -> None:
    opened = open_payment(tenant)
    live = paid(opened.payment_intent_id) | {"livemode": True}
    deliver(tenant, live)

    assert load_order(tenant, opened.order_number).status is OrderStatus.PENDING
    assert (stored(tenant, live["id"]).status, stored(tenant, live["id"]).reason) == ("ignored", "other_mode")
    assert alerts_of(tenant) == ["other_mode"]


def test_an_event_of_another_account_touches_no_order_and_alerts(tenant) -> None:
    opened = open_payment(tenant)
    deliver(tenant, paid(opened.payment_intent_id) | {"account": "acct_other"})

    assert load_order(tenant, opened.order_number).status is OrderStatus.PENDING
    assert alerts_of(tenant) == ["other_account"]


def test_an_event_of_another_api_version_is_processed_and_alerts(tenant) -> None:
    opened = open_payment(tenant)
    deliver(tenant, paid(opened.payment_intent_id) | {"api_version": "2020-08-27"})

    assert load_order(tenant, opened.order_number).status is OrderStatus.COMPLETED
    assert alerts_of(tenant) == ["api_version"]


def test_a_type_that_does_not_act_is_kept_and_ignored(tenant) -> None:
    unknown = event("customer.created", {"id": "cus_1", "object": "customer"})
    deliver(tenant, unknown)
    assert (stored(tenant, unknown["id"]).status, stored(tenant, unknown["id"]).reason) == ("ignored", "type")


def test_an_event_names_another_tenants_order_in_vain(tenant, other_tenant) -> None:
    opened = open_payment(tenant)
    deliver(other_tenant, paid(opened.payment_intent_id, opened.order_number))

    assert load_order(tenant, opened.order_number).status is OrderStatus.PENDING
    assert count(other_tenant, WebhookEvent, status=EventStatus.PARKED) == 1


NONSENSE = [
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
    ("an amount beyond reason", lambda e: e["data"]["object"].update(amount_received=10**18)),
    ("no currency", lambda e: e["data"]["object"].pop("currency")),
    ("a status that is not success", lambda e: e["data"]["object"].update(status="canceled")),
    ("an error that is a text", lambda e: e["data"]["object"].update(last_payment_error="no")),
    ("a charge that is a number", lambda e: e["data"]["object"].update(latest_charge=3)),
    ("NUL in the charge", lambda e: e["data"]["object"].update(latest_charge="ch_\x00")),
    ("half a character", lambda e: e["data"]["object"].update(latest_charge="ch_\ud800")),
    ("no mode", lambda e: e.pop("livemode")),
]


@pytest.mark.parametrize(("story", "spoil"), NONSENSE, ids=[story for story, _ in NONSENSE])
def test_signed_nonsense_is_kept_as_failed_and_harms_nothing_else(tenant, story, spoil) -> None:
    opened, other = open_payment(tenant), open_payment(tenant)
    nonsense = json.loads(json.dumps(paid(opened.payment_intent_id)))
    spoil(nonsense)
    deliver(tenant, nonsense, paid(other.payment_intent_id))

    assert (stored(tenant, nonsense["id"]).status, stored(tenant, nonsense["id"]).reason) == (
        "failed",
        "malformed",
    )
    assert load_order(tenant, opened.order_number).status is OrderStatus.PENDING
    assert load_order(tenant, other.order_number).status is OrderStatus.COMPLETED
    assert alerts_of(tenant) == ["event_failed"]


def test_an_event_without_its_order_waits_and_ends_as_an_alert(tenant) -> None:
    stranger = paid("pi_nobody")
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


def test_an_event_that_a_handler_stumbles_over_is_tried_again_and_harms_no_other(tenant, monkeypatch) -> None:
    opened, other = open_payment(tenant), open_payment(tenant)
    poison, healthy = paid(opened.payment_intent_id), paid(other.payment_intent_id)

    def stumble(order, told) -> None:
        if told.object["id"] == opened.payment_intent_id:
            raise ZeroDivisionError
        sound(order, told)

    sound = parsed_event.find_handler("payment_intent.succeeded")
    with monkeypatch.context() as patched:
        patched.setattr(parsed_event, "find_handler", lambda _type: stumble)
        deliver(tenant, poison, healthy)

    assert load_order(tenant, other.order_number).status is OrderStatus.COMPLETED
    kept = stored(tenant, poison["id"])
    assert (kept.status, kept.attempts) == (EventStatus.RECEIVED, 1)
    assert "ZeroDivisionError" in kept.last_error

    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=1)):
        process.process_events(tenant.id)
    assert load_order(tenant, opened.order_number).status is OrderStatus.COMPLETED


def test_an_event_that_never_succeeds_ends_failed_with_an_alert(tenant, monkeypatch) -> None:
    opened = open_payment(tenant)
    poison = paid(opened.payment_intent_id)

    def stumble(order, told) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(parsed_event, "find_handler", lambda _type: stumble)
    start = datetime.now(UTC)
    receive(tenant, poison)
    for hour in range(1, event_states.MAXIMUM_ATTEMPTS + 1):
        with time_machine.travel(start + timedelta(hours=hour)):
            process.process_events(tenant.id)

    assert (stored(tenant, poison["id"]).status, stored(tenant, poison["id"]).reason) == ("failed", "error")
    assert alerts_of(tenant) == ["event_failed"]


def test_client_secrets_are_not_kept_with_the_event(tenant) -> None:
    opened = open_payment(tenant)
    succeeded = paid(opened.payment_intent_id)
    secret = succeeded["data"]["object"]["client_secret"]
    deliver(tenant, succeeded)

    kept = json.dumps(stored(tenant, succeeded["id"]).payload)
    assert secret not in kept
    assert "_secret_redacted" in kept


def test_a_refund_of_a_payment_that_was_not_made_by_card_counts(tenant) -> None:
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


def test_a_refund_that_names_an_order_in_its_own_metadata_is_not_believed(tenant) -> None:
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
    told = event("refund.created", refund)
    nowhere = event("refund.created", refund | {"payment_intent": None})
    deliver(tenant, paid(opened.payment_intent_id), told, nowhere)

    order = load_order(tenant, opened.order_number)
    assert (order.status, order.refunds) == (OrderStatus.COMPLETED, [])
    assert stored(tenant, told["id"]).status is EventStatus.PARKED
    assert stored(tenant, nowhere["id"]).status is EventStatus.FOREIGN


def test_an_alert_that_was_resolved_is_raised_anew(tenant) -> None:
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


def test_the_team_is_told_of_a_banks_question_and_again_when_it_becomes_a_dispute(tenant) -> None:
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
    owed = sorted(message.subject for message in order.messages if message.kind == "dispute_alert")
    assert owed == ["du_1", "inquiry:du_1"]
    assert order.status is OrderStatus.DISPUTED


def nested(depth: int) -> dict[str, object]:
    value: object = "bottom"
    for _ in range(depth):
        value = [value]
    return event("customer.updated", {"id": "cus_1", "object": "customer", "deep": value})


@pytest.mark.parametrize("depth", [64, 500, 900])
def test_an_event_that_somebody_else_might_not_be_able_to_read_is_not_taken(tenant, depth) -> None:
    with pytest.raises(WebhookRejected):
        receive(tenant, nested(depth))
    assert count(tenant, WebhookEvent) == 0


def test_a_number_that_is_none_is_not_taken(tenant) -> None:
    body = encode(event("customer.updated", {"id": "cus_1"})).replace(b'"cus_1"', b"1e999")
    with pytest.raises(WebhookRejected):
        inbox.receive(tenant.id, body=body, signature=signature(body, tenant.webhook_secret))


def test_a_row_that_cannot_be_read_harms_no_other(tenant) -> None:
    opened = open_payment(tenant)
    unreadable, healthy = nested(1), paid(opened.payment_intent_id)
    receive(tenant, unreadable)
    receive(tenant, healthy)
    with atomic(tenant.id):
        db.session.execute(
            text("UPDATE webhook_events SET payload = CAST(:deep AS json) WHERE stripe_event_id = :id"),
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
