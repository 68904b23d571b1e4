"""Paying on Lumira's page with Stripe's Payment Element, in a browser."""

# ruff: noqa: RUF001 - French is written with these apostrophes

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, Response, expect

from lumira.database import atomic
from lumira.models import Order, OrderStatus
from lumira.repositories.tenants import stripe_accounts, tenants
from tests.browser import element
from tests.browser.windows import fits
from tests.support import stripe_sandbox
from tests.support.checkout_pages import change_product
from tests.support.factories import BUYER, Brand, count, set_stock
from tests.support.payment_pages import HERE
from tests.support.stripe_sandbox import deliver_events

pytestmark = pytest.mark.usefixtures("app_context")

LOOK = {"brand_color": "#D4AF37", "brand_background": "#0F0B19", "brand_radius": 12}
THANKS = "Merci !"


@pytest.fixture
def shop(make_brand: Callable[..., Brand]) -> Brand:
    """A dark brand whose buyers pay on Lumira's page."""
    return make_brand(**HERE, **LOOK)


@pytest.fixture
def window(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="fr-FR")
    yield context.new_page()
    context.close()


@pytest.fixture
def open_payment(window: Page, served: str, shop: Brand) -> Callable[..., Page]:
    """Fill in the form of a product's page, and wait for the page that pays it."""

    def go(product: str = "mystique", page: Page = window) -> Page:
        page.goto(f"{served}/checkout/{shop.slug}/{product}")
        page.get_by_label("Adresse e-mail").fill(BUYER)
        page.get_by_role("button", name="Continuer vers le paiement").click()
        page.wait_for_url(re.compile("/pay$"))
        return page

    return go


def confirm(page: Page) -> None:
    page.get_by_role("button", name=re.compile("^Payer [0-9]")).click()


def expect_heading(page: Page, name: str) -> None:
    expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()


@pytest.mark.parametrize(("width", "height"), [(390, 844), (1280, 800)])
def test_a_buyer_pays_by_card_on_the_brands_page(
    browser: Browser, open_payment: Callable[..., Page], shop: Brand, width: int, height: int
) -> None:
    context = browser.new_context(viewport={"width": width, "height": height}, locale="fr-FR")
    page = open_payment(page=context.new_page())
    element.enter_card(page)
    assert fits(page)
    assert "4242" not in page.content()
    confirm(page)

    # Without any webhook: the page asks Stripe.
    expect_heading(page, THANKS)
    assert "secret" not in page.url
    assert "payment_intent" not in page.url
    assert count(shop, Order, status=OrderStatus.COMPLETED) == 1
    deliver_events(shop)
    assert count(shop, Order, status=OrderStatus.COMPLETED) == 1
    context.close()


def test_a_declined_card_is_said_in_words_and_another_one_pays_the_same_order(
    window: Page, open_payment: Callable[..., Page], shop: Brand
) -> None:
    open_payment()
    element.enter_card(window, element.DECLINED)
    confirm(window)
    expect(window.get_by_role("alert")).to_have_text("Votre carte a été refusée.")
    expect(window.get_by_role("alert")).to_be_focused()

    element.enter_card(window)
    confirm(window)
    expect_heading(window, THANKS)
    assert count(shop, Order) == len(stripe_sandbox.intents(shop)) == 1


def test_a_missing_field_is_said_beside_it(window: Page, open_payment: Callable[..., Page]) -> None:
    open_payment()
    frame = element.fields(window)
    frame.get_by_label("Numéro de carte").fill("4242")
    confirm(window)

    expect(frame.locator("#card-number-error")).to_have_text("Votre numéro de carte est incomplet.")
    expect(frame.get_by_label("Numéro de carte")).to_be_focused()
    expect(window.locator("#confirm")).to_be_enabled()


def test_a_buyer_authenticates_with_the_bank(
    window: Page, open_payment: Callable[..., Page], shop: Brand
) -> None:
    open_payment()
    element.enter_card(window, element.AUTHENTICATED)
    confirm(window)
    element.decide(window, "Autoriser")
    expect_heading(window, THANKS)
    assert count(shop, Order, status=OrderStatus.COMPLETED) == 1


def test_a_refused_authentication_leaves_the_order_payable(
    window: Page, open_payment: Callable[..., Page], shop: Brand
) -> None:
    open_payment()
    element.enter_card(window, element.AUTHENTICATED)
    confirm(window)
    element.decide(window, "Refuser")
    expect(window.get_by_role("alert")).to_contain_text("Nous ne pouvons pas authentifier")

    element.enter_card(window)
    confirm(window)
    expect_heading(window, THANKS)
    assert count(shop, Order) == 1


def test_an_abandoned_authentication_is_continued_after_a_reload(
    window: Page, open_payment: Callable[..., Page], shop: Brand
) -> None:
    open_payment()
    element.enter_card(window, element.AUTHENTICATED)
    confirm(window)
    expect(window.locator('iframe[title="Authentification par votre banque"]')).to_be_visible()
    window.reload()

    element.enter_card(window)
    confirm(window)
    expect_heading(window, THANKS)
    assert count(shop, Order) == len(stripe_sandbox.intents(shop)) == 1


@pytest.mark.parametrize(
    ("iban", "status", "heading"),
    [
        (element.DEBIT, OrderStatus.COMPLETED, THANKS),
        (element.FAILING_DEBIT, OrderStatus.FAILED, "Le paiement a été refusé"),
    ],
)
def test_a_bank_debit_succeeds_or_fails_later(
    window: Page, open_payment: Callable[..., Page], shop: Brand, iban: str, status: OrderStatus, heading: str
) -> None:
    open_payment()
    element.enter_debit(window, iban)
    confirm(window)
    expect_heading(window, "Paiement en cours")
    expect(window.get_by_text("dans quelques jours")).to_be_visible()

    stripe_sandbox.advance(shop, 3600)
    deliver_events(shop)
    window.reload()
    expect_heading(window, heading)
    assert count(shop, Order, status=status) == 1


def test_a_double_click_the_way_back_and_reloads_make_one_payment(
    window: Page, open_payment: Callable[..., Page], shop: Brand
) -> None:
    open_payment()
    window.go_back()
    window.reload()
    window.get_by_label("Adresse e-mail").fill(BUYER)
    window.get_by_role("button", name="Continuer vers le paiement").dblclick()
    window.wait_for_url(re.compile("/pay$"))
    window.reload()
    element.enter_card(window)
    window.get_by_role("button", name=re.compile("^Payer [0-9]")).dblclick()
    expect_heading(window, THANKS)
    window.reload()
    expect_heading(window, THANKS)
    window.go_back()
    expect_heading(window, THANKS)

    assert count(shop, Order) == len(stripe_sandbox.intents(shop)) == 1


def test_a_second_tab_sees_that_the_first_one_has_paid(
    window: Page, open_payment: Callable[..., Page], shop: Brand
) -> None:
    other = window.context.new_page()
    open_payment()
    open_payment(page=other)
    for tab in (window, other):
        element.enter_card(tab)
    confirm(window)
    expect_heading(window, THANKS)
    confirm(other)
    expect_heading(other, THANKS)

    assert count(shop, Order) == len(stripe_sandbox.intents(shop)) == 1
    assert [charge["status"] for charge in stripe_sandbox.call(shop, "GET", "/v1/charges")["data"]] == [
        "succeeded"
    ]


def test_the_last_unit_taken_in_between_is_said_before_money_is_taken(
    browser: Browser, served: str, make_brand: Callable[..., Brand], window: Page
) -> None:
    shop = make_brand(**HERE, **LOOK, release_on_failure="at_once")
    window.goto(f"{served}/checkout/{shop.slug}/shirt")
    window.get_by_label("Adresse e-mail").fill(BUYER)
    window.get_by_role("button", name="Continuer vers le paiement").click()
    element.enter_card(window, element.DECLINED)
    confirm(window)
    expect(window.get_by_role("alert")).to_have_text("Votre carte a été refusée.")
    deliver_events(shop)
    set_stock(shop, "shirt", 0)
    element.enter_card(window)
    confirm(window)

    expect(window.get_by_role("alert")).to_contain_text("Il n’en reste plus assez")
    assert [intent["status"] for intent in stripe_sandbox.intents(shop)] == ["requires_payment_method"]


def test_a_price_that_changed_meanwhile_leads_back_to_the_new_one(
    window: Page, open_payment: Callable[..., Page], shop: Brand
) -> None:
    open_payment()
    change_product(shop, "mystique", amount=5200)
    element.enter_card(window)
    confirm(window)
    expect(window.get_by_role("alert")).to_contain_text("Le prix a changé")

    window.get_by_role("link", name="Modifier la commande").click()
    expect(window.get_by_text("Total : 52,00")).to_be_visible()


def test_without_javascript_a_buyer_pays_on_stripes_page(browser: Browser, served: str, shop: Brand) -> None:
    context = browser.new_context(java_script_enabled=False, locale="fr-FR")
    page = context.new_page()
    page.goto(f"{served}/checkout/{shop.slug}/mystique")
    page.get_by_label("Adresse e-mail").fill(BUYER)
    page.get_by_role("button", name="Continuer vers le paiement").click()
    expect(page.locator("#total")).to_be_visible()
    assert stripe_sandbox.intents(shop) == []
    context.close()


def test_a_buyer_whose_script_is_blocked_pays_on_stripes_page(
    window: Page, served: str, shop: Brand, open_payment: Callable[..., Page]
) -> None:
    window.route("**/stripe.js", lambda route: route.abort())
    open_payment()
    expect(window.get_by_role("alert")).to_contain_text("Le formulaire de paiement ne s’est pas chargé")
    window.get_by_role("button", name="Payer sur la page de Stripe").click()
    expect(window.locator("#total")).to_be_visible()
    assert [intent["status"] for intent in stripe_sandbox.intents(shop)] == ["canceled"]


def test_a_buyer_pays_with_the_keyboard_alone(
    window: Page, served: str, open_payment: Callable[..., Page], shop: Brand
) -> None:
    window.goto(f"{served}/checkout/{shop.slug}/mystique")
    window.keyboard.press("Tab")
    window.keyboard.type(BUYER)
    window.keyboard.press("Enter")
    element.fields(window)
    # Past the two payment methods.
    for typed in ("", "", "4242424242424242", "1234", "123"):
        window.keyboard.press("Tab")
        window.keyboard.type(typed)
    while window.evaluate("document.activeElement.id") != "confirm":
        window.keyboard.press("Tab")
    window.keyboard.press("Enter")
    expect_heading(window, THANKS)


def test_an_english_buyer_pays_in_english(browser: Browser, served: str, shop: Brand) -> None:
    context = browser.new_context(locale="en-GB")
    page = context.new_page()
    page.goto(f"{served}/checkout/{shop.slug}/mystique")
    page.get_by_label("E-mail address").fill(BUYER)
    page.get_by_role("button", name="Continue to the payment").click()
    element.enter_card(page, element.DECLINED, label="Card number")
    page.get_by_role("button", name=re.compile("^Pay €")).click()
    expect(page.get_by_role("alert")).to_have_text("Your card was declined.")
    element.enter_card(page, label="Card number")
    page.get_by_role("button", name=re.compile("^Pay €")).click()
    expect_heading(page, "Thank you!")
    context.close()


def test_nothing_moves_when_the_element_loads_and_each_page_is_light(
    window: Page, served: str, open_payment: Callable[..., Page], shop: Brand
) -> None:
    loaded: dict[str, int] = {}

    def weigh(reply: Response) -> None:
        if reply.url.startswith(served) and reply.ok:
            loaded[reply.url] = len(reply.body())

    window.on("response", weigh)
    window.add_init_script(
        "window.shift = 0; new PerformanceObserver((list) => list.getEntries().forEach((entry) => {"
        "  window.shift += entry.value; })).observe({ type: 'layout-shift', buffered: true });"
    )
    open_payment()
    expect(element.fields(window).get_by_label("Numéro de carte")).to_be_visible()

    assert window.evaluate("window.shift") == 0
    # Both pages together, without Stripe's script; a page is allowed 60 KB.
    assert len(loaded) >= 4
    assert sum(loaded.values()) <= 60_000


def test_a_bank_transfer_shows_its_instructions_and_says_what_happens_next(
    window: Page, open_payment: Callable[..., Page], shop: Brand
) -> None:
    stripe_sandbox.call(shop, "POST", "/sandbox/settings", json={"bank_transfers": True})
    open_payment()
    element.fields(window).get_by_role("tab", name="Virement bancaire").click()
    confirm(window)
    dialog = window.frame_locator('iframe[title="Instructions pour votre virement"]')
    expect(dialog.get_by_text("IBAN")).to_be_visible()
    dialog.get_by_role("button", name="Fermer").click()
    expect_heading(window, "Nous attendons votre virement")

    [intent] = stripe_sandbox.intents(shop)
    stripe_sandbox.call(shop, "POST", "/sandbox/bank_transfers", json={"payment_intent": intent["id"]})
    deliver_events(shop)
    window.reload()
    expect_heading(window, THANKS)


def test_a_connect_account_is_paid_with_its_platforms_key(
    window: Page, served: str, make_brand: Callable[..., Brand]
) -> None:
    platform = make_brand()
    connected = stripe_sandbox.call(
        platform, "POST", "/sandbox/connect", json={"name": f"connected_{platform.slug.replace('-', '_')}"}
    )
    shop = make_brand(**HERE, **LOOK)
    with atomic(shop.id):
        stripe_accounts.set_keys(
            tenants.lock(shop.id),
            secret_key=platform.stripe_secret_key,
            publishable_key=platform.stripe_publishable_key,
            stripe_account=connected["account"],
        )
    window.goto(f"{served}/checkout/{shop.slug}/mystique")
    window.get_by_label("Adresse e-mail").fill(BUYER)
    window.get_by_role("button", name="Continuer vers le paiement").click()
    element.enter_card(window)
    confirm(window)
    expect_heading(window, THANKS)
    assert count(shop, Order, status=OrderStatus.COMPLETED) == 1
    assert stripe_sandbox.intents(platform) == []
