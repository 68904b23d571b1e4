"""Goods in a browser, on a phone without JavaScript and on a desktop: country, postage, address, Stripe's page."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.windows import fits
from tests.support.checkout_pages import orders_of
from tests.support.factories import BUYER, Brand
from tests.support.shipping import ZONES
from tests.support.stripe_sandbox import deliver_events

pytestmark = pytest.mark.usefixtures("app_context")


def test_a_buyer_abroad_sees_the_postage_enters_the_address_by_keyboard_and_pays(
    page: Page, served: str, make_brand: Callable[..., Brand], look: Callable[[str], None]
) -> None:
    shop = make_brand(shipping_zones=ZONES, brand_color="#D4AF37", brand_background="#0F0B19")
    page.goto(f"{served}/checkout/{shop.slug}/cap")
    expect(page.locator(".total")).to_have_text(re.compile("23,90"))
    look("goods")
    assert fits(page)
    page.get_by_label("Pays").select_option(label="Grèce")
    page.get_by_role("button", name="Afficher les frais de port de ce pays").click()
    expect(page.locator(".total")).to_have_text(re.compile("31,90"))
    for label, text in (
        ("Adresse e-mail", BUYER),
        ("Nom du destinataire", "Ελένη Παπαδοπούλου"),
        ("Adresse (numéro et rue)", "Οδός Αθηνών 5"),
        ("Code postal", "105 51"),
        ("Ville", "Αθήνα"),
        ("Téléphone (pour le transporteur)", "210"),
    ):
        page.get_by_label(label, exact=True).fill(text)
    # Enter pays, and does not only show the postage.
    page.get_by_label("Ville", exact=True).press("Enter")
    expect(page.locator("#error-phone")).to_be_visible()
    look("goods-refused")
    assert fits(page)
    page.get_by_label("Téléphone (pour le transporteur)", exact=True).fill("+30 210 1234567")
    page.get_by_role("button", name="Payer").click()
    expect(page.locator("#total")).to_be_visible()
    page.get_by_label("Card that succeeds", exact=True).check()
    page.get_by_role("button", name=re.compile("^Pay ")).click()
    deliver_events(shop)
    expect(page.get_by_role("heading", name="Merci !")).to_be_visible(timeout=20_000)
    [order] = orders_of(shop)
    assert (order.shipping_address or {})["city"] == "Αθήνα"
