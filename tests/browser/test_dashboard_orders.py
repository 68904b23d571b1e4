"""An operator finds an order, repairs it and refunds it, on a phone and a desktop screen, without JavaScript."""

# ruff: noqa: RUF001 - French is written with these apostrophes

from collections.abc import Callable

import pytest
from playwright.sync_api import Dialog, Page, expect

from lumira.models import Language, OrderStatus
from tests.browser.navigation import go_to
from tests.browser.test_every_page import serious_findings
from tests.browser.windows import DESKTOP, PHONE, Window, fits
from tests.support import refunds, stripe_sandbox
from tests.support.dashboard import make_operator
from tests.support.factories import Brand, load_order, open_cart, open_payment
from tests.support.portal_pages import path_of

pytestmark = pytest.mark.usefixtures("app_context")


@pytest.fixture
def dashboard(page: Page, served: str, tenant: Brand) -> Page:
    """The overview, after signing in."""
    return enter(page, served, tenant)


def enter(page: Page, served: str, tenant: Brand) -> Page:
    """Sign in as an owner who reads French."""
    operator = make_operator(tenant, language=Language.FRENCH)
    page.goto(f"{served}/dashboard/-/sign-in")
    page.locator("[name=email]").fill(operator.email)
    page.locator("[name=password]").fill(operator.password)
    page.locator("[name=code]").fill(operator.code())
    page.locator("main button[type=submit]").click()
    page.wait_for_url(f"**/dashboard/{tenant.slug}")
    return page


def test_a_lost_webhook_is_found_and_repaired_in_three_clicks(dashboard: Page, tenant: Brand, look) -> None:
    opened = open_payment(tenant, customer_name="Ana Dupont")
    stripe_sandbox.pay(tenant, opened.payment_intent_id, opened.client_secret)

    go_to(dashboard, "Commandes")
    look("dashboard-orders")
    assert fits(dashboard)
    dashboard.get_by_role("link", name=opened.order_number).click()
    expect(dashboard.get_by_role("heading", name="Pourquoi n’est-elle pas complétée ?")).to_be_visible()
    look("dashboard-order-unpaid")
    assert fits(dashboard)
    dashboard.get_by_role("button", name="Interroger Stripe maintenant").first.click()

    expect(dashboard.get_by_role("status")).to_contain_text("la commande est maintenant complétée")
    expect(dashboard.get_by_text("La commande n’attend rien.")).to_be_visible()
    look("dashboard-order-repaired")
    assert load_order(tenant, opened.order_number).status is OrderStatus.COMPLETED


def test_the_first_refund_reaches_the_buyers_portal(
    dashboard: Page, served: str, tenant: Brand, look
) -> None:
    opened = refunds.pay(tenant)
    go_to(dashboard, "Commandes")
    dashboard.get_by_label("Chercher").fill(opened.order_number)
    dashboard.get_by_role("button", name="Chercher").click()
    dashboard.get_by_role("link", name="Rembourser…").click()
    look("dashboard-refund")
    assert fits(dashboard)
    dashboard.get_by_label("Un montant", exact=True).check()
    dashboard.get_by_label("Un montant (EUR)").fill("7,00")
    dashboard.get_by_role("button", name="Rembourser maintenant").click()
    expect(dashboard.get_by_role("status")).to_contain_text("7,00 € remboursés")
    look("dashboard-refunded")

    dashboard.goto(served + path_of(tenant))
    expect(dashboard.get_by_role("article")).to_contain_text("Remboursé : 7,00 €")


def test_the_overview_shows_figures_and_fits(dashboard: Page, tenant: Brand, look) -> None:
    opened = refunds.pay(tenant)
    refunds.disputed(tenant, opened)
    refunds.deliver_events(tenant)
    open_cart(tenant)
    dashboard.reload()
    expect(dashboard.get_by_role("img")).to_be_visible()
    look("dashboard-overview")
    assert fits(dashboard)
    dashboard.get_by_role("link", name=f"Ouvrir la commande {opened.order_number}").click()
    to_do = dashboard.get_by_role("region", name="Ce qui reste à faire")
    expect(to_do.get_by_role("link", name="Préparer la réponse")).to_be_visible()


def test_no_text_of_a_buyer_runs_or_breaks_the_page(dashboard: Page, tenant: Brand, served: str) -> None:
    opened = []
    dashboard.on("dialog", lambda dialog: opened.append(dialog) or Dialog.dismiss(dialog))
    long = '"><svg onload=alert(1)>' + "x" * 170
    number = open_payment(tenant, customer_name=long, metadata={"a": long * 2}).order_number
    for path in (f"orders/{number}", "orders"):
        dashboard.goto(f"{served}/dashboard/{tenant.slug}/{path}")
        expect(dashboard.get_by_text(long[:23]).first).to_be_visible()
        assert dashboard.locator("svg[onload]").count() == 0
        assert fits(dashboard)
    assert opened == []


@pytest.mark.parametrize("window", [PHONE, DESKTOP.in_english()], ids=str)
def test_no_page_excludes_anyone(
    open_window: Callable[[Window], Page], window: Window, served: str, tenant: Brand
) -> None:
    page = enter(open_window(window), served, tenant)
    paid = refunds.pay(tenant)
    refunds.disputed(tenant, paid)
    refunds.deliver_events(tenant)
    unpaid = open_payment(tenant, customer_name="Ana Dupont")
    paths = ("", "/orders", "/orders?q=nothing", f"/orders/{paid.order_number}")
    paths += (f"/orders/{paid.order_number}/refund", f"/orders/{unpaid.order_number}")
    for path in paths:
        page.goto(f"{served}/dashboard/{tenant.slug}{path}")
        page.evaluate("document.querySelectorAll('main details').forEach(each => each.open = true)")
        assert serious_findings(page) == [], path
        assert fits(page), path
