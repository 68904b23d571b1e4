"""The checkout in a browser, on small and large screens, with and without JavaScript."""

# ruff: noqa: RUF001 - French is written with these apostrophes

import re
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import update
from werkzeug.serving import make_server
from werkzeug.wrappers import Response

from lumira.database import atomic, db
from lumira.models import Order, OrderStatus, Product
from tests.browser.windows import fits
from tests.support import files, seller
from tests.support.factories import BUYER, Brand, count, set_stock
from tests.support.stripe_sandbox import deliver_events

pytestmark = pytest.mark.usefixtures("app_context")

LONG = "Accompagnement-individuel-" * 3 + "été"


@pytest.fixture
def shop(make_brand: Callable[..., Brand]) -> Brand:
    """A dark brand whose product has contents and a deliverable."""
    brand = make_brand(
        brand_color="#D4AF37", brand_background="#0F0B19", brand_radius=12, seller=seller.EXEMPT
    )
    files.contain(brand, "mystique", "carte", "guide du rituel")
    files.promise(brand, "mystique", "lecture")
    return brand


@pytest.fixture
def open_product(page: Page, served: str, shop: Brand) -> Callable[[str], None]:
    """Open the page of a product."""

    def go(product: str) -> None:
        reply = page.goto(f"{served}/checkout/{shop.slug}/{product}")
        assert reply is not None
        assert reply.status == 200

    return go


def pay_on_stripes_page(page: Page, method: str) -> None:
    expect(page.locator("#total")).to_be_visible()
    page.get_by_label(method, exact=True).check()
    page.get_by_role("button", name=re.compile("^Pay ")).click()


def test_a_buyer_pays_by_card_and_sees_the_order_confirmed(
    page: Page, shop: Brand, open_product: Callable[[str], None], look: Callable[[str], None]
) -> None:
    open_product("mystique")
    expect(page.get_by_role("heading", level=1, name="Niveau Mystique")).to_be_visible()
    look("checkout")
    assert fits(page)
    page.get_by_label("Adresse e-mail").fill(BUYER)
    page.get_by_role("button", name="Payer").click()

    pay_on_stripes_page(page, "Card that is declined")
    expect(page.get_by_role("alert")).to_be_visible()
    pay_on_stripes_page(page, "Card that succeeds")

    expect(page.get_by_role("heading", name="Nous attendons votre paiement")).to_be_visible()
    look("waiting")
    deliver_events(shop)
    # The page looks again by itself.
    expect(page.get_by_role("heading", name="Merci !")).to_be_visible(timeout=20_000)
    expect(page.get_by_text(BUYER)).to_be_visible()
    look("paid")
    assert count(shop, Order, status=OrderStatus.COMPLETED) == 1


def test_a_cart_is_paid_on_stripes_page(page: Page, served: str, shop: Brand) -> None:
    page.goto(f"{served}/checkout/{shop.slug}?items=shirt:2,cap:1")
    expect(page.get_by_text("2 × Chemise")).to_be_visible()
    page.get_by_label("Adresse e-mail").fill(BUYER)
    page.get_by_role("button", name="Payer").click()

    pay_on_stripes_page(page, "Card that succeeds")
    expect(page.get_by_role("heading", name="Nous attendons votre paiement")).to_be_visible()
    deliver_events(shop)

    expect(page.get_by_role("heading", name="Merci !")).to_be_visible(timeout=20_000)
    assert count(shop, Order, status=OrderStatus.COMPLETED) == 1


def test_a_double_click_a_reload_and_the_way_back_open_one_order(
    page: Page, shop: Brand, open_product: Callable[[str], None]
) -> None:
    open_product("shirt")
    page.reload()
    page.get_by_label("Adresse e-mail").fill(BUYER)
    page.get_by_role("button", name="Payer").dblclick()
    expect(page.locator("#total")).to_be_visible()

    page.go_back()
    page.get_by_label("Adresse e-mail").fill(BUYER)
    page.get_by_role("button", name="Payer").click()
    expect(page.locator("#total")).to_be_visible()

    page.get_by_role("link", name="Back to the shop").click()
    expect(page.get_by_role("heading", level=1, name="Chemise")).to_be_visible()
    assert count(shop, Order) == 1


def test_two_tabs_of_one_browser_open_one_order(page: Page, served: str, shop: Brand) -> None:
    other = page.context.new_page()
    for tab in (page, other):
        tab.goto(f"{served}/checkout/{shop.slug}/shirt")
    for tab in (page, other):
        tab.get_by_label("Adresse e-mail").fill(BUYER)
        tab.get_by_role("button", name="Payer").click()
        expect(tab.locator("#total")).to_be_visible()

    assert page.url == other.url
    assert count(shop, Order) == 1


def test_a_free_level_is_ordered_with_the_keyboard_alone(
    page: Page, shop: Brand, open_product: Callable[[str], None]
) -> None:
    open_product("simple")
    page.keyboard.press("Tab")
    page.keyboard.type(BUYER)
    page.keyboard.press("Tab")
    page.keyboard.type("Zoé Durand")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="Merci !")).to_be_visible()
    assert count(shop, Order, status=OrderStatus.COMPLETED) == 1


def test_the_last_unit_taken_in_between_is_said(
    page: Page, shop: Brand, open_product: Callable[[str], None], look: Callable[[str], None]
) -> None:
    open_product("shirt")
    set_stock(shop, "shirt", 0)
    page.get_by_label("Adresse e-mail").fill(BUYER)
    page.get_by_role("button", name="Payer").click()

    expect(page.get_by_role("alert")).to_contain_text("Il n’en reste plus assez")
    expect(page.get_by_role("button")).to_have_count(0)
    look("sold-out")
    assert count(shop, Order) == 0


def test_a_long_name_and_text_from_right_to_left_fit_the_page(
    page: Page, shop: Brand, open_product: Callable[[str], None], look: Callable[[str], None]
) -> None:
    with atomic(shop.id):
        owned = (Product.tenant_id == shop.id, Product.id == "mystique")
        db.session.execute(update(Product).where(*owned).values(name=LONG, description="קריאה אישית (50 €)"))
    open_product("mystique")
    expect(page.get_by_role("heading", level=1, name=LONG)).to_be_visible()
    look("long-name")
    assert fits(page)


def test_the_shop_lists_its_products_in_english(browser: Browser, served: str, shop: Brand) -> None:
    context = browser.new_context(locale="en-GB", java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{served}/checkout/{shop.slug}")
    expect(page.get_by_role("heading", level=1, name="Our shop")).to_be_visible()
    page.get_by_role("article", name="Niveau Mystique").get_by_role("link").click()
    expect(page.get_by_label("E-mail address")).to_be_visible()
    context.close()


def test_a_static_page_opens_the_checkout_by_a_button(browser: Browser, served: str, shop: Brand) -> None:
    example = (Path(__file__).parents[2] / "docs" / "examples" / "buttons.html").read_text()
    own = example.replace("http://127.0.0.1:8000", served).replace(
        "tasse-gres:2,carnet-lin:1", "shirt:2,cap:1"
    )
    own = own.replace("oracle-lumira", shop.slug).replace("boutique", shop.slug)
    context = browser.new_context(locale="fr-FR")
    page = context.new_page()
    # On another port it is another site.
    site = make_server("127.0.0.1", 0, Response(own, mimetype="text/html"), threaded=True)
    serving = threading.Thread(target=site.serve_forever)
    serving.start()
    page.goto(f"http://127.0.0.1:{site.server_port}/")

    opened = {}
    for name in ("Acheter", "Commander deux tasses et un carnet"):
        with context.expect_page() as tab:
            page.get_by_role("link", name=name).press("Enter")
        opened[name] = tab.value
    expect(opened["Acheter"].get_by_role("heading", level=1, name="Niveau Mystique")).to_be_visible()
    expect(opened["Commander deux tasses et un carnet"].get_by_text("Total : 137,00")).to_be_visible()
    context.close()
    site.shutdown()
    serving.join()
    site.server_close()
