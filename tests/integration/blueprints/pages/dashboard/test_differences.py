"""Differences between customers and Dolibarr: both values are shown, an owner chooses, and both sides get it."""

import re
from uuid import uuid4

import pytest

from lumira.database import atomic, db
from lumira.models import ContactField, CrmTask, CrmTaskKind, CrmTaskState, Customer, Language, Role
from lumira.repositories.alerts import alerts
from lumira.repositories.crm import crm_linked_records
from lumira.repositories.customers import customers
from lumira.services.access.view_access import view_access
from tests.support.crm_reading import CrmBrand, connect
from tests.support.dashboard import make_operator, sign_in
from tests.support.factories import count, load_order, open_payment
from tests.support.refunds import audited, pay

pytestmark = pytest.mark.usefixtures("app_context")


@pytest.fixture
def crm(tenant, dolibarr_server) -> CrmBrand:
    return connect(tenant, dolibarr_server)


def page_of(crm: CrmBrand) -> str:
    return f"/dashboard/{crm.brand.slug}/differences"


def conflict(crm: CrmBrand, **theirs: str):
    """A customer whose phone changed on both sides, and what Dolibarr has besides."""
    linked = crm.link(phone="+33 1")
    crm.change_ours(linked, phone="+33 2")
    crm.change_theirs(linked, phone="+33 3", **theirs)
    crm.poll()
    return linked


def decide(browser, crm: CrmBrand, linked, field: str, choice: str, *, seen: str | None = None):
    """Send the form of one value, as the page shows it."""
    path = f"{page_of(crm)}/{linked.customer_id}/{field}"
    if seen is None:
        shown = re.search(
            rf'action="{path}".*?name="seen" value="(\w+)"', browser.get(page_of(crm)).text, re.DOTALL
        )
        assert shown is not None
        seen = shown[1]
    return browser.submit(path, page=page_of(crm), seen=seen, choice=choice)


def agreed(crm: CrmBrand, linked) -> dict[ContactField, str | None]:
    with atomic(crm.brand.id):
        link = crm_linked_records.lock_of_customer(crm.brand.id, str(linked.customer_id))
        return crm_linked_records.agreed_of(link)


def test_without_differences_the_page_says_so_in_both_languages(app, tenant) -> None:
    for language, text in {
        Language.ENGLISH: "No difference waits for a decision.",
        Language.FRENCH: "Aucune divergence n’attend de décision.",  # noqa: RUF001
    }.items():
        viewer = sign_in(app, make_operator(tenant, Role.VIEWER, language=language))
        assert text in viewer.get(f"/dashboard/{tenant.slug}/differences").text


def test_both_values_are_shown_side_by_side_and_a_viewer_decides_nothing(app, crm) -> None:
    conflict(crm)

    page = sign_in(app, make_operator(crm.brand, Role.VIEWER)).get(page_of(crm)).text

    assert "+33 2" in page
    assert "+33 3" in page
    assert f"{crm.dolibarr.url}/societe/card.php?socid=1" in page
    assert 'name="choice"' not in page


def test_dolibarrs_value_becomes_the_customers(browser, crm) -> None:
    linked = conflict(crm)

    reply = decide(browser, crm, linked, "phone", "theirs")

    assert reply.status_code == 303
    assert "Phone: Dolibarr’s value is the customer’s now." in browser.get(page_of(crm)).text  # noqa: RUF001
    assert crm.customer(linked).phone == "+33 3"
    assert crm.conflicts() == {}
    assert agreed(crm, linked)[ContactField.PHONE] == "+33 3"
    [entry] = audited(crm.brand, "crm_conflict_decided")
    assert (entry.details["field"], entry.details["choice"]) == ("phone", "theirs")
    assert "+33" not in str(entry.details)
    with atomic(crm.brand.id):
        assert alerts.list_alerts(crm.brand.id) == []


def test_lumiras_value_is_kept_and_does_not_come_back_as_a_conflict(browser, crm) -> None:
    linked = conflict(crm)

    decide(browser, crm, linked, "phone", "ours")
    crm.poll()

    assert crm.customer(linked).phone == "+33 2"
    assert crm.conflicts() == {}
    # What differs from it now is sent.
    assert agreed(crm, linked)[ContactField.PHONE] == "+33 3"


def test_keeping_lumiras_value_lets_it_be_written(browser, crm) -> None:
    linked = conflict(crm)
    with atomic(crm.brand.id):
        task = CrmTask(
            tenant_id=crm.brand.id,
            kind=CrmTaskKind.CUSTOMER,
            subject=str(linked.customer_id),
            customer_id=linked.customer_id,
            state=CrmTaskState.PARKED,
            reason="bad_field",
        )
        db.session.add(task)

    decide(browser, crm, linked, "phone", "ours")

    assert count(crm.brand, CrmTask, state=CrmTaskState.PENDING) == 1


def test_values_that_changed_since_the_page_was_shown_are_not_decided(browser, crm) -> None:
    linked = conflict(crm)
    shown = re.search(r'name="seen" value="(\w+)"', browser.get(page_of(crm)).text)[1]
    crm.change_theirs(linked, phone="+33 4")
    crm.poll()

    decide(browser, crm, linked, "phone", "theirs", seen=shown)

    assert "Nothing was changed." in browser.get(page_of(crm)).text
    assert crm.customer(linked).phone == "+33 2"


@pytest.mark.parametrize(("field", "choice"), [("phone", "both"), ("password", "theirs"), ("phone", "")])
def test_what_is_no_choice_is_not_found(browser, crm, field, choice) -> None:
    linked = conflict(crm)

    assert decide(browser, crm, linked, field, choice, seen="x").status_code == 404
    assert len(crm.conflicts()) == 1


def test_an_accepted_address_leads_to_the_same_purchases_as_the_former_one(browser, crm) -> None:
    linked = crm.link("buyer@example.com", "A buyer")
    order = pay(crm.brand, customer_email="buyer@example.com")
    crm.change_theirs(linked, email="New@example.com")
    crm.poll()

    decide(browser, crm, linked, "email", "theirs")

    customer = crm.customer(linked)
    assert (customer.email, customer.email_key) == ("New@example.com", "new@example.com")
    for address in ("buyer@example.com", "new@example.com"):
        with atomic(crm.brand.id):
            assert customers.find_by_email(crm.brand.id, address).id == linked.customer_id
        assert view_access(crm.brand.id, customer_email=address, product_id="mystique").active
    placed = load_order(crm.brand, order.order_number)
    assert (placed.customer_email, placed.email_key) == ("buyer@example.com", "new@example.com")
    again = load_order(crm.brand, open_payment(crm.brand, customer_email="buyer@example.com").order_number)
    assert again.customer_id == linked.customer_id


def test_an_address_can_change_back(browser, crm) -> None:
    linked = crm.link("first@example.com", "A buyer")
    for email in ("second@example.com", "first@example.com"):
        crm.change_theirs(linked, email=email)
        crm.poll()
        decide(browser, crm, linked, "email", "theirs")
        assert crm.customer(linked).email == email

    assert count(crm.brand, Customer) == 2


def test_the_address_of_another_customer_merges_nobody(browser, crm) -> None:
    linked, other = crm.link(), crm.link("bob@example.com", "Bob")
    crm.change_theirs(linked, email="bob@example.com")
    crm.poll()

    decide(browser, crm, linked, "email", "theirs")

    assert "merge the two customers first" in browser.get(page_of(crm)).text
    assert crm.customer(linked).email == "ada@example.com"
    assert crm.customer(other).merged_into_id is None
    assert len(crm.conflicts()) == 1


def test_what_no_customer_can_have_is_not_offered(browser, crm) -> None:
    linked = crm.link()
    crm.change_theirs(linked, email="no address")
    crm.poll()

    assert 'value="theirs"' not in browser.get(page_of(crm)).text
    decide(browser, crm, linked, "email", "theirs")
    assert crm.customer(linked).email == "ada@example.com"


def test_another_brand_decides_nothing(browser, crm, other_tenant) -> None:
    linked = conflict(crm)
    path = f"/dashboard/{other_tenant.slug}/differences/{linked.customer_id}/phone"

    assert browser.submit(path, page=page_of(crm), choice="theirs", seen="x").status_code == 404
    assert len(crm.conflicts()) == 1


def ambiguous(crm: CrmBrand, *candidates: int) -> Customer:
    """A customer whose address several third parties have."""
    with atomic(crm.brand.id):
        customer = customers.find_or_create(crm.brand.id, email="ada@example.com", name="Ada " + "x" * 150)
        db.session.add(
            CrmTask(
                tenant_id=crm.brand.id,
                kind=CrmTaskKind.CUSTOMER,
                subject=str(customer.id),
                customer_id=customer.id,
                state=CrmTaskState.PARKED,
                reason="several_third_parties",
                details={
                    "candidates": list(candidates),
                    "described": [{"id": 7, "name": "Ada <b>", "town": "Lyon", "code": "CU2611-00007"}],
                    "chosen": None,
                },
            )
        )
        return customer


@pytest.mark.parametrize("chosen", [7, 0])
def test_an_operator_chooses_among_several_third_parties(browser, crm, chosen) -> None:
    customer = ambiguous(crm, 7, 8)
    page = browser.get(page_of(crm)).text
    assert "Ada &lt;b&gt; · Lyon · CU2611-00007" in page
    assert "Third party 8" in page

    path = f"{page_of(crm)}/{customer.id}/third-party"
    browser.submit(path, page=page_of(crm), third_party=str(chosen))

    with atomic(crm.brand.id):
        [task] = db.session.query(CrmTask).all()
        assert (task.state, task.details["chosen"]) == (CrmTaskState.PENDING, chosen)
    assert [entry.details["dolibarr_id"] for entry in audited(crm.brand, "crm_third_party_chosen")] == [
        chosen
    ]
    assert "Third party 8" not in browser.get(page_of(crm)).text


@pytest.mark.parametrize("chosen", ["9", "-1", "x", ""])
def test_only_a_candidate_can_be_chosen(browser, crm, chosen) -> None:
    customer = ambiguous(crm, 7, 8)

    browser.submit(f"{page_of(crm)}/{customer.id}/third-party", page=page_of(crm), third_party=chosen)

    assert "Nothing was changed." in browser.get(page_of(crm)).text
    assert count(crm.brand, CrmTask, state=CrmTaskState.PARKED) == 1


def test_a_long_list_has_pages(browser, crm, monkeypatch) -> None:
    monkeypatch.setattr("lumira.services.crm.view_differences.PAGE", 1)
    first = conflict(crm)
    second = crm.link("bob@example.com", "Bob")
    crm.change_theirs(second, email=f"{uuid4()}@example.com")
    crm.poll()

    page = browser.get(page_of(crm)).text
    following = re.search(r'href="([^"]+)" rel="next"', page)
    assert following is not None
    assert str(first.customer_id) in page
    assert str(second.customer_id) in browser.get(following[1].replace("&amp;", "&")).text


def test_an_owner_copies_the_address_of_notifications_and_replaces_it(browser, crm) -> None:
    settings = f"/dashboard/{crm.brand.slug}/settings/crm"
    former = crm.path
    assert former in browser.get(settings).text

    browser.submit(f"{settings}/notifications", page=settings)

    page = browser.get(settings).text
    assert former not in page
    assert crm.path in page
    assert [entry.action for entry in audited(crm.brand, "crm_secret_replaced")] == ["crm_secret_replaced"]
