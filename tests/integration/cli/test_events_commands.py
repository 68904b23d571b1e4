"""Stripe's events are listed, shown and replayed by an operator."""

import json

import pytest
from sqlalchemy import select, text

from lumira.database import atomic, db
from lumira.models import AccessGrant, AuditEntry, EventStatus, OrderStatus, WebhookEvent
from lumira.webhooks import event_states, parsed_event, process
from tests.support.factories import count, load_order, open_payment
from tests.support.stripe_events import deliver, event, payment_intent

pytestmark = pytest.mark.usefixtures("app_context")


def paid(opened, **fields):
    intent = payment_intent(id=opened.payment_intent_id, status="succeeded", latest_charge="ch_1", **fields)
    return event("payment_intent.succeeded", intent)


def parked():
    """Return an event that names an order of the tenant that does not exist."""
    intent = payment_intent(id="pi_unknown", status="canceled", order_number="GONE-0000000000")
    return event("payment_intent.canceled", intent)


def fail(brand, monkeypatch, stripe_event) -> None:
    """Let our code stumble over an event until it is given up."""

    def stumble(order, stripe_event) -> None:
        raise ZeroDivisionError("a bug of ours")

    with monkeypatch.context() as patched:
        patched.setattr(parsed_event, "find_handler", lambda _type: stumble)
        patched.setattr(event_states, "MAXIMUM_ATTEMPTS", 1)
        deliver(brand, stripe_event)


def stored(brand, stripe_event) -> WebhookEvent:
    with atomic(brand.id):
        return db.session.execute(
            select(WebhookEvent).where(WebhookEvent.stripe_event_id == stripe_event["id"])
        ).scalar_one()


def queued_processing(brand) -> int:
    query = "SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo' AND queueing_lock = :lock"
    with atomic(None):
        return db.session.execute(text(query), {"lock": f"process_events:{brand.id}"}).scalar_one()


def forget_wakeups() -> None:
    with atomic(None):
        db.session.execute(text("DELETE FROM procrastinate_jobs"))


def audited(brand) -> list[str]:
    with atomic(brand.id):
        return list(
            db.session.execute(
                select(AuditEntry.subject)
                .where(AuditEntry.action == "event_replayed")
                .order_by(AuditEntry.id)
            ).scalars()
        )


def test_events_are_listed_newest_first_over_all_tenants_or_of_one(run_flask, tenant, other_tenant):
    old, new = paid(open_payment(tenant)), parked()
    deliver(tenant, old)
    deliver(other_tenant, new)

    everybody = run_flask("events", "list", "--limit", 10_000).stdout
    assert everybody.splitlines()[0].split() == [
        "EVENT", "TENANT", "TYPE", "STATUS", "REASON", "ATTEMPTS", "RECEIVED",
    ]  # fmt: skip
    assert everybody.index(new["id"]) < everybody.index(old["id"])
    assert len(run_flask("events", "list", "--limit", 1).stdout.splitlines()) == 2

    only = run_flask("events", "list", "--tenant", tenant.slug).stdout
    assert old["id"] in only
    assert new["id"] not in only
    assert "processed" in only


def test_a_list_is_narrowed_by_status_and_type(run_flask, tenant):
    handled, waiting = paid(open_payment(tenant)), parked()
    deliver(tenant, handled, waiting)

    by_status = run_flask("events", "list", "--tenant", tenant.slug, "--status", "parked").stdout
    assert waiting["id"] in by_status
    assert "order_unknown" in by_status
    assert handled["id"] not in by_status
    by_type = run_flask(
        "events", "list", "--tenant", tenant.slug, "--type", "payment_intent.succeeded"
    ).stdout
    assert handled["id"] in by_type
    assert waiting["id"] not in by_type


@pytest.mark.parametrize(
    "arguments", [("--status", "lost"), ("--limit", "0"), ("--limit", "x")], ids=["status", "zero", "text"]
)
def test_invalid_options_of_a_list_are_a_usage_error(run_flask, arguments):
    run_flask("events", "list", *arguments, code=2)


def test_an_unknown_tenant_is_one_line(run_flask):
    assert "There is no tenant unknown" in run_flask("events", "list", "--tenant", "unknown", code=1).stderr


def test_an_event_is_shown_by_either_id_without_its_client_secret(run_flask, tenant):
    opened = open_payment(tenant)
    stripe_event = paid(opened)
    deliver(tenant, stripe_event)

    account = run_flask("events", "show", stripe_event["id"]).stdout

    assert f"{stripe_event['id']}  payment_intent.succeeded  processed" in account
    assert f"order     {opened.order_number}" in account
    assert f"tenant    {tenant.slug}" in account
    assert stripe_event["data"]["object"]["client_secret"] not in account
    payload = json.loads(account.partition("payload (without client secrets)\n")[2])
    assert payload["data"]["object"]["id"] == opened.payment_intent_id
    assert run_flask("events", "show", stored(tenant, stripe_event).id).stdout == account


def test_the_error_of_a_failed_event_is_shown_in_full(run_flask, tenant, monkeypatch):
    stripe_event = paid(open_payment(tenant))
    fail(tenant, monkeypatch, stripe_event)

    account = run_flask("events", "show", stripe_event["id"]).stdout

    assert "Traceback (most recent call last)" in account
    assert "ZeroDivisionError: a bug of ours" in account


def test_an_event_of_two_tenants_requires_the_tenant(run_flask, tenant, other_tenant):
    stripe_event = parked()
    deliver(tenant, stripe_event)
    deliver(other_tenant, stripe_event)

    refusal = run_flask("events", "show", stripe_event["id"], code=1).stderr
    assert f"{tenant.slug}, {other_tenant.slug}" in refusal
    assert tenant.slug in run_flask("events", "show", stripe_event["id"], "--tenant", tenant.slug).stdout


def test_an_unknown_event_is_one_line(run_flask):
    for command in ("show", "replay"):
        assert "There is no event evt_none." in run_flask("events", command, "evt_none", code=1).stderr


def test_a_replayed_event_is_due_at_once_and_schedules_processing(run_flask, tenant):
    stripe_event = parked()
    deliver(tenant, stripe_event)
    forget_wakeups()

    assert run_flask("events", "replay", stripe_event["id"]).stdout == "1 event due now.\n"

    event_row = stored(tenant, stripe_event)
    assert (event_row.status, event_row.attempts) == (EventStatus.RECEIVED, 0)
    assert queued_processing(tenant) == 1
    assert audited(tenant) == [f"event:{event_row.id}"]


def test_replaying_a_processed_event_grants_nothing_twice(run_flask, tenant):
    opened = open_payment(tenant)
    stripe_event = paid(opened)
    deliver(tenant, stripe_event)

    for _ in range(2):
        run_flask("events", "replay", stripe_event["id"])
        process.process_events(tenant.id)

    order = load_order(tenant, opened.order_number)
    assert order.status is OrderStatus.COMPLETED
    assert count(tenant, AccessGrant) == 1
    assert len(order.messages) == 1
    assert stored(tenant, stripe_event).status is EventStatus.PROCESSED


def test_all_failed_events_are_replayed_and_their_orders_fulfilled(
    run_flask, tenant, other_tenant, monkeypatch
):
    opened, others = open_payment(tenant), open_payment(other_tenant)
    fail(tenant, monkeypatch, paid(opened))
    fail(other_tenant, monkeypatch, paid(others))

    assert run_flask("events", "replay", "--failed", "--tenant", tenant.slug).stdout == "1 event due now.\n"
    process.process_events(tenant.id)

    assert load_order(tenant, opened.order_number).status is OrderStatus.COMPLETED
    assert run_flask("events", "replay", "--failed", "--tenant", tenant.slug).stdout == "0 events due now.\n"
    assert load_order(other_tenant, others.order_number).status is OrderStatus.PENDING
    run_flask("events", "replay", "--failed")
    process.process_events(other_tenant.id)
    assert load_order(other_tenant, others.order_number).status is OrderStatus.COMPLETED


def test_many_events_are_replayed_in_batches(run_flask, tenant, monkeypatch):
    monkeypatch.setattr("lumira.cli.events._BATCH", 2)
    stripe_event = [parked() for _ in range(5)]
    deliver(tenant, *stripe_event)

    assert run_flask("events", "replay", "--parked", "--tenant", tenant.slug).stdout == "5 events due now.\n"
    assert {stored(tenant, one).status for one in stripe_event} == {EventStatus.RECEIVED}


@pytest.mark.parametrize("arguments", [(), ("--failed", "--parked"), ("evt_1", "--failed")])
def test_a_replay_names_one_thing(run_flask, arguments):
    run_flask("events", "replay", *arguments, code=2)
