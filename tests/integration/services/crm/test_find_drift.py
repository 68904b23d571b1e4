"""Both sides are compared over HTTP: every planted difference is found, and sync repairs what is ours to repair."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, update

from lumira.clock import utc_now
from lumira.database import atomic, db
from lumira.domain.crm.drift import Drift
from lumira.errors.crm import CrmNotOn
from lumira.models import CrmLink, CrmTask, CrmTaskState, LostDisputePolicy, Order, Tenant
from lumira.services.crm import find_drift as drifts
from lumira.services.crm import sync_since as sync_since_module
from lumira.services.crm.change_connection import switch_off
from lumira.services.crm.find_drift import find_drift
from lumira.services.crm.receive_notification import receive_notification
from lumira.services.crm.sync_since import sync_since
from tests.support.crm import assert_written_once, buy, connect, pending, sync
from tests.support.crm_reading import CrmBrand
from tests.support.dolibarr import DolibarrSandbox
from tests.support.factories import Brand, load_order
from tests.support.refunds import close_dispute, deliver_events, disputed, pay, refund

pytestmark = pytest.mark.usefixtures("app_context")

A_WEEK = timedelta(days=7)


@pytest.fixture
def shop(tenant: Brand, dolibarr_server: DolibarrSandbox) -> Brand:
    connect(tenant, dolibarr_server)
    return tenant


def compare(brand: Brand, position: str | None = None) -> list[Drift]:
    pages = find_drift(brand.id, since=utc_now() - A_WEEK, position=position)
    return [drift for page in pages for drift in page.found]


def shown(found: list[Drift]) -> list[tuple[str, str, int | None, int | None]]:
    return [(str(each.kind), each.record, each.ours, each.theirs) for each in found]


def repair(brand: Brand) -> list[Drift]:
    """Sync, and let the workers write; returns what is left for a person."""
    left = [
        drift for step in sync_since(brand.id, since=utc_now() - A_WEEK, actor="test") for drift in step.left
    ]
    sync(brand)
    return left


def row_of(server: DolibarrSandbox, kind: str, order: Order) -> int:
    """Dolibarr's id of the order, or of its invoice."""
    [payment] = order.payments
    subject = str(order.id) if kind == "commande" else payment.stripe_payment_intent_id
    return next(row["id"] for row in server.rows(kind) if row["extra"]["lumira_id"] == subject)


def test_sides_that_agree_have_no_difference(shop, dolibarr_server) -> None:
    order = buy(shop)
    sync(shop)
    assert compare(shop) == []
    assert_written_once(shop, dolibarr_server, order)


def test_a_sale_that_is_not_written_yet_is_waiting_with_its_amount(shop) -> None:
    order = buy(shop)
    assert shown(compare(shop)) == [
        ("waiting", "order", order.amount, None),
        ("waiting", "invoice", order.amount, None),
    ]


def test_a_sale_from_before_the_connection_is_missing_and_sync_writes_it(tenant, dolibarr_server) -> None:
    order = buy(tenant)
    connect(tenant, dolibarr_server)
    assert shown(compare(tenant)) == [
        ("missing", "order", order.amount, None),
        ("missing", "invoice", order.amount, None),
    ]
    steps = list(sync_since(tenant.id, since=utc_now() - A_WEEK, actor="test", is_dry_run=True))
    assert sum(step.enqueued for step in steps) == 2
    assert pending(tenant) == []
    assert repair(tenant) == []
    assert_written_once(tenant, dolibarr_server, order)
    assert compare(tenant) == []


def test_a_deleted_order_is_found_and_written_again_once(shop, dolibarr_server) -> None:
    order = buy(shop)
    sync(shop)
    dolibarr_server.staff("DELETE", f"/orders/{row_of(dolibarr_server, 'commande', order)}")
    found = compare(shop)
    assert shown(found) == [("deleted", "order", order.amount, None)]
    assert found[0].order_number == order.order_number
    assert repair(shop) == []
    assert compare(shop) == []
    assert len(dolibarr_server.orders()) == 1


def test_what_a_notification_showed_is_reported_first_and_once(shop, dolibarr_server) -> None:
    sold = [buy(shop) for _ in range(3)]
    sync(shop, turns=40)
    first, noticed = (row_of(dolibarr_server, "commande", order) for order in (sold[0], sold[2]))
    for each in (first, noticed):
        dolibarr_server.staff("DELETE", f"/orders/{each}")
    receive_notification(shop.id, {"triggercode": "ORDER_DELETE", "object": {"id": noticed}})
    CrmBrand(shop, dolibarr_server).read()

    found = compare(shop)
    assert [(str(each.kind), each.order_number) for each in found] == [
        ("deleted", sold[2].order_number),
        ("deleted", sold[0].order_number),
    ]


def test_a_missing_payment_is_found_with_what_is_paid_and_entered_again(shop, dolibarr_server) -> None:
    order = buy(shop)
    dolibarr_server.fail_next("503", method="POST", path="/invoices/paymentsdistributed", times=100)
    sync(shop, turns=2)
    dolibarr_server.heal()
    assert dolibarr_server.payments() == []
    with atomic(shop.id):
        # As if staff had deleted the payment after it was entered.
        done = {"state": CrmTaskState.DONE, "done_at": utc_now(), "reason": None}
        db.session.execute(update(CrmTask).where(CrmTask.tenant_id == shop.id).values(**done))
        db.session.execute(update(CrmLink).where(CrmLink.tenant_id == shop.id).values(synced_at=utc_now()))
    found = [each for each in compare(shop) if each.record == "invoice"]
    assert shown(found) == [("unpaid", "invoice", order.amount, 0)]
    assert all(each.detail == "validated" for each in repair(shop))
    assert compare(shop) == []
    assert_written_once(shop, dolibarr_server, order)


def test_a_customer_that_lost_our_id_is_found_and_left_to_a_person(shop, dolibarr_server) -> None:
    buy(shop)
    sync(shop)
    [row] = dolibarr_server.third_parties()
    options = {"options_lumira_id": "edited-manually"}
    dolibarr_server.staff("PUT", f"/thirdparties/{row['id']}", array_options=options)
    found = compare(shop)
    assert ("unlinked", "customer", None, None) in shown(found)
    assert not any(each.is_repairable for each in found)


def test_a_wrong_total_is_found_with_both_amounts_and_left_to_a_person(shop, dolibarr_server) -> None:
    order = buy(shop)
    sync(shop)
    with atomic(shop.id):
        of_invoice = (CrmLink.tenant_id == shop.id) & (CrmLink.element == "invoice")
        db.session.execute(update(CrmLink).where(of_invoice).values(amount=order.amount + 100))
    found = compare(shop)
    assert shown(found) == [("total", "invoice", order.amount + 100, order.amount)]
    assert repair(shop) == found


def test_a_credit_note_that_was_not_written_is_found_with_its_amount(shop, dolibarr_server) -> None:
    opened = pay(shop)
    sync(shop)
    switch_off(shop.id, actor="test")
    refund(shop, opened, 1000)
    deliver_events(shop)
    switch_on_again(shop)
    assert shown(compare(shop)) == [("missing", "credit_note", -1000, None)]
    assert repair(shop) == []
    assert compare(shop) == []
    assert [row["type"] for row in dolibarr_server.invoices()].count(2) == 1


def switch_on_again(brand: Brand) -> None:
    with atomic(brand.id):
        db.session.execute(update(Tenant).where(Tenant.id == brand.id).values(crm_switched_on_at=utc_now()))


@pytest.mark.parametrize("is_kept", [True, False])
def test_a_lost_dispute_that_is_left_to_an_operator_is_no_difference(
    tenant, dolibarr_server, is_kept
) -> None:
    connect(tenant, dolibarr_server, lost_disputes=LostDisputePolicy.REVIEW)
    opened = pay(tenant)
    dispute = disputed(tenant, opened)
    close_dispute(tenant, dispute["id"], "lost")
    deliver_events(tenant)
    sync(tenant)
    if not is_kept:
        with atomic(tenant.id):
            db.session.execute(delete(CrmTask).where(CrmTask.subject == dispute["id"]))
    assert compare(tenant) == []


def test_a_lost_dispute_of_which_nothing_remains_is_no_difference(shop, dolibarr_server) -> None:
    opened = pay(shop)
    refund(shop, opened, load_order(shop, opened.order_number).amount)
    deliver_events(shop)
    sync(shop)
    dispute = disputed(shop, opened)
    close_dispute(shop, dispute["id"], "lost")
    deliver_events(shop)
    sync(shop)
    assert compare(shop) == []


def test_a_merged_third_party_is_found(shop, dolibarr_server) -> None:
    buy(shop)
    sync(shop)
    [ours] = dolibarr_server.third_parties()
    kept = dolibarr_server.staff("POST", "/thirdparties", name="Kept", client=1)
    dolibarr_server.staff("PUT", f"/thirdparties/{kept}/merge/{ours['id']}")
    assert ("deleted", "customer", None, None) in shown(compare(shop))


def test_a_customer_that_was_edited_is_found_by_the_names_of_its_fields_only(shop, dolibarr_server) -> None:
    buy(shop)
    sync(shop)
    [row] = dolibarr_server.third_parties()
    dolibarr_server.staff("PUT", f"/thirdparties/{row['id']}", town="Geheimstadt")
    [found] = compare(shop)
    assert (found.kind, found.record, found.detail) == ("edited", "customer", "town")
    assert "Geheimstadt" not in repr(found)


def test_a_record_with_our_id_that_is_linked_to_nothing_is_found(shop, dolibarr_server) -> None:
    buy(shop)
    sync(shop)
    dolibarr_server.staff("POST", "/thirdparties", name="X", array_options={"options_lumira_id": "unknown-1"})
    assert [(each.kind, each.subject) for each in compare(shop)] == [("unknown", "unknown-1")]


def test_a_comparison_is_continued_where_it_was_interrupted(shop, dolibarr_server, monkeypatch) -> None:
    monkeypatch.setattr(drifts, "PAGE", 2)
    sold = [buy(shop) for _ in range(5)]
    sync(shop, turns=40)
    for order in sold:
        dolibarr_server.staff("DELETE", f"/orders/{row_of(dolibarr_server, 'commande', order)}")
    positions, found = [], []
    pages = find_drift(shop.id, since=utc_now() - A_WEEK)
    for page in pages:
        positions.append(page.position)
        found += page.found
        if len(positions) == 3:
            break
    found += compare(shop, positions[-1])
    assert sorted(each.subject for each in found) == sorted(str(order.id) for order in sold)


def test_a_sync_that_was_interrupted_is_repeated_and_writes_nothing_twice(
    tenant, dolibarr_server, monkeypatch
) -> None:
    monkeypatch.setattr(sync_since_module, "_BATCH", 1)
    sold = [buy(tenant) for _ in range(3)]
    connect(tenant, dolibarr_server)
    killed = sync_since(tenant.id, since=utc_now() - A_WEEK, actor="test")
    assert next(killed).enqueued == 3
    killed.close()
    assert len(pending(tenant)) == 3
    sync(tenant)
    assert repair(tenant) == []
    repair(tenant)
    sync(tenant, turns=40)
    assert_written_once(tenant, dolibarr_server, *sold)


def test_nothing_is_synced_while_the_connection_is_off(tenant) -> None:
    with pytest.raises(CrmNotOn):
        list(sync_since(tenant.id, since=utc_now(), actor="test"))


def test_a_comparison_shows_nothing_of_another_tenant(shop, make_brand, sandbox) -> None:
    other = make_brand()
    connect(other, DolibarrSandbox(sandbox.url))
    buy(other)
    assert compare(shop) == []
