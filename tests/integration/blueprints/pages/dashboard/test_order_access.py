"""An operator gives and changes access on the page of an order: what the form cannot mean changes nothing."""

import re

import pytest
from flask import Flask

from lumira.models import Language, Role
from lumira.services.customers.view_profile import view_profile
from tests.support import files, refunds
from tests.support.dashboard import OperatorBrowser, make_operator, sign_in
from tests.support.factories import Brand, load_order

pytestmark = pytest.mark.usefixtures("app_context")


def page_after(browser: OperatorBrowser, page: str, action: str, **fields: str) -> str:
    assert browser.submit(f"{page}/{action}", page=page, **fields).headers["Location"] == page
    return browser.get(page).text


@pytest.mark.parametrize("days", ["abc", "0", "-1", "36501", "99999", "1.5", "٣"])
def test_a_duration_that_is_no_number_of_days_gives_no_access(tenant: Brand, browser, days: str) -> None:
    number = refunds.pay(tenant).order_number
    page = f"/dashboard/{tenant.slug}/orders/{number}"
    shown = page_after(browser, page, "access", product="intuitive", days=days)
    assert "The duration is a whole number of days" in shown
    customer_id = load_order(tenant, number).customer_id
    assert customer_id is not None
    grants = view_profile(tenant.id, customer_id).view.grants
    assert [each.product_id for each in grants] == ["mystique"]


def test_an_impossible_product_id_is_not_found(tenant: Brand, browser) -> None:
    page = f"/dashboard/{tenant.slug}/orders/{refunds.pay(tenant).order_number}"
    for change in ("revoke", "restore"):
        assert "Nothing was changed. The object does not exist" in page_after(
            browser, page, f"access/%00/{change}"
        )


def test_in_french_access_is_shown_with_the_products_name_its_reason_and_a_space_before_the_colon(
    app: Flask, tenant: Brand
) -> None:
    number = refunds.pay(tenant).order_number
    [line] = load_order(tenant, number).lines
    browser = sign_in(app, make_operator(tenant, Role.VIEWER, language=Language.FRENCH))
    page = browser.get(f"/dashboard/{tenant.slug}/orders/{number}").text
    assert re.search(rf"Accès ouvert <span[^>]*>{line.product_name}\xa0: payé</span>", page)
    assert f"{line.product_name}\xa0: ouvert, payé" in page
    assert f"{line.product_id}: " not in page


def test_in_french_a_deliverable_without_a_file_says_so(app: Flask, tenant: Brand) -> None:
    order = files.buy_promise(tenant, "lecture")
    browser = sign_in(app, make_operator(tenant, Role.VIEWER, language=Language.FRENCH))
    page = browser.get(f"/dashboard/{tenant.slug}/orders/{order.order_number}").text
    assert "\xa0: à faire, aucun fichier" in page
    assert "0 fichiers" not in page
