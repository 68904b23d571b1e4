"""The checkout with the longest names and with text from right to left, in every window."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from lumira.models import Order, OrderStatus
from tests.browser.test_checkout import pay_on_stripes_page
from tests.browser.windows import ALL, DESKTOP, PHONE, SMALLEST, Window, fits
from tests.support.checkout_pages import change_product
from tests.support.factories import BUYER, Brand, count
from tests.support.images import illustrate, picture
from tests.support.stripe_sandbox import deliver_events

pytestmark = pytest.mark.usefixtures("app_context")

#: 80 characters without a place for a line break, and 80 with many.
UNBROKEN = "Accompagnementindividuel" * 3 + "pendantl"
SPACED = "Une lecture complète de votre carte du ciel, avec un entretien de trois heures."
HEBREW = "קריאה אישית של מפת הלידה (50 €) - 3 שעות"


@pytest.mark.parametrize("name", [UNBROKEN, SPACED, HEBREW], ids=["unbroken", "spaced", "hebrew"])
@pytest.mark.parametrize("window", [SMALLEST, PHONE, DESKTOP], ids=str)
def test_any_name_fits_the_shop_the_product_and_the_cart(
    open_window: Callable[[Window], Page], window: Window, served: str, tenant: Brand, name: str
) -> None:
    for product in ("mystique", "strict"):
        change_product(tenant, product, name=name, description=name)
    illustrate(tenant, "mystique", picture(500, 1400))
    page = open_window(window)
    for path in ("", "/mystique", "?items=mystique,strict"):
        page.goto(f"{served}/checkout/{tenant.slug}{path}")
        expect(page.get_by_role("heading", name=name).first).to_be_visible()
        assert fits(page), path


def test_a_name_from_right_to_left_is_read_in_its_own_direction(
    open_window: Callable[[Window], Page], served: str, tenant: Brand
) -> None:
    change_product(tenant, "mystique", name=HEBREW)
    page = open_window(PHONE)
    page.goto(f"{served}/checkout/{tenant.slug}/mystique")
    heading = page.get_by_role("heading", level=1, name=HEBREW)
    assert heading.evaluate("element => getComputedStyle(element).direction") == "rtl"
    assert page.evaluate("getComputedStyle(document.body).direction") == "ltr"


@pytest.mark.parametrize("window", ALL, ids=str)
def test_a_buyer_pays_with_the_keyboard_alone(
    open_window: Callable[[Window], Page], window: Window, served: str, tenant: Brand
) -> None:
    page = open_window(window)
    page.goto(f"{served}/checkout/{tenant.slug}/mystique")
    for typed in (BUYER, "Zoé Durand"):
        page.keyboard.press("Tab")
        page.keyboard.type(typed)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    pay_on_stripes_page(page, "Card that succeeds")
    expect(page.get_by_role("heading", name="Nous attendons votre paiement")).to_be_visible()
    deliver_events(tenant)
    page.reload()
    expect(page.get_by_role("heading", name="Merci !")).to_be_visible()
    assert count(tenant, Order, status=OrderStatus.COMPLETED) == 1


def test_the_page_that_waits_for_a_payment_replaces_its_text_and_stays(
    open_window: Callable[[Window], Page], served: str, tenant: Brand
) -> None:
    page = open_window(PHONE)
    page.goto(f"{served}/checkout/{tenant.slug}/mystique")
    page.get_by_label("Adresse e-mail").fill(BUYER)
    page.get_by_role("button", name="Payer").click()
    pay_on_stripes_page(page, "Card that succeeds")
    expect(page.get_by_role("heading", name="Nous attendons votre paiement")).to_be_visible()
    page.evaluate("document.body.dataset.seen = 'yes'")
    deliver_events(tenant)

    expect(page.get_by_role("heading", name="Merci !")).to_be_visible(timeout=20_000)
    expect(page).to_have_title(re.compile(rf"^Merci ! . {tenant.name}$"))
    expect(page.locator("body[data-seen=yes]")).to_have_count(1)


@pytest.mark.parametrize("window", [PHONE, DESKTOP], ids=str)
def test_an_image_moves_nothing_when_it_arrives(
    open_window: Callable[[Window], Page], window: Window, served: str, tenant: Brand
) -> None:
    illustrate(tenant, "mystique", picture(1200, 800), alt_fr="Une carte")
    page = open_window(window)
    page.add_init_script(
        """window.moved = 0;
        new PerformanceObserver(list => list.getEntries().forEach(each => { window.moved += each.value; }))
          .observe({type: "layout-shift", buffered: true});"""
    )
    page.route("**/*.webp", lambda route: (page.wait_for_timeout(300), route.continue_()))
    page.goto(f"{served}/checkout/{tenant.slug}/mystique")
    image = page.get_by_role("img", name="Une carte")
    expect(image).to_be_visible()
    expect(image).to_have_js_property("complete", value=True)
    expect(image).not_to_have_js_property("naturalWidth", 0)
    page.wait_for_timeout(200)
    assert page.evaluate("window.moved") == 0
