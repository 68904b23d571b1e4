"""A withdrawal in a browser, on small and large screens, by keyboard, without JavaScript."""

# ruff: noqa: RUF001 - French is written with these apostrophes

import re
from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from config.settings import Settings
from lumira.models import MessageKind, Withdrawal
from tests.browser.windows import fits
from tests.support.factories import BUYER, Brand, count, load_order, open_cart
from tests.support.portal_pages import path_of, reached_at
from tests.support.refunds import deliver_events, pay
from tests.support.stripe_sandbox import pay_session
from tests.support.withdrawal_pages import linked_path, mails, portal_path

pytestmark = pytest.mark.usefixtures("app_context")

LONG = "Accompagnement-individuel-" * 3 + "été"
#: WCAG 2.2 at levels A and AA, as axe names its rules.
RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}


@pytest.fixture(autouse=True)
def public() -> Iterator[None]:
    with reached_at():
        yield


@pytest.fixture
def night(make_brand: Callable[..., Brand]) -> Brand:
    """A dark brand."""
    return make_brand(brand_color="#D4AF37", brand_background="#0F0B19", brand_radius=12)


@pytest.fixture
def check(page: Page, browser: Browser) -> Callable[[], None]:
    """Check that the page fits the window, and that axe finds nothing wrong with it."""

    def run() -> None:
        assert fits(page)
        # axe is a script: it looks at the same page in a window that runs scripts.
        context = browser.new_context(viewport=page.viewport_size, locale="fr-FR", bypass_csp=True)
        try:
            looked_at = context.new_page()
            looked_at.goto(page.url)
            found = Axe().run(looked_at, options=RULES)
            assert found.violations_count == 0, found.generate_report()
        finally:
            context.close()

    return run


def test_a_buyer_withdraws_from_the_portal(page: Page, served: str, night: Brand, look, check) -> None:
    pay(night)
    page.goto(served + path_of(night))
    expect(page.get_by_text("Vous pouvez vous rétracter jusqu’au")).to_be_visible()
    look("withdrawal-button")
    check()
    page.get_by_role("link", name="Renoncer au contrat ici").click()
    expect(page.get_by_role("heading", level=1, name="Renoncer au contrat")).to_be_visible()
    look("withdrawal-confirm")
    check()
    page.get_by_label("Motif").fill("Je préfère un autre niveau.")
    page.get_by_role("button", name="Confirmer la rétractation").click()
    expect(page.get_by_text("Rétractation reçue le")).to_be_visible()
    expect(page.get_by_role("button", name="Confirmer la rétractation")).to_have_count(0)
    look("withdrawal-received")
    check()
    page.get_by_role("link", name="Retour à vos achats").click()
    expect(page.get_by_text("Vous vous êtes rétracté de cet achat")).to_be_visible()
    check()
    assert count(night, Withdrawal) == 1


def test_a_guest_withdraws_by_keyboard_alone(
    page: Page, served: str, night: Brand, settings: Settings, look, check
) -> None:
    opened = pay(night)
    page.goto(f"{served}/checkout/{night.slug}")
    link = page.get_by_role("link", name="Renoncer au contrat ici")
    link.focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{served}/retractation/{night.slug}")
    look("withdrawal-request")
    check()
    page.keyboard.press("Tab")
    expect(page.get_by_label("Numéro de commande")).to_be_focused()
    page.keyboard.type(opened.order_number)
    page.keyboard.press("Tab")
    page.keyboard.type(BUYER)
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Renoncer au contrat ici")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Votre demande est enregistrée")).to_be_visible()
    look("withdrawal-requested")
    assert fits(page)

    [mail] = mails(night, settings, MessageKind.WITHDRAWAL_LINK)
    page.goto(served + linked_path(mail))
    page.keyboard.press("Tab")
    expect(page.get_by_label("Niveau Mystique")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_label("Motif")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Rétractation reçue le")).to_be_visible()
    assert count(night, Withdrawal) == 1


def test_a_part_of_a_cart_is_chosen(page: Page, served: str, night: Brand, look, check) -> None:
    opened = open_cart(night, {"shirt": 3, "mystique": 1})
    pay_session(night, opened.session_id)
    deliver_events(night)
    order = load_order(night, opened.order_number)
    page.goto(served + portal_path(night, order.id))
    page.get_by_label("Niveau Mystique").uncheck()
    page.get_by_label(re.compile("Chemise")).fill("0")
    page.get_by_role("button", name="Confirmer la rétractation").click()
    expect(page.get_by_role("alert")).to_have_text("Choisissez au moins un article.")
    # What was chosen stays.
    expect(page.get_by_label("Niveau Mystique")).not_to_be_checked()
    page.get_by_label(re.compile("Chemise")).fill("2")
    look("withdrawal-cart")
    check()
    page.get_by_role("button", name="Confirmer la rétractation").click()
    expect(page.get_by_text("Rétractation reçue le")).to_be_visible()
    # What remains can still be chosen.
    expect(page.get_by_label("Chemise")).to_be_visible()
    [withdrawal] = load_order(night, opened.order_number).withdrawals
    assert [line.quantity for line in withdrawal.lines] == [2]


def test_the_pages_are_in_english_too(page: Page, served: str, tenant: Brand, look, check) -> None:
    pay(tenant, locale="en")
    page.goto(f"{served}/withdrawal/{tenant.slug}")
    expect(page.get_by_role("button", name="Withdraw from contract here")).to_be_visible()
    look("withdrawal-english")
    check()
    page.get_by_label("Order number").fill("nothing at all")
    page.get_by_label("E-mail address").fill("ana@example")
    page.get_by_role("button").click()
    expect(page.get_by_role("alert")).to_have_text("Check the e-mail address.")
    look("withdrawal-error")


def test_an_expired_link_leads_to_a_new_request(page: Page, served: str, tenant: Brand, look, check) -> None:
    page.goto(f"{served}/retractation/{tenant.slug}/nothing")
    expect(page.get_by_role("heading", name="Ce lien n’est plus valable")).to_be_visible()
    look("withdrawal-unknown")
    check()
    page.get_by_role("link", name="Renoncer au contrat", exact=True).click()
    expect(page.get_by_role("button", name="Renoncer au contrat ici")).to_be_visible()
