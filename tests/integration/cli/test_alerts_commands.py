"""Alerts are listed, and resolved by an operator until the problem recurs."""

from uuid import uuid4

import pytest
from sqlalchemy import select

from lumira.database import atomic, db
from lumira.models import Alert, AuditEntry, EventStatus
from lumira.webhooks import event_states, parsed_event, process
from tests.support import refunds
from tests.support.factories import Brand, open_payment
from tests.support.stripe_events import deliver, event, payment_intent

pytestmark = pytest.mark.usefixtures("app_context")


def alerts_of(brand: Brand) -> list[Alert]:
    with atomic(brand.id):
        return list(db.session.execute(select(Alert).order_by(Alert.raised_at)).scalars())


def open_alerts(brand: Brand) -> list[str]:
    return [alert.kind for alert in alerts_of(brand) if alert.resolved_at is None]


def mismatch(brand: Brand) -> str:
    """Number of an order that was paid with less than was asked."""
    opened = open_payment(brand)
    intent = payment_intent(id=opened.payment_intent_id, status="succeeded", amount_received=100)
    deliver(brand, event("payment_intent.succeeded", intent))
    return opened.order_number


def test_open_alerts_are_listed_with_their_tenant_and_what_they_are_about(run_flask, tenant, other_tenant):
    number = mismatch(tenant)
    listed = run_flask("alerts", "list", "--limit", 10_000).stdout
    [line] = [line for line in listed.splitlines() if number in line]
    assert tenant.slug in line
    assert "payment_mismatch" in line
    assert "reason amount_mismatch" in line
    assert number not in run_flask("alerts", "list", "--tenant", other_tenant.slug).stdout


def test_a_resolved_alert_is_listed_only_with_all(run_flask, tenant):
    number = mismatch(tenant)
    [alert] = alerts_of(tenant)
    assert "resolved" in run_flask("alerts", "resolve", alert.id).stdout
    assert number not in run_flask("alerts", "list", "--tenant", tenant.slug).stdout
    assert "; resolved " in run_flask("alerts", "list", "--tenant", tenant.slug, "--all").stdout
    with atomic(tenant.id):
        entry = db.session.execute(
            select(AuditEntry).where(AuditEntry.action == "alert_resolved")
        ).scalar_one()
    assert (entry.actor, entry.details["about"]) == ("operator", number)
    assert "already" in run_flask("alerts", "resolve", alert.id).stdout


def test_an_unknown_alert_and_another_tenants_are_not_resolved(run_flask, tenant, other_tenant):
    mismatch(tenant)
    [alert] = alerts_of(tenant)
    assert "no alert" in run_flask("alerts", "resolve", uuid4(), code=1).stderr
    run_flask("alerts", "resolve", alert.id, "--tenant", other_tenant.slug, code=1)
    assert open_alerts(tenant) == ["payment_mismatch"]


def test_an_event_that_fails_again_after_a_replay_raises_a_new_alert(run_flask, tenant, monkeypatch):
    def stumble(order, stripe_event) -> None:
        raise ZeroDivisionError("a bug of ours")

    monkeypatch.setattr(parsed_event, "find_handler", lambda _type: stumble)
    monkeypatch.setattr(event_states, "MAXIMUM_ATTEMPTS", 1)
    opened = open_payment(tenant)
    stripe_event = event(
        "payment_intent.succeeded", payment_intent(id=opened.payment_intent_id, status="succeeded")
    )
    deliver(tenant, stripe_event)
    [first] = alerts_of(tenant)

    run_flask("events", "replay", stripe_event["id"])
    assert open_alerts(tenant) == []
    process.process_events(tenant.id)
    [again] = alerts_of(tenant)
    assert again.resolved_at is None
    assert again.raised_at > first.raised_at
    assert again.next_notification_at is not None
    assert EventStatus.FAILED in run_flask("events", "show", stripe_event["id"]).stdout


def test_a_permanent_problem_is_not_raised_again_after_it_was_resolved(run_flask, tenant):
    opened = refunds.pay(tenant)
    refunds.disputed(tenant, opened)
    refunds.deliver_events(tenant)
    [alert] = alerts_of(tenant)
    assert alert.kind == "dispute"
    run_flask("alerts", "resolve", alert.id)
    # Settled anew, by another event of the same order.
    intent = payment_intent(id=opened.payment_intent_id, status="succeeded")
    deliver(tenant, event("payment_intent.succeeded", intent))
    assert open_alerts(tenant) == []


@pytest.mark.parametrize("outcome", ["won", "lost"])
def test_a_decided_dispute_resolves_its_alert(tenant, outcome):
    opened = refunds.pay(tenant)
    dispute = refunds.disputed(tenant, opened)
    refunds.deliver_events(tenant)
    assert open_alerts(tenant) == ["dispute"]
    refunds.close_dispute(tenant, dispute["id"], outcome)
    refunds.deliver_events(tenant)
    assert open_alerts(tenant) == []
