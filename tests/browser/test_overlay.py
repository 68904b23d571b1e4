"""The button that opens the checkout over the page of a shop, on another site."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Frame, Page, Route, expect

from lumira.database import atomic
from lumira.models import Order, OrderStatus, PaymentPage
from lumira.repositories.tenants import tenants
from tests.browser.accessibility import serious_findings
from tests.browser.element import enter_card
from tests.browser.test_checkout import pay_on_stripes_page
from tests.browser.violations import list_violations
from tests.browser.windows import DESKTOP, PHONE, Window, opened
from tests.support.factories import BUYER, Brand, count
from tests.support.stripe_sandbox import deliver_events

pytestmark = pytest.mark.usefixtures("app_context")

FOREIGN = "other.example"


@pytest.fixture(params=[PHONE, DESKTOP], ids=str)
def window(request: pytest.FixtureRequest) -> Window:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
def open_site(
    browser: Browser, served: str, tenant: Brand, window: Window
) -> Iterator[Callable[[str], Page]]:
    """Return a function that opens a page with the button, on a host that the browser takes for a site of its own."""
    html = f"""<!DOCTYPE html><html lang="fr"><title>Une page</title><h1>Une page de la boutique</h1>
        <a href="#before">Un lien</a>
        <script src="{served}/checkout/{tenant.slug}/embed.js" data-product="mystique" data-open="overlay"></script>
        <a href="#after">Un autre lien</a>"""

    def answer(route: Route) -> None:
        route.fulfill(content_type="text/html; charset=utf-8", body=html)

    with opened(browser, window, hosts=(tenant.domain, FOREIGN)) as page:

        def go(host: str) -> Page:
            page.route(f"https://{host}/**", answer)
            page.goto(f"https://{host}/")
            return page

        yield go


def focused(page: Page) -> str:
    """The name of the element with the focus."""
    return str(
        page.evaluate(
            "document.activeElement.closest('dialog') ? 'overlay' : document.activeElement.textContent"
        )
    )


def press_escape_in(frame: Frame) -> None:
    """Press Escape in a frame that is removed by it, a moment later.

    Chromium may wait for ever for a frame to confirm a key that has removed the frame, so the key is the page's own.
    """
    frame.evaluate(
        """() => setTimeout(() => document.querySelector("input[type=email]").dispatchEvent(
             new KeyboardEvent("keydown", { key: "Escape", bubbles: true })))"""
    )


def test_a_buyer_orders_in_the_overlay_and_pays_in_the_whole_window(
    open_site: Callable[[str], Page], served: str, tenant: Brand
) -> None:
    page = open_site(tenant.domain)
    page.get_by_role("link", name="Acheter").click()
    frame = page.frame_locator("dialog iframe")
    expect(frame.get_by_role("heading", level=1, name="Niveau Mystique")).to_be_visible()
    assert serious_findings(page) == []
    # A frame of another site has no cookies, and needs none.
    assert page.context.cookies() == []

    frame.get_by_label("Adresse e-mail").fill(BUYER)
    frame.get_by_role("button", name="Payer").click()
    pay_on_stripes_page(page, "Card that succeeds")
    expect(page.get_by_role("heading", name="Nous attendons votre paiement")).to_be_visible()
    assert page.url.startswith(f"{served}/checkout/{tenant.slug}/orders/")
    deliver_events(tenant)
    page.reload()
    expect(page.get_by_role("heading", name="Merci !")).to_be_visible()
    assert count(tenant, Order, status=OrderStatus.COMPLETED) == 1


def test_the_overlay_leads_to_the_payment_element_of_a_shop_that_has_it(
    open_site: Callable[[str], Page], served: str, tenant: Brand
) -> None:
    with atomic(tenant.id):
        tenants.lock(tenant.id).payment_page = PaymentPage.ELEMENT
    page = open_site(tenant.domain)
    page.get_by_role("link", name="Acheter").click()
    frame = page.frame_locator("dialog iframe")
    frame.get_by_label("Adresse e-mail").fill(BUYER)
    frame.get_by_role("button", name="Continuer vers le paiement").click()

    page.wait_for_url(f"{served}/checkout/{tenant.slug}/orders/*/pay")
    enter_card(page)
    page.locator("#confirm").click()
    expect(page.get_by_role("heading", name="Merci !")).to_be_visible()
    assert count(tenant, Order, status=OrderStatus.COMPLETED) == 1


def test_the_overlay_keeps_the_focus_and_escape_returns_it(
    open_site: Callable[[str], Page], tenant: Brand
) -> None:
    page = open_site(tenant.domain)
    button = page.get_by_role("link", name="Acheter")
    button.press("Enter")
    frame = page.frame_locator("dialog iframe")
    expect(frame.get_by_label("Adresse e-mail")).to_be_visible()
    for _ in range(12):
        page.keyboard.press("Tab")
        # The page itself has it while it is in the browser's own bar.
        assert focused(page) not in ("Un lien", "Un autre lien", "Acheter")

    page.get_by_role("button", name="Fermer").focus()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(button).to_be_focused()

    button.press("Enter")
    expect(frame.get_by_label("Adresse e-mail")).to_be_visible()
    # The script that reports Escape is loaded after the page.
    page.frames[-1].wait_for_load_state()
    press_escape_in(page.frames[-1])
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(button).to_be_focused()


def test_the_page_of_another_site_cannot_frame_the_checkout(
    browser: Browser, open_site: Callable[[str], Page], tenant: Brand
) -> None:
    page = open_site(FOREIGN)
    page.get_by_role("link", name="Acheter").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.wait_for_timeout(500)
    assert [frame.url for frame in page.frames[1:]] == ["chrome-error://chromewebdata/"]
    violations = list_violations(browser)
    assert [violation for violation in violations if "frame-ancestors" not in violation] == []
    violations.clear()

    # What the shop's visitor can still do.
    with page.context.expect_page() as tab:
        page.get_by_role("link", name="Ouvrir dans un nouvel onglet").click()
    expect(tab.value.get_by_role("heading", level=1, name="Niveau Mystique")).to_be_visible()


def test_a_click_with_the_control_key_opens_a_new_tab(
    open_site: Callable[[str], Page], tenant: Brand
) -> None:
    page = open_site(tenant.domain)
    with page.context.expect_page() as tab:
        page.get_by_role("link", name="Acheter").click(modifiers=["Control"])
    expect(tab.value.get_by_role("heading", level=1, name="Niveau Mystique")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)
