"""A customer in both directions: what one side changes reaches the other once, and nothing goes back and forth."""

from sqlalchemy import select

from lumira.database import atomic, db
from lumira.models import ContactField, CrmLink
from lumira.repositories.crm import crm_inboxes, crm_tasks
from lumira.services.crm.decide_conflict import Choice, decide_conflict, shown_of
from tests.support import crm as writing
from tests.support.crm_reading import CrmBrand, Linked


def sold(shop, dolibarr_server) -> tuple[CrmBrand, Linked]:
    """A buyer whose sale is in Dolibarr."""
    order = writing.buy(shop, customer_email="ada@example.com", customer_name="Ada Lovelace")
    with atomic(shop.id):
        crm_inboxes.ensure(shop.id)
    writing.sync(shop)
    with atomic(shop.id):
        link = db.session.execute(
            select(CrmLink).where(CrmLink.subject == str(order.customer_id))
        ).scalar_one()
    return CrmBrand(shop, dolibarr_server), Linked(order.customer_id, link.dolibarr_id)


def writes(server) -> int:
    return len(server.calls("PUT")) + len(server.calls("POST"))


def test_a_change_of_staff_comes_back_and_is_not_written_again(shop, dolibarr_server) -> None:
    brand, linked = sold(shop, dolibarr_server)
    brand.change_theirs(linked, phone="+33 1", town="Lyon")
    written = writes(dolibarr_server)

    brand.poll()
    with atomic(shop.id):
        crm_tasks.enqueue_change(shop.id, [linked.customer_id])
    writing.sync(shop)
    brand.poll()

    customer = brand.customer(linked)
    assert (customer.phone, customer.city) == ("+33 1", "Lyon")
    assert writes(dolibarr_server) == written
    assert brand.conflicts() == {}


def test_a_value_in_conflict_is_overwritten_on_neither_side(shop, dolibarr_server) -> None:
    brand, linked = sold(shop, dolibarr_server)
    brand.change_ours(linked, name="Ada King")
    brand.change_theirs(linked, name="Ada Byron")

    # The way out comes first, and the way in afterwards.
    with atomic(shop.id):
        crm_tasks.enqueue_change(shop.id, [linked.customer_id])
    writing.sync(shop)
    brand.poll()
    writing.sync(shop)

    assert brand.customer(linked).name == "Ada King"
    assert [row["name"] for row in dolibarr_server.third_parties()] == ["Ada Byron"]
    assert list(brand.conflicts()) == [ContactField.NAME]


def test_a_decision_for_lumira_is_written_to_dolibarr(shop, dolibarr_server) -> None:
    brand, linked = sold(shop, dolibarr_server)
    brand.change_ours(linked, name="Ada King")
    brand.change_theirs(linked, name="Ada Byron")
    brand.poll()
    [conflict] = brand.conflicts().values()

    decide_conflict(
        shop.id, linked.customer_id, ContactField.NAME, Choice.OURS, shown=shown_of(conflict), actor="test"
    )
    writing.sync(shop)
    brand.poll()

    assert [row["name"] for row in dolibarr_server.third_parties()] == ["Ada King"]
    assert brand.conflicts() == {}


def test_an_accepted_address_is_not_written_back(shop, dolibarr_server) -> None:
    brand, linked = sold(shop, dolibarr_server)
    brand.change_theirs(linked, email="king@example.com")
    brand.poll()
    [conflict] = brand.conflicts().values()
    decide_conflict(
        shop.id, linked.customer_id, ContactField.EMAIL, Choice.THEIRS, shown=shown_of(conflict), actor="test"
    )
    written = writes(dolibarr_server)

    with atomic(shop.id):
        crm_tasks.enqueue_change(shop.id, [linked.customer_id])
    writing.sync(shop)
    brand.poll()

    assert writes(dolibarr_server) == written
    assert [row["email"] for row in dolibarr_server.third_parties()] == ["king@example.com"]


def test_a_third_party_that_staff_merged_away_is_written_anew_with_the_next_sale(
    shop, dolibarr_server
) -> None:
    brand, linked = sold(shop, dolibarr_server)
    # Dolibarr deletes no third party with documents.
    kept = dolibarr_server.staff("POST", "/thirdparties", name="Kept")
    dolibarr_server.staff("PUT", f"/thirdparties/{kept}/merge/{linked.dolibarr_id}")
    brand.sweep()
    assert brand.customer(linked).name == "Ada Lovelace"

    writing.buy(shop, customer_email="ada@example.com")
    writing.sync(shop)

    with atomic(shop.id):
        of_customer = select(CrmLink).where(CrmLink.subject == str(linked.customer_id))
        live = db.session.execute(of_customer.where(CrmLink.unlinked_at.is_(None))).scalar_one()
    assert live.dolibarr_id != linked.dolibarr_id
