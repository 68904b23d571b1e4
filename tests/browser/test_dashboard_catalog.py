"""An owner adds a product in the browser, with and without JavaScript, and a buyer buys it."""

# ruff: noqa: RUF001 - French is written with these apostrophes

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from lumira.models import Language, Order, OrderStatus
from tests.browser.navigation import go_to
from tests.browser.windows import PHONE, Window, fits
from tests.support import files, refunds, stripe_sandbox
from tests.support.dashboard import make_operator
from tests.support.factories import BUYER, Brand, count
from tests.support.images import picture
from tests.support.portal_pages import path_of

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
        "Écrivez un nombre entier d’unités, par exemple 20."
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


def test_a_product_added_with_a_picture_is_bought_on_a_phone(
    catalog: Page, open_window: Callable[[Window], Page], tenant: Brand, look
) -> None:
    catalog.get_by_role("link", name="Nouveau produit").click()
    catalog.get_by_role("link", name="Un bien physique").click()
    catalog.get_by_label("Nom", exact=True).fill("Tasse en grès")
    catalog.get_by_label("Prix").fill("24")
    catalog.get_by_label("Unités en main").fill("5")
    catalog.get_by_label("En vente").check()
    catalog.get_by_role("button", name="Ajouter le produit").click()
    catalog.get_by_label("Fichier de l’image").set_input_files(
        {"name": "tasse.jpg", "mimeType": "image/jpeg", "buffer": picture(kind="JPEG")}
    )
    catalog.get_by_label("Ce que montre l’image, en français").fill("Une tasse bleue")
    catalog.get_by_role("button", name="Envoyer l’image").click()
    # A process is started for the image.
    expect(catalog.get_by_role("status")).to_contain_text("L’image est en place", timeout=30_000)
    expect(catalog.get_by_role("img", name="Une tasse bleue")).to_be_visible()
    look("catalog-image")
    assert fits(catalog)

    buyer = open_window(PHONE)
    buyer.goto(catalog.get_by_label("Lien de paiement").input_value())
    expect(buyer.get_by_role("img", name="Une tasse bleue")).to_be_visible()
    assert fits(buyer)
    buyer.get_by_label("Adresse e-mail").fill(BUYER)
    buyer.get_by_role("button", name="Payer").click()
    expect(buyer.locator("#total")).to_be_visible()
    buyer.get_by_label("Card that succeeds", exact=True).check()
    buyer.get_by_role("button", name=re.compile("^Pay ")).click()
    expect(buyer.get_by_role("heading", name="Nous attendons votre paiement")).to_be_visible()
    stripe_sandbox.deliver_events(tenant)
    expect(buyer.get_by_role("heading", name="Merci !")).to_be_visible(timeout=20_000)
    assert count(tenant, Order, status=OrderStatus.COMPLETED) == 1

    go_to(catalog, "Commandes")
    catalog.locator("main table a").first.click()
    expect(catalog.get_by_text("Tasse en grès").first).to_be_visible()
    look("catalog-bought")


def test_a_digital_product_gets_a_content_and_a_file_that_its_buyer_downloads(
    catalog: Page, open_window: Callable[[Window], Page], served: str, tenant: Brand, look
) -> None:
    catalog.get_by_role("link", name="Nouveau produit").click()
    catalog.get_by_role("link", name="Un produit numérique").click()
    catalog.get_by_label("Nom", exact=True).fill("Tirage d’été")
    catalog.get_by_label("Prix").fill("12")
    catalog.get_by_label("En vente").check()
    catalog.get_by_role("button", name="Ajouter le produit").click()
    look("catalog-no-entries")
    catalog.get_by_text("Ajouter un contenu").click()
    contents = catalog.get_by_role("region", name="Contenus")
    contents.get_by_label("Titre").fill("Le guide")
    look("catalog-add-content")
    assert fits(catalog)
    contents.get_by_role("button", name="Ajouter", exact=True).click()
    expect(catalog.get_by_role("status")).to_contain_text("L’entrée a été ajoutée")
    catalog.get_by_label("Fichier pour : Le guide").set_input_files(
        {"name": "guide.pdf", "mimeType": "application/pdf", "buffer": files.PDF}
    )
    catalog.get_by_role("button", name="Envoyer le fichier").click()
    expect(catalog.get_by_role("status")).to_contain_text("Le fichier est en place")
    catalog.get_by_text("Renommer ou retirer : Le guide").click()
    look("catalog-content")
    assert fits(catalog)

    refunds.pay(tenant, "tirage-d-ete")
    buyer = open_window(PHONE)
    buyer.goto(served + path_of(tenant))
    with buyer.expect_download() as begun:
        buyer.get_by_role("link", name="Télécharger : Le guide").click()
    assert begun.value.suggested_filename == "guide.pdf"
    assert Path(begun.value.path()).read_bytes() == files.PDF
