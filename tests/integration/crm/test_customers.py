"""A customer's third party: found, attached, chosen, kept the same, merged and closed."""

from uuid import UUID

import pytest

from lumira.database import atomic
from lumira.errors import ChangedMeanwhile
from lumira.models import CrmElement, Customer
from lumira.repositories.customers import customers
from lumira.services.crm.choose_third_party import NEW, choose_third_party
from lumira.services.customers.merge_customers import merge_customers
from lumira.services.orders.change_address import change_address
from lumira.services.privacy.erase_customer import erase_customer
from lumira.services.privacy.export_customer import export_customer
from tests.support import crm
from tests.support.crm import assert_written_once
from tests.support.dolibarr import DolibarrSandbox
from tests.support.factories import BUYER, Brand, open_payment


def staff_create(server: DolibarrSandbox, name: str, email: str = BUYER) -> int:
    return int(server.staff("POST", "/thirdparties", name=name, email=email, client=1))


def customer_of(brand: Brand, email: str = BUYER) -> Customer:
    with atomic(brand.id):
        found = customers.find_by_reference(brand.id, email)
    assert found is not None
    return found


def third_party(server: DolibarrSandbox, lumira_id: UUID) -> dict:
    [found] = [
        row for row in server.third_parties() if row.get("extra", {}).get("lumira_id") == str(lumira_id)
    ]
    return found


def test_the_one_third_party_with_the_address_is_attached_and_keeps_the_name_that_staff_wrote(
    shop: Brand, dolibarr_server: DolibarrSandbox
) -> None:
    own = staff_create(dolibarr_server, "Lovelace, Ada")
    order = crm.buy(shop, customer_name="Ada Lovelace")
    crm.sync(shop)

    [found] = dolibarr_server.third_parties()
    assert (found["id"], found["name"]) == (own, "Lovelace, Ada")
    assert found["extra"]["lumira_id"] == str(order.customer_id)
    assert_written_once(shop, dolibarr_server, order)


@pytest.mark.parametrize("is_new", [False, True])
def test_an_operator_chooses_among_several_third_parties(
    shop: Brand, dolibarr_server: DolibarrSandbox, is_new: bool
) -> None:
    known = [staff_create(dolibarr_server, "Ada"), staff_create(dolibarr_server, "Ada L.")]
    order = crm.buy(shop)
    crm.sync(shop, turns=2)
    [task] = [task for task in crm.tasks(shop) if task.reason is not None]
    assert (task.reason, task.details["candidates"]) == ("several_third_parties", known)
    assert [each["name"] for each in task.details["described"]] == ["Ada", "Ada L."]

    with pytest.raises(ChangedMeanwhile):
        choose_third_party(shop.id, task.customer_id, 999, actor="test")
    choose_third_party(shop.id, task.customer_id, NEW if is_new else known[1], actor="test")
    assert "Ada" not in str([task.details for task in crm.tasks(shop)])
    crm.sync(shop)

    found = third_party(dolibarr_server, customer_of(shop).id)
    assert (found["id"] in known) is not is_new
    assert is_new or found["id"] == known[1]
    assert_written_once(shop, dolibarr_server, order)


def test_an_erasure_removes_the_third_parties_among_which_an_operator_chooses(
    shop: Brand, dolibarr_server: DolibarrSandbox
) -> None:
    for name in ("Ada", "Ada L."):
        staff_create(dolibarr_server, name)
    crm.buy(shop)
    crm.sync(shop, turns=2)
    assert "Ada L." in str([task.details for task in crm.tasks(shop)])

    erase_customer(shop.id, BUYER, actor="test")

    assert {str(task.details) for task in crm.tasks(shop)} == {"{}"}


def test_a_third_party_of_another_shop_with_the_address_is_left_alone(
    shop: Brand, make_brand, dolibarr_server: DolibarrSandbox
) -> None:
    other = make_brand()
    crm.connect(other, dolibarr_server)
    crm.buy(shop)
    crm.buy(other)
    crm.sync(shop)
    crm.sync(other)

    assert len(dolibarr_server.third_parties()) == 2
    assert len({row["extra"]["lumira_id"] for row in dolibarr_server.third_parties()}) == 2


def test_a_name_that_is_learned_later_is_sent_and_one_that_staff_changed_is_not_overwritten(
    shop: Brand, dolibarr_server: DolibarrSandbox
) -> None:
    crm.buy(shop)
    crm.sync(shop)
    [found] = dolibarr_server.third_parties()
    assert found["name"] == BUYER
    crm.buy(shop, "intuitive", customer_name='Ada <b>"Countess"</b>')
    crm.sync(shop)
    [found] = dolibarr_server.third_parties()
    assert found["name"] == "Ada Countess"

    dolibarr_server.staff("PUT", f"/thirdparties/{found['id']}", name="Countess Ada")
    crm.buy(shop, "alchimique")
    crm.sync(shop)
    [found] = dolibarr_server.third_parties()
    assert found["name"] == "Countess Ada"


def test_a_long_name_is_cut_to_what_dolibarr_holds(shop: Brand, dolibarr_server: DolibarrSandbox) -> None:
    order = crm.buy(shop, customer_name="Ada " * 40)
    crm.sync(shop)

    [found] = dolibarr_server.third_parties()
    assert len(found["name"]) <= 128
    assert_written_once(shop, dolibarr_server, order)


def test_a_deleted_third_party_is_created_again_for_the_next_order(
    shop: Brand, dolibarr_server: DolibarrSandbox
) -> None:
    open_payment(shop, "simple")
    crm.sync(shop)
    [written] = dolibarr_server.orders()
    dolibarr_server.call("DELETE", f"/orders/{written['id']}")
    [found] = dolibarr_server.third_parties()
    assert dolibarr_server.call("DELETE", f"/thirdparties/{found['id']}").status_code == 200
    crm.buy(shop)
    crm.sync(shop)

    [again] = dolibarr_server.third_parties()
    assert again["id"] != found["id"]
    [link] = [link for link in crm.links(shop) if link.element is CrmElement.THIRD_PARTY]
    assert link.dolibarr_id == again["id"]


def test_a_merged_customer_gives_its_third_party_to_the_other_one_if_that_has_none(
    shop: Brand, dolibarr_server: DolibarrSandbox
) -> None:
    crm.buy(shop, customer_email="old@example.com")
    crm.sync(shop)
    with atomic(shop.id):
        target = customers.find_or_create(shop.id, email="new@example.com", name="Ada")
    merge_customers(shop.id, customer_of(shop, "old@example.com").id, target.id, actor="test")
    order = crm.buy(shop, "intuitive", customer_email="old@example.com")
    crm.sync(shop)

    [found] = dolibarr_server.third_parties()
    assert (found["extra"]["lumira_id"], found["email"]) == (str(target.id), "new@example.com")
    assert {row["socid"] for row in dolibarr_server.orders()} == {found["id"]}
    assert len([row for row in dolibarr_server.orders() if row["extra"]["lumira_id"] == str(order.id)]) == 1


def test_a_merged_customer_with_a_third_party_of_its_own_is_closed_there(
    shop: Brand, dolibarr_server: DolibarrSandbox
) -> None:
    crm.buy(shop, customer_email="old@example.com")
    crm.buy(shop, customer_email="new@example.com")
    crm.sync(shop)
    source, target = customer_of(shop, "old@example.com"), customer_of(shop, "new@example.com")
    merge_customers(shop.id, source.id, target.id, actor="test")
    crm.buy(shop, "intuitive", customer_email="old@example.com")
    crm.sync(shop)

    assert str(third_party(dolibarr_server, source.id)["status"]) == "0"
    kept = third_party(dolibarr_server, target.id)
    assert str(kept["status"]) == "1"
    assert [row["socid"] for row in dolibarr_server.orders()][-1] == kept["id"]


def test_an_erased_customer_is_closed_and_not_deleted_and_its_order_is_still_written(
    shop: Brand, dolibarr_server: DolibarrSandbox
) -> None:
    first = crm.buy(shop, customer_name="Ada Lovelace")
    crm.sync(shop)
    second = crm.buy(shop, "intuitive")
    erase_customer(shop.id, BUYER, actor="test")
    assert all(link.agreed is None for link in crm.links(shop))
    crm.sync(shop)

    [found] = dolibarr_server.third_parties()
    assert (found["name"], found["email"] or None, str(found["status"])) == ("Ada Lovelace", None, "0")
    assert_written_once(shop, dolibarr_server, first, second)


def test_a_customer_who_is_erased_before_the_first_order_is_written_has_no_name_there(
    shop: Brand, dolibarr_server: DolibarrSandbox
) -> None:
    order = crm.buy(shop, customer_name="Ada Lovelace")
    erase_customer(shop.id, BUYER, actor="test")
    crm.sync(shop)

    [found] = dolibarr_server.third_parties()
    assert found["name"].startswith("Client effacé")
    assert not found["email"]
    assert str(found["status"]) == "0"
    assert_written_once(shop, dolibarr_server, order)


def test_an_order_that_gets_another_address_belongs_to_that_customer_if_it_is_not_written_yet(
    shop: Brand, dolibarr_server: DolibarrSandbox
) -> None:
    order = crm.buy(shop, customer_email="typo@example.com")
    change_address(shop.id, order.id, "right@example.com", actor="test")
    crm.sync(shop)

    [written] = dolibarr_server.orders()
    assert written["socid"] == third_party(dolibarr_server, customer_of(shop, "right@example.com").id)["id"]


def test_an_export_contains_what_the_crm_knows_of_the_buyer(
    shop: Brand, dolibarr_server: DolibarrSandbox
) -> None:
    crm.buy(shop, customer_name="Ada")
    crm.sync(shop)
    rows = export_customer(shop.id, BUYER, actor="test").rows

    assert {row["element"] for row in rows["crm_links"]} == {"third_party", "order", "invoice"}
    assert len(rows["crm_tasks"]) == 3
