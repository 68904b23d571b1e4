"""An owner adds a product in the browser, with and without JavaScript, and a buyer buys it."""

import pytest
from playwright.sync_api import Page, expect

from lumira.models import Language
from tests.browser.windows import fits
from tests.support.dashboard import make_operator
from tests.support.factories import Brand

pytestmark = pytest.mark.usefixtures("app_context")


@pytest.fixture
def catalog(page: Page, served: str, tenant: Brand) -> Page:
    """The catalog, after its owner has signed in."""
    operator = make_operator(tenant, language=Language.FRENCH)
    page.goto(f"{served}/dashboard/-/sign-in")
    page.locator("[name=email]").fill(operator.email)
    page.locator("[name=password]").fill(operator.password)
    page.locator("[name=code]").fill(operator.code())
    page.locator("main button[type=submit]").click()
    page.wait_for_url(f"**/dashboard/{tenant.slug}")
    page.goto(f"{served}/dashboard/{tenant.slug}/catalog")
    return page


def test_a_refused_form_leads_to_its_fields_and_a_corrected_one_sells(
    catalog: Page, served: str, tenant: Brand, look
) -> None:
    look("catalog")
    catalog.get_by_role("link", name="Nouveau produit").click()
    look("catalog-kinds")
    catalog.get_by_role("link", name="Un bien physique").click()
    catalog.get_by_label("Nom", exact=True).fill("Tasse en grès " + "x" * 150)
    catalog.get_by_label("Description").fill("Émaillée à la main.")
    catalog.get_by_label("Prix").fill("0,10")
    catalog.get_by_label("Unités en main").fill("beaucoup")
    catalog.get_by_label("En vente").check()
    catalog.get_by_role("button", name="Ajouter le produit").click()
    expect(catalog.get_by_role("alert")).to_contain_text("corrigez les champs signalés")
    expect(catalog.get_by_label("Unités en main")).to_have_accessible_description(
        "Ce qui peut être vendu dès maintenant. Vous pourrez corriger ce compte. "
        "Écrivez un nombre entier d’unités, par exemple 20."  # noqa: RUF001
    )
    look("catalog-refused")
    assert fits(catalog)

    expect(catalog.get_by_text("0 (gratuit), ou 0,50\xa0€ au moins")).to_be_visible()
    catalog.get_by_label("Unités en main").fill("20")
    catalog.get_by_label("Prix").fill("24")
    catalog.get_by_role("button", name="Ajouter le produit").click()
    expect(catalog.get_by_role("status")).to_contain_text("Le produit a été ajouté")
    look("catalog-added")
    assert fits(catalog)
    catalog.goto(catalog.get_by_label("Lien de paiement").input_value())
    expect(catalog.get_by_role("heading", name="Tasse en grès")).to_be_visible()
