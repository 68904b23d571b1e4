"""An owner changes the settings of a shop, and sees before saving how they look."""

# ruff: noqa: RUF001 - French is written with these apostrophes

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_dashboard_orders import enter
from tests.browser.test_every_page import serious_findings
from tests.browser.windows import DESKTOP, PHONE, Window, fits
from tests.support.factories import Brand

pytestmark = pytest.mark.usefixtures("app_context")


def test_the_brand_is_previewed_before_it_is_saved(page: Page, served: str, tenant: Brand, look) -> None:
    enter(page, served, tenant)
    page.goto(f"{served}/dashboard/{tenant.slug}/settings/brand")
    page.get_by_label("Couleur", exact=True).fill("#D4AF37")
    page.get_by_label("Fond", exact=True).fill("#0F0B19")
    page.get_by_label("Nom", exact=True).fill("Maison Été")
    page.get_by_role("button", name="Aperçu").click()
    expect(page.locator("#preview rect[fill='#D4AF37']")).to_have_count(2)
    expect(page.locator("#preview dl")).to_contain_text("Maison Été")
    look("dashboard-settings-brand")
    assert fits(page)
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.get_by_role("status")).to_contain_text("C’est enregistré")


@pytest.mark.parametrize("window", [PHONE, DESKTOP.in_english()], ids=str)
def test_no_page_of_the_settings_excludes_anyone(
    open_window: Callable[[Window], Page], window: Window, served: str, tenant: Brand
) -> None:
    page = open_window(window)
    enter(page, served, tenant)
    for path in (
        "settings",
        "settings/brand",
        "settings/seller",
        "settings/domains",
        "settings/sales",
        "alerts",
        "deliverables",
    ):
        page.goto(f"{served}/dashboard/{tenant.slug}/{path}")
        assert serious_findings(page) == [], path
        assert fits(page), path
    page.goto(f"{served}/dashboard/{tenant.slug}/settings/seller")
    page.get_by_label("Nom légal").fill("Maison Été SAS")
    page.get_by_label("Adresse", exact=True).fill("1 place Bellecour\n69002 Lyon")
    page.get_by_label("Taux de TVA").fill("20")
    # The preview follows what is typed; the script needs no button.
    expect(page.locator("#preview")).to_contain_text("1 place Bellecour")
    page.get_by_label("Numéro de TVA").fill("FR 12")
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.get_by_text("Doit être un code de pays")).to_be_visible()
    assert serious_findings(page) == []
    assert fits(page)
