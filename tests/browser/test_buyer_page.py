"""The portal in a browser, on small and large screens, without JavaScript."""

# ruff: noqa: RUF001 - French is written with these apostrophes

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import update

from lumira.database import atomic, db
from lumira.models import Customer, DeliverableState
from lumira.services.access.manage_links import revoke_links
from lumira.services.files.upload_content import upload_content
from tests.browser.windows import fits
from tests.support import files, seller
from tests.support.factories import BUYER, Brand
from tests.support.portal_pages import path_of
from tests.support.refunds import deliver_events, pay, refund_in_dashboard

pytestmark = pytest.mark.usefixtures("app_context")

NIGHT = {"brand_color": "#D4AF37", "brand_background": "#0F0B19", "brand_radius": 12, "seller": seller.EXEMPT}


@pytest.fixture
def night(make_brand) -> Brand:
    """A dark brand with two contents, one without a file, and a deliverable for each buyer."""
    brand: Brand = make_brand(**NIGHT)
    files.contain(brand, "mystique", "carte", "guide du rituel")
    upload_content(brand.id, "mystique", "carte", files.upload_of(name="carte.pdf"), actor="test")
    files.promise(brand, "mystique", "lecture")
    return brand


def test_the_portal_shows_downloads_and_the_refund(page: Page, served: str, night: Brand, look) -> None:
    opened = pay(night)
    order = files.load_order(night, opened.order_number)
    # The longest names, without a place for a line break.
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

    refund_in_dashboard(night, opened)
    deliver_events(night)
    page.reload()
    expect(page.get_by_text("Cet achat a été remboursé")).to_be_visible()
    # Access is revoked; the payment and the refund are still shown.
    expect(page.get_by_role("link", name="Télécharger")).to_have_count(2)
    expect(page.get_by_role("link", name="Télécharger : Avoir")).to_be_visible()
    with page.expect_download() as begun:
        page.get_by_role("link", name="Télécharger : Reçu").click()
    assert Path(begun.value.path()).read_bytes().startswith(b"%PDF")
    look("refunded")
    assert fits(page)


def test_an_expired_link_is_renewed_with_one_button(page: Page, served: str, night: Brand, look) -> None:
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


def test_the_page_has_landmarks_and_works_with_the_keyboard(page: Page, served, night: Brand) -> None:
    pay(night)
    page.goto(served + path_of(night))
    for landmark in ("banner", "main", "contentinfo"):
        expect(page.get_by_role(landmark)).to_have_count(1)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Télécharger : Votre carte")).to_be_focused()
    with page.expect_download():
        page.keyboard.press("Enter")


def test_the_default_theme_in_english(page: Page, served: str, tenant: Brand, look) -> None:
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


def test_an_unknown_link_shows_a_notice(page: Page, served: str, look) -> None:
    reply = page.goto(f"{served}/my/nothing")
    assert reply is not None
    assert reply.status == 404
    expect(page.get_by_role("heading", name="Ce lien ne mène nulle part")).to_be_visible()
    look("nowhere")
    assert fits(page)
