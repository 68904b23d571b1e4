"""The fee of each payment and what payouts contain are read from Stripe and compared with the orders."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
import time_machine
from sqlalchemy import select, update

from lumira.database import atomic, db
from lumira.models import (
    Alert,
    AuditEntry,
    BalanceTransaction,
    EventStatus,
    Payment,
    Payout,
    PayoutReconciliation,
    PayoutStatus,
    WebhookEvent,
)
from lumira.reconciliation.pull_balance import readable, record_movements
from lumira.reconciliation.reconcile import Step, reconcile
from lumira.reconciliation.report import StripeAvailability
from lumira.repositories.tenants import stripe_accounts, tenants
from lumira.services.payouts.view_payouts import view_payout
from tests.support import stripe_sandbox
from tests.support.factories import Brand, load_order, open_payment
from tests.support.payouts import EVENTS, control, pay_out, sell
from tests.support.stripe_events import deliver, event

pytestmark = pytest.mark.usefixtures("app_context")


@contextmanager
def later(**passed: float) -> Iterator[None]:
    with time_machine.travel(datetime.now(UTC) + timedelta(**passed)):
        yield


def read(brand: Brand) -> StripeAvailability:
    report = reconcile(brand.id, steps=(Step.BALANCE,))
    assert report.failures == 0
    return report.stripe


def rows(brand: Brand) -> list[BalanceTransaction]:
    with atomic(brand.id):
        query = select(BalanceTransaction).order_by(BalanceTransaction.stripe_created_at)
        return list(db.session.execute(query.where(BalanceTransaction.tenant_id == brand.id)).scalars())


def payout_of(brand: Brand, payout_id: str) -> Payout:
    with atomic(brand.id):
        query = select(Payout).where(Payout.tenant_id == brand.id, Payout.stripe_payout_id == payout_id)
        return db.session.execute(query).scalar_one()


def alerts_of(brand: Brand) -> list[tuple[str, str]]:
    with atomic(brand.id):
        query = select(Alert).where(Alert.tenant_id == brand.id, Alert.resolved_at.is_(None))
        return [(alert.kind, alert.subject) for alert in db.session.execute(query).scalars()]


def requests_of(brand: Brand, path: str = "/v1/balance_transactions") -> int:
    return len(stripe_sandbox.requests_made(brand, "GET", path))


def test_an_event_announces_the_balance_transaction_and_a_list_brings_its_fee(tenant) -> None:
    number = sell(tenant)
    [announced] = rows(tenant)
    assert (announced.read_at, announced.amount, announced.fee) == (None, None, None)

    read(tenant)
    [row] = rows(tenant)
    charge_id = load_order(tenant, number).payments[0].stripe_charge_id
    assert (row.amount, row.fee, row.net, row.currency) == (4700, 96, 4604, "eur")
    assert (row.type, row.stripe_source_id) == ("charge", charge_id)


def test_the_fees_of_many_sales_are_read_by_one_list_and_none_by_its_id(tenant) -> None:
    for _ in range(3):
        sell(tenant)
    read(tenant)
    assert {row.fee for row in rows(tenant)} == {96}
    assert requests_of(tenant) == 1


def test_nothing_is_asked_of_stripe_between_two_readings_unless_an_event_announced_something(tenant) -> None:
    read(tenant)
    read(tenant)
    assert requests_of(tenant) == 1
    sell(tenant)
    with later(minutes=2):
        read(tenant)
        assert requests_of(tenant) == 2
        assert [row.fee for row in rows(tenant)] == [96]
    with later(minutes=20):
        read(tenant)
        assert requests_of(tenant) == 3


def test_the_fee_of_a_sale_whose_event_never_came_is_found(tenant) -> None:
    opened = open_payment(tenant)
    stripe_sandbox.pay(tenant, opened.payment_intent_id, opened.client_secret)
    stripe_sandbox.advance(tenant, 5)
    stripe_sandbox.deliver_events(tenant, "payment_intent.succeeded")
    assert rows(tenant) == []
    read(tenant)
    assert [row.fee for row in rows(tenant)] == [96]


def test_what_no_list_contains_is_read_by_its_id(tenant) -> None:
    sell(tenant)
    with atomic(tenant.id):
        tenants_row = db.text("UPDATE tenants SET balance_pulled_until = :at WHERE id = :id")
        db.session.execute(tenants_row, {"at": datetime.now(UTC) + timedelta(days=1), "id": tenant.id})
    with later(days=2):
        read(tenant)
    assert [row.fee for row in rows(tenant)] == [96]


def test_a_fee_that_changes_later_replaces_the_first_one_and_is_audited(tenant) -> None:
    sell(tenant)
    read(tenant)
    [row] = rows(tenant)
    control(tenant, "payouts/change", transaction=row.stripe_balance_transaction_id, fee=120)
    with later(minutes=20):
        read(tenant)
    [changed] = rows(tenant)
    assert (changed.fee, changed.net) == (120, 4580)
    with atomic(tenant.id):
        query = select(AuditEntry).where(
            AuditEntry.tenant_id == tenant.id, AuditEntry.action == "balance_transaction_changed"
        )
        entry = db.session.execute(query).scalar_one()
    assert (entry.details["before"]["fee"], entry.details["after"]["fee"]) == (96, 120)


def test_a_payout_is_reconciled_with_sales_refunds_and_disputes(tenant) -> None:
    number = sell(tenant)
    other = sell(tenant)
    intent_id = load_order(tenant, number).payments[0].stripe_payment_intent_id
    control(tenant, "refunds", payment_intent=intent_id, amount=700)
    disputed_id = load_order(tenant, other).payments[0].stripe_payment_intent_id
    control(tenant, "disputes", payment_intent=disputed_id)
    stripe_sandbox.deliver_events(tenant, "refund.created", "charge.dispute.funds_withdrawn")
    payout_id = pay_out(tenant)
    stripe_sandbox.deliver_events(tenant, *EVENTS)
    read(tenant)

    payout = payout_of(tenant, payout_id)
    assert (payout.amount, payout.status) == (2 * 4604 - 700 - 4700 - 1500, PayoutStatus.PAID)
    assert payout.mismatches == []
    lines = [row for row in rows(tenant) if row.stripe_payout_id == payout_id]
    assert sorted(row.type or "" for row in lines) == ["adjustment", "charge", "charge", "payout", "refund"]
    assert [kind for kind, _ in alerts_of(tenant)] == ["dispute"]


def test_a_payout_without_any_event_is_found_in_the_balance(tenant) -> None:
    sell(tenant)
    payout_id = pay_out(tenant)
    read(tenant)
    payout = payout_of(tenant, payout_id)
    assert (payout.status, payout.reconciliation, payout.mismatches) == (
        PayoutStatus.PAID,
        PayoutReconciliation.COMPLETED,
        [],
    )


def test_a_payout_whose_last_events_were_lost_is_read_again_after_its_arrival(tenant) -> None:
    sell(tenant)
    payout_id = str(control(tenant, "payouts")["id"])
    stripe_sandbox.deliver_events(tenant, "payout.created")
    read(tenant)
    assert payout_of(tenant, payout_id).status is PayoutStatus.PENDING
    control(tenant, "payouts/finish", payout=payout_id, outcome="paid")
    control(tenant, "payouts/complete", payout=payout_id)
    with later(days=4):
        read(tenant)
    payout = payout_of(tenant, payout_id)
    assert (payout.status, payout.mismatches, payout.next_read_at) == (PayoutStatus.PAID, [], None)


def test_every_order_of_a_payouts_events_ends_in_the_same_state(tenant) -> None:
    sell(tenant)
    payout_id = pay_out(tenant)
    control(tenant, "payouts/finish", payout=payout_id, outcome="failed")
    events = stripe_sandbox.events(tenant, *EVENTS)
    assert len(events) == 6
    ends = set()
    for number, sequence in enumerate(list(permutations(events))[::60]):
        # A payout of its own for each order of the events.
        name = f"{payout_id}_{number}"
        for one in sequence:
            copy = {**one["data"]["object"], "id": name}
            deliver(tenant, {**one, "id": f"{one['id']}_{number}", "data": {"object": copy}})
        payout = payout_of(tenant, name)
        ends.add((payout.status, payout.reconciliation, payout.failure_code))
        assert ("payout_failed", name) in alerts_of(tenant)
    assert ends == {(PayoutStatus.FAILED, PayoutReconciliation.COMPLETED, "account_closed")}


def test_a_payout_that_does_not_add_up_is_an_alert_until_it_does(tenant) -> None:
    sell(tenant)
    payout_id = pay_out(tenant)
    [transaction] = stripe_sandbox.call(tenant, "GET", "/v1/balance_transactions?type=charge")["data"]
    control(tenant, "payouts/change", transaction=transaction["id"], fee=100)
    read(tenant)
    payout = payout_of(tenant, payout_id)
    assert payout.mismatches == [{"reason": "sum", "expected": 4604, "found": 4600}]
    assert alerts_of(tenant) == [("payout_mismatch", payout_id)]

    control(tenant, "payouts/change", transaction=transaction["id"], fee=96)
    with later(days=4):
        read(tenant)
    assert payout_of(tenant, payout_id).mismatches == []
    assert alerts_of(tenant) == []


def test_a_line_that_differs_from_its_order_is_named_with_the_order(tenant) -> None:
    number = sell(tenant)
    with atomic(tenant.id):
        db.session.execute(update(Payment).where(Payment.tenant_id == tenant.id).values(amount_received=4800))
    payout_id = pay_out(tenant)
    read(tenant)
    [mismatch] = payout_of(tenant, payout_id).mismatches or []
    assert (mismatch["reason"], mismatch["order_number"]) == ("amount", number)
    assert (mismatch["expected"], mismatch["found"]) == (4800, 4700)


def test_a_payment_that_was_converted_matches_within_a_unit(tenant) -> None:
    control(tenant, "settings", settlement_currency="usd", exchange_rate=1.0837)
    sell(tenant)
    payout_id = pay_out(tenant)
    read(tenant)
    payout = payout_of(tenant, payout_id)
    assert (payout.currency, payout.mismatches) == ("usd", [])
    [row] = [row for row in rows(tenant) if row.type == "charge"]
    assert (row.currency, row.amount) == ("usd", 5093)


def test_the_sales_of_another_shop_on_the_account_are_kept_as_foreign(tenant) -> None:
    sell(tenant)
    control(tenant, "foreign_sales", outcome="paid")
    stripe_sandbox.advance(tenant, 5)
    updated = stripe_sandbox.events(tenant, "charge.updated")[-1]
    deliver(tenant, updated)
    with atomic(tenant.id):
        query = select(WebhookEvent).where(
            WebhookEvent.tenant_id == tenant.id, WebhookEvent.stripe_event_id == updated["id"]
        )
        assert db.session.execute(query).scalar_one().status is EventStatus.FOREIGN
    payout_id = pay_out(tenant)
    read(tenant)
    assert payout_of(tenant, payout_id).mismatches == []
    assert sum(row.stripe_payout_id == payout_id for row in rows(tenant)) == 3


def test_a_payout_of_another_account_is_an_alert_and_no_money(tenant) -> None:
    sell(tenant)
    sample = control(tenant, "payouts")
    stranger = {
        **sample,
        "id": "po_stranger",
        "status": "paid",
        "reconciliation_status": "completed",
    }
    deliver(tenant, event("payout.paid", stranger))
    read(tenant)
    assert payout_of(tenant, "po_stranger").mismatches == [{"reason": "not_found"}]
    assert alerts_of(tenant) == [("payout_mismatch", "po_stranger")]


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "lost"},
        {"amount": "12"},
        {"reconciliation_status": None},
        {"currency": "euro"},
        {"automatic": 1},
    ],
)
def test_a_payout_that_makes_no_sense_fails_and_stores_nothing(tenant, changes) -> None:
    sell(tenant)
    sample = control(tenant, "payouts")
    stripe_event = event("payout.paid", {**sample, **changes})
    deliver(tenant, stripe_event)
    with atomic(tenant.id):
        query = select(WebhookEvent).where(
            WebhookEvent.tenant_id == tenant.id, WebhookEvent.stripe_event_id == stripe_event["id"]
        )
        stored = db.session.execute(query).scalar_one()
    assert (stored.status, stored.reason) == (EventStatus.FAILED, "malformed")


def test_an_event_of_the_other_mode_changes_nothing(tenant) -> None:
    sell(tenant)
    sample = control(tenant, "payouts")
    deliver(tenant, event("payout.paid", {**sample, "livemode": True}, livemode=True))
    with atomic(tenant.id):
        assert db.session.execute(select(Payout).where(Payout.tenant_id == tenant.id)).first() is None


def test_a_payout_by_hand_is_recorded_and_not_compared(tenant) -> None:
    sell(tenant)
    payout_id = str(control(tenant, "payouts", amount=500)["id"])
    control(tenant, "payouts/finish", payout=payout_id, outcome="paid")
    stripe_sandbox.deliver_events(tenant, *EVENTS)
    read(tenant)
    payout = payout_of(tenant, payout_id)
    assert (payout.is_automatic, payout.lines_read_at, payout.mismatches) == (False, None, None)


def test_a_key_without_the_permission_is_named_and_stops_nothing_else(tenant) -> None:
    sell(tenant)
    created = stripe_sandbox.call(
        tenant, "POST", "/sandbox/keys", json={"permissions": ["payouts:read", "events:read"]}
    )
    with atomic(tenant.id):
        stripe_accounts.set_keys(tenants.get(tenant.id), secret_key=created["key"])
    assert read(tenant) is StripeAvailability.PERMISSION_MISSING
    assert alerts_of(tenant) == [("stripe_permission_missing", "rak_balance_transaction_source_read")]


def test_two_shops_of_one_account_each_see_their_own_part_of_a_payout(tenant, other_tenant) -> None:
    with atomic(other_tenant.id):
        stripe_accounts.set_keys(
            tenants.get(other_tenant.id),
            secret_key=tenant.stripe_secret_key,
            publishable_key=tenant.stripe_publishable_key,
        )
    beside = replace(
        other_tenant,
        stripe_secret_key=tenant.stripe_secret_key,
        stripe_publishable_key=tenant.stripe_publishable_key,
    )
    numbers = {
        brand.id: sell(brand, product) for brand, product in ((tenant, "mystique"), (beside, "alchimique"))
    }
    payout_id = pay_out(tenant)
    for brand, own, other in ((tenant, 4604, 2831), (beside, 2831, 4604)):
        read(brand)
        view = view_payout(brand.id, payout_id)
        assert (view.own_net, view.other_net, view.payout.mismatches) == (own, other, [])
        assert {line.order_number for line in view.lines} == {numbers[brand.id], None}


def test_a_read_that_was_sent_first_and_ends_last_changes_nothing(tenant) -> None:
    sell(tenant)
    [row] = rows(tenant)
    early, late = datetime.now(UTC), datetime.now(UTC) + timedelta(seconds=1)
    item = stripe_sandbox.call(tenant, "GET", f"/v1/balance_transactions/{row.stripe_balance_transaction_id}")
    old, new = readable([item, {**item, "fee": 100, "net": 4600}])
    for facts, read_at in ((new, late), (old, early)):
        record_movements(tenant.id, [facts], livemode=False, read_at=read_at)
    assert [known.fee for known in rows(tenant)] == [100]
