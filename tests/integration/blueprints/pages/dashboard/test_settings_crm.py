"""Owners connect their shop to Dolibarr in the dashboard: form, check in plain words, switch, and queue."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from lumira.database import atomic, db
from lumira.models import AuditEntry, CrmTask, CrmTaskKind, CrmTaskState, Order, Role
from lumira.repositories.orders import orders
from lumira.services.crm.view_connection import view_connection
from tests.support import factories
from tests.support.dashboard import make_operator, sign_in
from tests.support.dolibarr import DolibarrSandbox
from tests.support.factories import Brand

pytestmark = pytest.mark.usefixtures("app_context")


def path(brand: Brand) -> str:
    return f"/dashboard/{brand.slug}/settings/crm"


def fields(dolibarr: DolibarrSandbox, **changes: str) -> dict[str, str]:
    return {
        "crm_url": dolibarr.url,
        "crm_api_key": dolibarr.key,
        "crm_bank_account": "1",
        "crm_payment_type": "6",
        "crm_lost_disputes": "credit_note",
        **changes,
    }


def actions(brand: Brand) -> list[str]:
    with atomic(brand.id):
        return list(db.session.execute(select(AuditEntry.action).order_by(AuditEntry.id)).scalars())


def park(brand: Brand, *, reason: str = "wrong_key") -> UUID:
    """Park the order of a sale, as if Dolibarr had refused it."""
    opened = factories.open_payment(brand)
    with atomic(brand.id):
        order = orders.get_order(brand.id, opened.order_number)
        task = CrmTask(
            tenant_id=brand.id,
            kind=CrmTaskKind.ORDER,
            subject=str(order.id),
            customer_id=order.customer_id,
            order_id=order.id,
            state=CrmTaskState.PARKED,
            reason=reason,
            reason_text="Dolibarr said no",
        )
        db.session.add(task)
        db.session.flush()
        return task.id


def test_a_shop_is_connected_checked_and_switched_on(browser, tenant, dolibarr_server) -> None:
    assert browser.submit(path(tenant), **fields(dolibarr_server)).status_code == 303
    assert "Not checked since the last change" in browser.get(path(tenant)).text
    assert "can be switched on when" in browser.get(path(tenant)).text
    assert browser.submit(f"{path(tenant)}/check").status_code == 303
    page = browser.get(path(tenant)).text
    assert "Switch on" in page
    assert dolibarr_server.key not in page
    assert browser.submit(f"{path(tenant)}/on").status_code == 303
    assert "Sales are written since" in browser.get(path(tenant)).text
    assert browser.submit(f"{path(tenant)}/off").status_code == 303
    assert browser.submit(f"{path(tenant)}/remove").status_code == 303
    assert view_connection(tenant.id).settings is None
    assert [action for action in actions(tenant) if action.startswith("crm_")] == [
        "crm_connection_set",
        "crm_switched_on",
        "crm_switched_off",
        "crm_connection_removed",
    ]


def test_a_check_says_in_both_languages_what_is_wrong_and_what_to_do(app, tenant, dolibarr_server) -> None:
    browser = sign_in(app, make_operator(tenant))
    browser.submit(path(tenant), **fields(dolibarr_server, crm_api_key="no-key-of-theirs"))
    browser.submit(f"{path(tenant)}/check")
    assert "Dolibarr does not know the API key" in browser.get(path(tenant)).text
    browser.submit("/dashboard/-/language", language="fr")
    assert "Dolibarr ne connaît pas la clé d" in browser.get(path(tenant)).text


def test_another_url_needs_the_key_again_and_gets_no_call_before(
    browser, tenant, dolibarr_server, sandbox
) -> None:
    browser.submit(path(tenant), **fields(dolibarr_server))
    thief = DolibarrSandbox(sandbox.url)
    before = len(thief.calls())
    refused = browser.submit(path(tenant), **fields(dolibarr_server, crm_url=thief.url, crm_api_key=""))
    assert refused.status_code == 400
    assert "Enter the key again" in refused.text
    stored = view_connection(tenant.id)
    assert stored.settings is not None
    assert stored.settings.url == dolibarr_server.url
    assert len(thief.calls()) == before


@pytest.mark.parametrize("ending", ["/", "/api/index.php", "/api/index.php/explorer/", "/index.php"])
def test_an_address_is_stored_as_that_of_dolibarr_whatever_was_copied(
    browser, tenant, dolibarr_server, ending
) -> None:
    browser.submit(path(tenant), **fields(dolibarr_server, crm_url=dolibarr_server.url + ending))
    stored = view_connection(tenant.id).settings
    assert stored is not None
    assert stored.url == dolibarr_server.url


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("crm_url", "", "Enter the URL"),
        ("crm_url", "http://192.0.2.1", "must begin with https"),
        ("crm_url", "ftp://127.0.0.1", "must begin with https"),
        ("crm_url", "https://me:pw@dolibarr.example.com", "without user"),
        ("crm_api_key", "a b", "A key has no space"),
        ("crm_api_key", "clé", "A key has no space"),
        ("crm_bank_account", "0", "A whole number"),
        ("crm_bank_account", "9" * 30, "A whole number"),
        ("crm_entity", "-1", "A whole number"),
        ("crm_vat_rates", "tea", "One line for each product"),
        ("crm_vat_rates", "tea 5.5\ntea 20", "One line for each product"),
        ("crm_vat_rates", "tea 100", "One line for each product"),
        ("crm_vat_rates", "no-such-product 5.5", "has no product no-such-product"),
        ("crm_lost_disputes", "keep", "Choose from the list"),
    ],
)
def test_a_wrong_entry_is_named_and_changes_nothing(
    browser, tenant, dolibarr_server, field, value, message
) -> None:
    refused = browser.submit(path(tenant), **fields(dolibarr_server, **{field: value}))
    assert refused.status_code == 400
    assert message in refused.text
    assert dolibarr_server.key not in refused.text
    assert view_connection(tenant.id).settings is None


def test_vat_rates_by_product_are_stored_with_a_decimal_comma_too(browser, tenant, dolibarr_server) -> None:
    browser.submit(path(tenant), **fields(dolibarr_server, crm_vat_rates="mystique 5,5 %"))
    stored = view_connection(tenant.id).settings
    assert stored is not None
    assert stored.vat_rates == {"mystique": "5.50"}


def test_what_is_parked_is_shown_with_its_remedy_and_retried(browser, tenant, dolibarr_server) -> None:
    browser.submit(path(tenant), **fields(dolibarr_server))
    first, second = park(tenant), park(tenant, reason="module_off")
    page = browser.get(path(tenant)).text
    assert "Dolibarr does not know the API key" in page
    assert "Enable API REST" in page
    assert browser.submit(f"{path(tenant)}/tasks/{first}/retry").status_code == 303
    assert "connection to Dolibarr on first" in browser.get(path(tenant)).text
    browser.submit(f"{path(tenant)}/check")
    browser.submit(f"{path(tenant)}/on")
    browser.submit(f"{path(tenant)}/tasks/{first}/retry")
    assert states(tenant) == {first: "pending", second: "parked"}
    browser.submit(f"{path(tenant)}/tasks/{uuid4()}/retry")
    browser.submit(f"{path(tenant)}/retry")
    assert states(tenant) == {first: "pending", second: "pending"}
    assert actions(tenant).count("crm_retried") == 2


def states(brand: Brand) -> dict[UUID, str]:
    with atomic(brand.id):
        rows = db.session.execute(select(CrmTask).where(CrmTask.tenant_id == brand.id)).scalars()
        return {row.id: str(row.state) for row in rows}


def test_a_form_that_another_operator_overtook_is_refused_once(browser, tenant, dolibarr_server) -> None:
    browser.submit(path(tenant), **fields(dolibarr_server))
    seen = view_connection(tenant.id).fingerprint
    browser.submit(path(tenant), **fields(dolibarr_server, crm_bank_account="2"))
    overtaken = browser.submit(path(tenant), **fields(dolibarr_server, crm_bank_account="3"), seen=seen)
    assert "Another operator changed the connection" in overtaken.text


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.OWNER])
def test_only_owners_see_the_connection(app, tenant, role) -> None:
    assert sign_in(app, make_operator(tenant, role=role)).get(path(tenant)).status_code == 403


def test_an_order_shows_its_records_and_is_synced_again(browser, tenant, dolibarr_server) -> None:
    browser.submit(path(tenant), **fields(dolibarr_server))
    task_id = park(tenant)
    with atomic(tenant.id):
        number = db.session.execute(select(Order.order_number)).scalar_one()
    order_path = f"/dashboard/{tenant.slug}/orders/{number}"
    page = browser.get(order_path).text
    assert "Dolibarr does not know the API key" in page
    assert "to be repaired" in page
    browser.submit(f"{path(tenant)}/check")
    browser.submit(f"{path(tenant)}/on")
    browser.submit(f"{order_path}/crm")
    assert "what is missing or differs is written" in browser.get(order_path).text
    assert states(tenant) == {task_id: "pending"}
    assert actions(tenant)[-1] == "crm_synced"


def test_a_shop_without_a_connection_shows_nothing_of_it_on_orders(browser, tenant) -> None:
    opened = factories.open_payment(tenant)
    assert "Dolibarr" not in browser.get(f"/dashboard/{tenant.slug}/orders/{opened.order_number}").text
