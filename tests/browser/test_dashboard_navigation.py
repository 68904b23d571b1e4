"""An operator reaches every page of a shop in every window, with the keyboard alone and without JavaScript."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from lumira.database import atomic, db
from lumira.models import Language, Role, Tenant
from lumira.pages.dashboard.frame import NAVIGATION
from tests.browser.accessibility import serious_findings
from tests.browser.navigation import open_menu
from tests.browser.windows import ALL, DESKTOP, PHONE, SMALLEST, Window, fits
from tests.support import refunds
from tests.support.dashboard import make_operator
from tests.support.factories import Brand

pytestmark = pytest.mark.usefixtures("app_context")

LONG_NAME = "Accompagnementindividuel" * 3 + " et lectures de cartes du ciel"
#: Tabs until the navigation is reached: the head of the page has few controls before it.
_MOST_TABS = 12


def enter(page: Page, served: str, brand: Brand, role: Role, language: Language) -> None:
    operator = make_operator(brand, role, language=language)
    page.goto(f"{served}/dashboard/-/sign-in")
    page.locator("[name=email]").fill(operator.email)
    page.locator("[name=password]").fill(operator.password)
    page.locator("[name=code]").fill(operator.code())
    page.locator("main button[type=submit]").click()
    page.wait_for_url(f"**/dashboard/{brand.slug}**")


def rename(brand: Brand, name: str) -> None:
    with atomic(brand.id):
        db.session.get_one(Tenant, brand.id).name = name


def press_until(page: Page, target: Locator) -> None:
    """Press the tabulator until the element has the focus."""
    for _ in range(_MOST_TABS):
        if target.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    expect(target).to_be_focused()


def small_targets(page: Page) -> list[str]:
    """What is lower than WCAG 2.2 asks of a target; a link in a line of text may be."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll("button, select, summary, header a, main th a")]
          .filter(each => each.checkVisibility() && !each.matches(".skip-link"))
          .filter(each => each.getBoundingClientRect().height < 24)
          .map(each => each.outerHTML)"""
    )
    return found


@pytest.mark.parametrize("language", Language)
def test_all_pages_stand_in_one_line_of_a_desktop_window(
    open_window: Callable[[Window], Page], served: str, tenant: Brand, language: Language
) -> None:
    rename(tenant, LONG_NAME)
    page = open_window(DESKTOP)
    enter(page, served, tenant, Role.OWNER, language)
    items = page.locator("nav.pages li")
    tops = {round(item.bounding_box()["y"]) for item in items.all()}  # type: ignore[index]
    assert items.count() >= 8
    assert len(tops) == 1
    for summary in page.locator("nav.pages summary").all():
        summary.click()
        assert fits(page)
        # One menu at a time.
        assert page.locator("nav.pages details[open]").count() == 1
        assert serious_findings(page) == []


@pytest.mark.parametrize("window", ALL, ids=str)
def test_a_page_of_a_group_is_opened_with_the_keyboard_alone(
    open_window: Callable[[Window], Page], served: str, tenant: Brand, window: Window
) -> None:
    page = open_window(window)
    enter(page, served, tenant, Role.OWNER, Language.FRENCH)
    menu = page.get_by_role("button", name="Menu", exact=True)
    if menu.is_visible():
        press_until(page, menu)
        page.keyboard.press("Enter")
    group = page.locator("nav.pages summary", has_text="Boutique")
    press_until(page, group)
    page.keyboard.press("Enter")
    link = page.get_by_role("link", name="Équipe", exact=True)
    press_until(page, link)
    page.keyboard.press("Enter")

    page.wait_for_url("**/team")
    expect(group).to_have_attribute("aria-current", "true")
    expect(page.locator("nav.pages a[aria-current=page]")).to_have_text("Équipe")


@pytest.mark.parametrize("window", [SMALLEST, PHONE.without_javascript()], ids=str)
def test_a_narrow_window_shows_the_pages_behind_a_button(
    open_window: Callable[[Window], Page], served: str, tenant: Brand, window: Window
) -> None:
    rename(tenant, LONG_NAME)
    page = open_window(window)
    enter(page, served, tenant, Role.OWNER, Language.FRENCH)
    orders = page.get_by_role("link", name="Commandes", exact=True)
    expect(orders).to_be_hidden()
    assert fits(page)
    open_menu(page)
    expect(orders).to_be_visible()
    for summary in page.locator("nav.pages summary").all():
        summary.click()
        assert fits(page)
        if window.javascript:
            assert serious_findings(page) == []
    page.get_by_role("button", name="Fermer le menu").click()
    expect(orders).to_be_hidden()


def test_escape_and_a_click_beside_it_close_a_menu(
    open_window: Callable[[Window], Page], served: str, tenant: Brand
) -> None:
    page = open_window(DESKTOP)
    enter(page, served, tenant, Role.OWNER, Language.FRENCH)
    group = page.locator("nav.pages summary", has_text="Technique")
    link = page.get_by_role("link", name="Webhooks", exact=True)
    group.click()
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(link).to_be_hidden()
    expect(group).to_be_focused()
    group.click()
    expect(link).to_be_visible()
    page.locator("main h1").click()
    expect(link).to_be_hidden()


@pytest.mark.parametrize("window", [PHONE, DESKTOP], ids=str)
def test_an_expert_sees_the_only_page_without_a_menu(
    open_window: Callable[[Window], Page], served: str, tenant: Brand, window: Window
) -> None:
    page = open_window(window)
    enter(page, served, tenant, Role.EXPERT, Language.FRENCH)
    pages = page.get_by_role("navigation", name="Pages de la boutique")
    expect(pages.get_by_role("link")).to_have_count(1)
    expect(pages.get_by_role("link", name="Livrables")).to_be_visible()
    expect(pages.get_by_role("button")).to_have_count(0)


@pytest.mark.parametrize("window", [PHONE, DESKTOP], ids=str)
def test_every_page_fits_the_window_and_has_targets_that_a_finger_hits(
    open_window: Callable[[Window], Page], served: str, tenant: Brand, window: Window
) -> None:
    rename(tenant, LONG_NAME)
    page = open_window(window)
    enter(page, served, tenant, Role.OWNER, Language.FRENCH)
    for is_empty in (True, False):
        if not is_empty:
            refunds.disputed(tenant, refunds.pay(tenant, customer_name=LONG_NAME))
            refunds.deliver_events(tenant)
        for entry in NAVIGATION:
            page.goto(f"{served}/dashboard/{tenant.slug}{entry.path}")
            assert fits(page), entry.name
            assert small_targets(page) == [], entry.name
