"""An operator looks after customers, the catalog and the set-up, on a phone and a desktop screen."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from playwright.sync_api import Page, expect

from lumira.models import Language
from lumira.notifications import relay
from lumira.services.customers.view_customers import view_customer
from tests.browser.accessibility import serious_findings
from tests.browser.navigation import go_to
from tests.browser.windows import DESKTOP, PHONE, Window, fits
from tests.support import files, refunds
from tests.support.dashboard import Operator, make_operator
from tests.support.factories import BUYER, Brand, load_order, open_cart

pytestmark = pytest.mark.usefixtures("app_context")


def enter(page: Page, served: str, tenant: Brand, operator: Operator) -> None:
    page.goto(f"{served}/dashboard/-/sign-in")
    page.locator("[name=email]").fill(operator.email)
    page.locator("[name=password]").fill(operator.password)
    page.locator("[name=code]").fill(operator.code())
    page.locator("main button[type=submit]").click()
    page.wait_for_url(f"**/dashboard/{tenant.slug}")


def test_an_erasure_asks_for_password_and_code_once_more(
    page: Page, served: str, tenant: Brand, look
) -> None:
    opened = refunds.pay(tenant)
    relay.relay(tenant.id)
    operator = make_operator(tenant, language=Language.FRENCH)
    enter(page, served, tenant, operator)
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=11), tick=True):
        go_to(page, "Clients")
        page.get_by_role("link", name=BUYER).click()
        page.get_by_role("link", name="Effacer les données").click()
        look("dashboard-erase")
        page.get_by_label("Pour confirmer").fill(BUYER)
        page.get_by_role("button", name="Effacer définitivement").click()
        # Nothing happened yet: the operator's identity is confirmed first.
        assert load_order(tenant, opened.order_number).customer_email == BUYER
        page.locator("[name=password]").fill(operator.password)
        page.locator("[name=code]").fill(operator.code())
        page.locator("main button[type=submit]").click()
        page.get_by_label("Pour confirmer").fill(BUYER)
        page.get_by_role("button", name="Effacer définitivement").click()
        expect(page.get_by_role("status")).to_contain_text("Effacé : 1 commandes")
        look("dashboard-erased")
    assert load_order(tenant, opened.order_number).customer_email is None


def test_a_copied_checkout_link_sells_the_product(page: Page, served: str, tenant: Brand) -> None:
    enter(page, served, tenant, make_operator(tenant, language=Language.FRENCH))
    go_to(page, "Catalogue")
    page.get_by_role("link", name="Niveau Mystique", exact=True).click()
    page.goto(page.get_by_label("Lien de paiement").input_value())
    expect(page.get_by_role("heading", name="Niveau Mystique")).to_be_visible()


@pytest.mark.parametrize("window", [PHONE, DESKTOP.in_english()], ids=str)
def test_no_page_excludes_anyone(
    open_window: Callable[[Window], Page], window: Window, served: str, tenant: Brand
) -> None:
    page = open_window(window)
    enter(page, served, tenant, make_operator(tenant, language=Language.FRENCH))
    # Long words without a place for a line break.
    files.contain(tenant, "mystique", "carte", "x" * 64)
    files.promise(tenant, "mystique", "lecture", "x" * 64)
    refunds.pay(tenant, customer_name="Ana " + "x" * 76)
    open_cart(tenant, {"shirt": 2}, customer_email="other@example.com")
    customer = f"/customers/{view_customer(tenant.id, BUYER).customer.id}"
    paths = ("/customers", "/customers?q=nothing", customer, f"{customer}/erase")
    paths += (f"{customer}/merge", f"{customer}/merge?into=other%40example.com")
    paths += ("/catalog", "/catalog/mystique", "/catalog/shirt", "/catalog/integrale/edit")
    paths += ("/catalog/-/new", *(f"/catalog/-/new?kind={kind}" for kind in ("level", "digital", "physical")))
    paths += ("/settings", "/set-up")
    for path in paths:
        page.goto(f"{served}/dashboard/{tenant.slug}{path}")
        page.evaluate("document.querySelectorAll('main details').forEach(each => each.open = true)")
        assert serious_findings(page) == [], path
        assert fits(page), path
    page.locator("main button[type=submit]").click()
    expect(page.get_by_role("table")).to_be_visible()
    assert serious_findings(page) == []
    assert fits(page)
