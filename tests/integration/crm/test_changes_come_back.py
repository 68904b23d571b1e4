"""What staff change in Dolibarr comes back, over HTTP, with the sandbox's Dolibarr and its webhooks."""

import pytest
from sqlalchemy import update

from lumira.clients import dolibarr
from lumira.clients.dolibarr import transport
from lumira.clock import utc_now
from lumira.crm import apply_third_party
from lumira.crm.read_changes import read_changes
from lumira.database import atomic, db
from lumira.models import AlertKind, ConflictReason, ContactField, CrmNotification, Customer, Tenant
from lumira.repositories.alerts import alerts
from lumira.repositories.crm import crm_linked_records
from lumira.repositories.customers import customers
from lumira.services.crm.receive_notification import receive_notification
from lumira.services.customers.merge_customers import merge_customers
from lumira.services.privacy.erase_customer import erase_customer
from tests.support.app_threads import in_thread
from tests.support.crm_reading import served
from tests.support.factories import count
from tests.support.refunds import audited


@pytest.fixture
def notified(app, crm):
    """Dolibarr posts its notifications to the application."""
    with served(app) as url:
        crm.dolibarr.post_webhooks_to(f"{url}{crm.path}")
        yield crm


def test_name_phone_and_address_come_back_some_seconds_later(notified):
    linked = notified.link()

    notified.change_theirs(
        linked,
        name="Ada King",
        phone="+33 1 23",
        address="1 rue X\nB",
        zip="75002",
        town="Paris",
        country_id=1,
    )
    assert notified.pending() == 1
    assert not read_changes(notified.brand.id) or notified.customer(linked).name == "Ada Lovelace"
    notified.read()

    customer = notified.customer(linked)
    assert (customer.name, customer.phone, customer.address) == ("Ada King", "+33 1 23", "1 rue X\nB")
    assert (customer.postal_code, customer.city, customer.country) == ("75002", "Paris", "FR")
    assert notified.pending() == 0
    [entry] = audited(notified.brand, "customer_updated_from_crm")
    assert "Ada" not in str(entry.details)


def test_what_lumira_writes_is_not_read_back(notified):
    linked = notified.link()

    dolibarr.update_third_party(notified.dolibarr.account, linked.dolibarr_id, name="Ada King")

    assert [entry["status"] for entry in notified.dolibarr.history()] == [200, 200]
    assert notified.pending() == 0


def test_what_is_taken_from_dolibarr_is_not_sent_back(notified):
    linked = notified.link()
    notified.change_theirs(linked, phone="+33 9")
    notified.read()
    written = len(notified.dolibarr.calls("PUT"))

    notified.poll()
    notified.poll()

    assert len(notified.dolibarr.calls("PUT")) == written
    assert notified.pending() == 0


def test_many_changes_of_one_record_are_one_row(notified):
    linked = notified.link()

    for number in range(8):
        notified.change_theirs(linked, phone=f"+33 {number}")

    assert notified.pending() == 1
    notified.read()
    assert notified.customer(linked).phone == "+33 7"


def test_a_change_that_was_rolled_back_changes_nothing(crm):
    linked = crm.link()

    # The notification of a change that Dolibarr did not commit.
    crm_post(crm, linked.dolibarr_id, name="Never committed")
    crm.read()

    assert crm.customer(linked).name == "Ada Lovelace"
    assert crm.pending() == 0


def test_a_lost_notification_is_found_by_the_poll(crm):
    linked = crm.link()
    crm.change_theirs(linked, phone="+33 5")

    crm.poll()

    assert crm.customer(linked).phone == "+33 5"


def test_the_poll_reads_third_parties_of_staff_and_leaves_them_alone(crm):
    crm.link()
    crm.dolibarr.staff("POST", "/thirdparties", name="A supplier")

    crm.poll()

    assert crm.pending() == 0
    assert count(crm.brand, Customer) == 1


def test_a_poll_of_many_pages_goes_on_where_it_was(crm, monkeypatch):
    first, last = crm.link(), crm.link("bob@example.com", "Bob")
    monkeypatch.setattr("lumira.crm.poll_third_parties.POLL_PAGE", 1)
    monkeypatch.setattr("lumira.crm.poll_third_parties.PAGES", 1)
    crm.change_theirs(first, phone="+33 1")
    crm.change_theirs(last, phone="+33 2")

    for _ in range(3):
        crm.poll()

    assert (crm.customer(first).phone, crm.customer(last).phone) == ("+33 1", "+33 2")


def test_both_sides_changed_waits_for_an_operator_with_both_values(crm):
    linked = crm.link(phone="+33 1")
    crm.change_ours(linked, phone="+33 2")
    crm.change_theirs(linked, phone="+33 3", town="Lyon")

    crm.poll()

    conflict = crm.conflicts()[ContactField.PHONE]
    assert (conflict.ours, conflict.theirs) == ("+33 2", "+33 3")
    assert conflict.reason is ConflictReason.BOTH_CHANGED
    customer = crm.customer(linked)
    assert (customer.phone, customer.city) == ("+33 2", "Lyon")
    assert open_alerts(crm) == [AlertKind.CRM_CONFLICT]


def test_a_conflict_ends_once_both_sides_agree(crm):
    linked = crm.link(phone="+33 1")
    crm.change_ours(linked, phone="+33 2")
    crm.change_theirs(linked, phone="+33 3")
    crm.poll()

    crm.change_theirs(linked, phone="+33 2")
    crm.poll()

    assert crm.conflicts() == {}
    assert open_alerts(crm) == []


def test_the_same_change_on_both_sides_is_no_conflict(crm):
    linked = crm.link(phone="+33 1")
    crm.change_ours(linked, phone="+33 2")
    crm.change_theirs(linked, phone="+33 2")

    crm.poll()

    assert crm.conflicts() == {}


def test_another_e_mail_address_never_applies_itself(crm):
    linked = crm.link()

    crm.change_theirs(linked, email="attacker@example.net")
    crm.poll()

    assert crm.customer(linked).email == "ada@example.com"
    assert crm.conflicts()[ContactField.EMAIL].reason is ConflictReason.EMAIL_CHANGED


@pytest.mark.parametrize("email", ["no address", "a@b@c", "", "ada@exa mple.com"])
def test_what_is_no_address_cannot_be_taken(crm, email):
    linked = crm.link()

    crm.change_theirs(linked, email=email)
    crm.poll()

    assert crm.conflicts()[ContactField.EMAIL].reason is ConflictReason.INVALID


def test_a_deleted_third_party_is_unlinked_and_the_team_is_notified(notified):
    linked = notified.link()

    notified.dolibarr.staff("DELETE", f"/thirdparties/{linked.dolibarr_id}")
    notified.read()

    assert notified.links() == []
    assert notified.customer(linked).name == "Ada Lovelace"
    assert open_alerts(notified) == [AlertKind.CRM_UNLINKED]
    assert [entry.details["reason"] for entry in audited(notified.brand, "crm_unlinked")] == ["deleted"]


def test_a_deletion_that_was_not_reported_is_found_by_night(crm):
    kept, gone = crm.link(), crm.link("bob@example.com", "Bob")
    crm.dolibarr.staff("DELETE", f"/thirdparties/{gone.dolibarr_id}")

    crm.poll()
    assert len(crm.links()) == 2
    crm.sweep()

    assert [link.dolibarr_id for link in crm.links()] == [kept.dolibarr_id]


def test_a_merge_that_keeps_our_id_moves_the_link(notified):
    linked = notified.link()
    kept = notified.dolibarr.staff("POST", "/thirdparties", name="Ada, kept", email="ada@example.com")

    notified.dolibarr.staff("PUT", f"/thirdparties/{kept}/merge/{linked.dolibarr_id}")
    found = dolibarr.find_third_party(notified.dolibarr.account, kept)
    assert found is not None
    notified.read()

    if found.lumira_id == str(linked.customer_id):
        assert [link.dolibarr_id for link in notified.links()] == [kept]
    else:
        assert notified.links() == []
        assert open_alerts(notified) == [AlertKind.CRM_UNLINKED]


def test_a_merge_that_loses_our_id_unlinks(notified):
    linked = notified.link()
    kept = notified.link("bob@example.com", "Bob")

    notified.dolibarr.staff("PUT", f"/thirdparties/{kept.dolibarr_id}/merge/{linked.dolibarr_id}")
    notified.read()

    assert [link.customer_id for link in notified.links()] == [kept.customer_id]
    assert notified.customer(kept).name == "Bob"


def test_another_third_party_with_the_same_number_is_not_the_customer(crm):
    linked = crm.link()

    # As after Dolibarr was set up anew: the number is that of a stranger.
    crm.change_theirs(linked, name="A stranger", array_options={"options_lumira_id": ""})
    crm.poll()

    assert crm.customer(linked).name == "Ada Lovelace"
    assert crm.links() == []


def test_an_empty_dolibarr_unlinks_nobody(crm):
    gone = [crm.link(), crm.link("bob@example.com", "Bob")]
    for each in gone:
        crm.dolibarr.staff("DELETE", f"/thirdparties/{each.dolibarr_id}")

    crm.sweep()

    assert len(crm.links()) == 2


def test_nothing_is_unlinked_while_the_key_sees_no_third_party(crm):
    linked = crm.link()
    crm_post(crm, linked.dolibarr_id)
    crm.dolibarr.change_user(rights=[])

    assert crm.read()

    assert len(crm.links()) == 1
    assert crm.pending() == 1


def test_an_erased_customer_never_gets_data_back(crm):
    linked = crm.link()
    erase_customer(crm.brand.id, "ada@example.com", actor="test")
    crm.change_theirs(linked, name="Ada King", phone="+33 1", email="ada@example.net")

    crm.poll()
    crm_post(crm, linked.dolibarr_id)
    crm.read()

    customer = crm.customer(linked)
    assert (customer.name, customer.phone) == (None, None)
    assert crm.conflicts() == {}


def test_an_erasure_removes_what_waits_for_a_decision(crm):
    linked = crm.link()
    crm.change_theirs(linked, email="other@example.com")
    crm.poll()
    assert crm.conflicts()

    erase_customer(crm.brand.id, "ada@example.com", actor="test")

    assert crm.conflicts() == {}


def test_the_third_party_of_a_merged_customer_changes_nobody(crm):
    source, target = crm.link(), crm.link("bob@example.com", "Bob")
    merge_customers(crm.brand.id, source.customer_id, target.customer_id, actor="test")

    crm.change_theirs(source, name="Ada King", phone="+33 1")
    crm.poll()

    assert (crm.customer(target).name, crm.customer(target).phone) == ("Bob", None)


def test_what_was_read_before_lumira_wrote_is_read_again(crm, monkeypatch):
    linked = crm.link(phone="+33 1")
    crm.change_theirs(linked, phone="+33 2")
    crm_post(crm, linked.dolibarr_id)
    find = dolibarr.find_third_party

    def read_and_then_write(account, dolibarr_id):
        found = find(account, dolibarr_id)
        with atomic(crm.brand.id):
            customers.lock(crm.brand.id, linked.customer_id).phone = "+33 3"
            link = crm_linked_records.lock_of_customer(crm.brand.id, str(linked.customer_id))
            crm_linked_records.agree(link, {ContactField.PHONE: "+33 3"})
        return found

    with monkeypatch.context() as patch:
        patch.setattr(dolibarr, "find_third_party", read_and_then_write)
        crm.read()

    assert crm.customer(linked).phone == "+33 3"
    assert crm.pending() == 1


def test_a_record_that_is_reported_while_it_is_read_is_read_again(crm, monkeypatch):
    linked = crm.link()
    crm_post(crm, linked.dolibarr_id)
    apply = apply_third_party.apply_third_party

    def report_again(*args):
        crm.change_theirs(linked, phone="+33 8")
        crm_post(crm, linked.dolibarr_id)
        return apply(*args)

    with monkeypatch.context() as patch:
        patch.setattr("lumira.crm.read_record.apply_third_party", report_again)
        crm.read()

    assert crm.pending() == 1
    crm.read()
    assert crm.customer(linked).phone == "+33 8"


def test_four_workers_read_each_record_once(crm, app):
    linked = [crm.link(f"buyer{number}@example.com", f"Buyer {number}") for number in range(12)]
    for number, each in enumerate(linked):
        crm.change_theirs(each, phone=f"+33 {number}")
        crm_post(crm, each.dolibarr_id)
    with atomic(crm.brand.id):
        crm_notifications_due()

    before = len(crm.dolibarr.calls("GET"))
    workers = [in_thread(app, lambda: read_changes(crm.brand.id)) for _ in range(4)]
    for worker in workers:
        worker.join()

    assert [crm.customer(each).phone for each in linked] == [f"+33 {number}" for number in range(12)]
    assert len(crm.dolibarr.calls("GET")) - before == 12
    assert crm.pending() == 0


def test_a_crm_that_is_down_loses_nothing(crm):
    linked = crm.link()
    crm.change_theirs(linked, phone="+33 4")
    crm_post(crm, linked.dolibarr_id)
    crm.dolibarr.configure(down=True)

    assert crm.read() is False
    assert crm.pending() == 1
    # The next sweep of the worker leaves it alone.
    assert read_changes(crm.brand.id) is True
    crm.dolibarr.heal()
    crm.read()

    assert crm.customer(linked).phone == "+33 4"


def test_a_slow_crm_is_read_later_and_loses_nothing(crm, monkeypatch):
    linked, other = crm.link(), crm.link("bob@example.com", "Bob")
    for each in (linked, other):
        crm.change_theirs(each, phone="+33 4")
        crm_post(crm, each.dolibarr_id)
    before = len(crm.dolibarr.calls("GET"))
    with monkeypatch.context() as patch:
        patch.setattr(transport, "TIMEOUT", (5.0, 0.1))
        crm.dolibarr.configure(latency_ms=500)
        assert crm.read() is False

    # The first call that took too long ended the run: the second record did not wait for a timeout of its own.
    assert len(crm.dolibarr.calls("GET")) == before + 1
    assert crm.pending() == 2
    assert crm.customer(linked).phone is None
    crm.dolibarr.heal()
    crm.read()
    assert [crm.customer(each).phone for each in (linked, other)] == ["+33 4", "+33 4"]
    assert crm.pending() == 0


@pytest.mark.parametrize("is_read_between", [False, True])
def test_notifications_out_of_order_end_with_what_dolibarr_has(crm, is_read_between):
    linked = crm.link()
    crm.change_theirs(linked, phone="+33 1")
    crm.change_theirs(linked, phone="+33 2")

    # The later change is reported first, and a deletion that was rolled back last.
    for code, phone in (
        ("COMPANY_MODIFY", "+33 2"),
        ("COMPANY_MODIFY", "+33 1"),
        ("COMPANY_DELETE", "+33 1"),
    ):
        crm_post(crm, linked.dolibarr_id, code, phone=phone)
        if is_read_between:
            crm.read()
    crm.read()

    assert crm.customer(linked).phone == "+33 2"
    assert [link.dolibarr_id for link in crm.links()] == [linked.dolibarr_id]
    assert (crm.pending(), open_alerts(crm)) == (0, [])


@pytest.mark.parametrize("is_read_between", [False, True])
def test_a_change_that_is_reported_after_the_deletion_unlinks_once(crm, is_read_between):
    linked = crm.link()
    crm.change_theirs(linked, phone="+33 1")
    crm.dolibarr.staff("DELETE", f"/thirdparties/{linked.dolibarr_id}")

    for code in ("COMPANY_DELETE", "COMPANY_MODIFY"):
        crm_post(crm, linked.dolibarr_id, code)
        if is_read_between:
            crm.read()
    crm.read()

    assert (crm.links(), crm.customer(linked).phone) == ([], None)
    assert [entry.details["reason"] for entry in audited(crm.brand, "crm_unlinked")] == ["deleted"]
    assert open_alerts(crm) == [AlertKind.CRM_UNLINKED]


def test_a_refused_key_loses_nothing(crm):
    linked = crm.link()
    crm.change_theirs(linked, phone="+33 4")
    crm.dolibarr.configure(bad_key_seconds=0)
    crm.dolibarr.change_user(key="another-key")

    crm.poll()
    crm.dolibarr.change_user(key=crm.dolibarr.key)
    crm.poll()

    assert crm.customer(linked).phone == "+33 4"


def test_a_brand_that_switched_its_crm_off_reads_nothing(crm):
    linked = crm.link()
    crm_post(crm, linked.dolibarr_id)
    read_before = len(crm.dolibarr.calls("GET"))
    with atomic(crm.brand.id):
        db.session.get_one(Tenant, crm.brand.id).crm_switched_on_at = None

    crm.read()

    assert crm.pending() == 0
    assert len(crm.dolibarr.calls("GET")) == read_before


def crm_post(crm, dolibarr_id, code="COMPANY_MODIFY", **fields):
    """Post what Dolibarr's webhook module would, without a change there."""
    receive_notification(crm.brand.id, {"triggercode": code, "object": {"id": str(dolibarr_id), **fields}})


def crm_notifications_due() -> None:
    db.session.execute(update(CrmNotification).values(next_attempt_at=utc_now()))


def open_alerts(crm):
    with atomic(crm.brand.id):
        return [alert.kind for alert in alerts.list_alerts(crm.brand.id)]
