"""An owner connects a shop to Dolibarr: the page is read by everyone, on a phone as on a computer."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from lumira.domain.crm.settings import CrmSettings
from lumira.services.crm.change_connection import set_connection
from tests.browser.test_dashboard_orders import enter
from tests.browser.test_every_page import serious_findings
from tests.browser.windows import DESKTOP, PHONE, Window, fits
from tests.support.dolibarr import DolibarrSandbox
from tests.support.factories import Brand

pytestmark = pytest.mark.usefixtures("app_context")


@pytest.mark.parametrize("window", [PHONE, DESKTOP.in_english()], ids=["phone", "desktop"])
def test_what_a_check_finds_excludes_no_one(
    open_window: Callable[[Window], Page],
    window: Window,
    served: str,
    tenant: Brand,
    dolibarr_server: DolibarrSandbox,
) -> None:
    page = open_window(window)
    enter(page, served, tenant)
    address = f"{served}/dashboard/{tenant.slug}/settings/crm"
    page.goto(address)
    assert serious_findings(page) == []
    assert fits(page)
    set_connection(tenant.id, CrmSettings(dolibarr_server.url), api_key=dolibarr_server.key, actor="test")
    page.goto(address)
    page.locator("form[action$='/settings/crm/check'] button").click()
    expect(page.locator("#check ~ ul li").first).to_be_visible()
    assert serious_findings(page) == []
    assert fits(page)
