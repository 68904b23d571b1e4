"""The accounting export excludes no one, on a phone and a desktop screen, with long names and without data."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page
from sqlalchemy import update

from lumira.database import atomic, db
from lumira.models import Tenant
from lumira.services.accounting.prepare_files import prepare_files
from tests.browser.accessibility import serious_findings
from tests.browser.test_dashboard_orders import enter
from tests.browser.windows import DESKTOP, PHONE, Window, fits
from tests.support.factories import Brand
from tests.support.ledger_year import YEAR, make_year
from tests.support.seller import WITH_VAT

pytestmark = pytest.mark.usefixtures("app_context")


@pytest.mark.parametrize("window", [PHONE, DESKTOP.in_english()], ids=str)
def test_the_accounting_export_excludes_no_one(
    open_window: Callable[[Window], Page], window: Window, served: str, tenant: Brand
) -> None:
    page = enter(open_window(window), served, tenant)
    path = f"{served}/dashboard/{tenant.slug}/accounting"
    page.goto(path)
    assert serious_findings(page) == []
    assert fits(page)
    with atomic(tenant.id):
        accounting = {"siren": "732829320"}
        values = {"livemode": True, "seller": WITH_VAT, "accounting": accounting}
        db.session.execute(update(Tenant).where(Tenant.id == tenant.id).values(values))
    make_year(tenant, sales=0)
    page.goto(f"{path}?from={YEAR}-01-01&to={YEAR}-12-31")
    page.locator("button[value=fec]").click()
    prepare_files(tenant.id, render=lambda _document, _language: b"")
    page.reload()
    assert page.locator("a[href*='/accounting/files/']").count() == 1
    assert serious_findings(page) == []
    assert fits(page)
