"""The buyer's page in a browser, on a telephone and on a desk, without JavaScript."""

# ruff: noqa: RUF001 - French is written with these apostrophes

import os
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import update

from lumira.database import atomic, db
from lumira.models import Customer, DeliverableState
from lumira.services.access.manage_links import revoke_links
from lumira.services.files.upload_content import upload_content
from tests.support import files, seller
from tests.support.factories import BUYER, Brand
from tests.support.portal_pages import path_of
from tests.support.refunds import hear, in_dashboard, pay

pytestmark = pytest.mark.usefixtures("app_context")

NIGHT = {"brand_color": "#D4AF37", "brand_background": "#0F0B19", "brand_radius": 12, "seller": seller.EXEMPT}


@pytest.fixture
def night(make_brand) -> Brand:
    """A dark brand with two contents, one of them not there yet, and work to be done for each buyer."""
    brand: Brand = make_brand(**NIGHT)
    files.contain(brand, "mystique", "carte", "guide du rituel")
    upload_content(brand.id, "mystique", "carte", files.upload_of(name="carte.pdf"), actor="test")
    files.promise(brand, "mystique", "lecture")
    return brand


@pytest.fixture
def look(page: Page, request: pytest.FixtureRequest):
    """Keep a picture of the page for whoever wants to look (LUMIRA_SCREENSHOTS=folder)."""

    def take(name: str) -> None:
        folder = os.environ.get("LUMIRA_SCREENSHOTS")
        if folder:
            size = request.node.callspec.id
            page.screenshot(path=str(Path(folder) / f"{name}-{size}.png"), full_page=True)

    return take


def fits(page: Page) -> bool:
    """Whether nothing is wider than the window: scrolled to the right, it has not moved."""
    viewport = page.viewport_size
    assert viewport is not None
    return all(
        box is None or box["x"] + box["width"] <= viewport["width"] + 1
        for box in (each.bounding_box() for each in page.locator("body *").all())
    )


def test_buyer_sees_downloads_and_is_told_of_the_refund(page: Page, served: str, night: Brand, look) -> None:
    opened = pay(night)
    order = files.load_order(night, opened.order_number)
    # As long as names may be, and without a place to break.
    files.upload(night, order, name=f"lecture-{'o' * 100}.pdf")
    files.change(night, order, DeliverableState.DELIVERED)
    address = served + path_of(night)

    reply = page.goto(address)
    assert reply is not None
    assert reply.status == 200
    expect(page.get_by_role("heading", level=1, name="Vos achats")).to_be_visible()
    expect(page.get_by_role("article", name="Niveau Mystique")).to_contain_text(opened.order_number)
    expect(page.get_by_text("Bientôt disponible")).to_be_visible()
    expect(page.get_by_text("Prêt")).to_be_visible()
    look("purchases")
    assert fits(page)

    with page.expect_download() as begun:
        page.get_by_role("link", name="Télécharger : Votre carte").click()
    download = begun.value
    assert download.suggested_filename == "carte.pdf"
    assert Path(download.path()).read_bytes() == files.PDF

    in_dashboard(night, opened)
    hear(night)
    page.reload()
    expect(page.get_by_text("Cet achat a été remboursé")).to_be_visible()
    # What was bought is closed; what was paid and given back is still told.
    expect(page.get_by_role("link", name="Télécharger")).to_have_count(2)
    expect(page.get_by_role("link", name="Télécharger : Avoir")).to_be_visible()
    with page.expect_download() as begun:
        page.get_by_role("link", name="Télécharger : Reçu").click()
    assert Path(begun.value.path()).read_bytes().startswith(b"%PDF")
    look("refunded")
    assert fits(page)


def test_buyer_whose_link_is_over_presses_one_button(page: Page, served: str, night: Brand, look) -> None:
    pay(night)
    address = served + path_of(night)
    revoke_links(night.id, BUYER, actor="operator")

    page.goto(address)
    expect(page.get_by_role("heading", name="Ce lien n’est plus valable")).to_be_visible()
    look("ended")
    page.get_by_role("button", name="Recevoir un nouveau lien").click()
    expect(page.get_by_role("heading", name="C’est noté")).to_be_visible()
    look("requested")
    assert fits(page)


def test_page_is_used_with_the_keyboard_and_heard_by_its_landmarks(page: Page, served, night: Brand) -> None:
    pay(night)
    page.goto(served + path_of(night))
    for landmark in ("banner", "main", "contentinfo"):
        expect(page.get_by_role(landmark)).to_have_count(1)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Télécharger : Votre carte")).to_be_focused()
    with page.expect_download():
        page.keyboard.press("Enter")


def test_brand_without_colours_and_an_english_buyer(page: Page, served: str, tenant: Brand, look) -> None:
    files.contain(tenant, "integrale", "carte")
    pay(tenant, "integrale")
    pay(tenant, "shirt", quantity=2)
    with atomic(tenant.id):
        db.session.execute(update(Customer).where(Customer.tenant_id == tenant.id).values(locale="en"))
    page.goto(served + path_of(tenant))
    expect(page.get_by_role("heading", level=1, name="Your purchases")).to_be_visible()
    expect(page.get_by_role("article")).to_have_count(2)
    look("english")
    assert fits(page)


def test_link_that_leads_nowhere_is_a_plain_page(page: Page, served: str, look) -> None:
    reply = page.goto(f"{served}/my/nothing")
    assert reply is not None
    assert reply.status == 404
    expect(page.get_by_role("heading", name="Ce lien ne mène nulle part")).to_be_visible()
    look("nowhere")
    assert fits(page)
