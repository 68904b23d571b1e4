"""Receipts and credit notes are served on the portal of their buyer only."""

# ruff: noqa: RUF001 - French is written with these apostrophes

import re
from collections.abc import Callable
from io import BytesIO
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from pypdf import PdfReader
from werkzeug.test import TestResponse

from lumira.database import atomic
from lumira.documents import pdf, pool
from lumira.repositories.receipts import receipts
from lumira.services.access.manage_links import revoke_links
from tests.support import seller
from tests.support.factories import BUYER, Brand
from tests.support.portal_pages import path_of, words
from tests.support.refunds import deliver_events, pay, refund_in_dashboard

pytestmark = pytest.mark.usefixtures("app_context")


@pytest.fixture
def brand(make_brand: Callable[..., Brand]) -> Brand:
    return make_brand(seller=seller.EXEMPT)


def receipt_paths(page: TestResponse) -> list[str]:
    """The paths of the receipt_paths that the page offers."""
    return re.findall(r'href="(/my/[^"]+/receipts/[^"]+)"', page.get_data(as_text=True))


def read(reply: TestResponse) -> str:
    return " ".join(page.extract_text() for page in PdfReader(BytesIO(reply.data)).pages)


def test_the_buyer_downloads_the_receipt_from_the_portal(client: FlaskClient, brand: Brand) -> None:
    opened = pay(brand)
    page = client.get(path_of(brand))
    [path] = receipt_paths(page)
    with atomic(brand.id):
        [issued] = receipts.list_receipts(brand.id)
    assert f"Reçu {issued.label}" in words(page)

    reply = client.get(path)
    assert (reply.status_code, reply.mimetype) == (200, "application/pdf")
    assert f'filename="{issued.label}.pdf"' in reply.headers["Content-Disposition"]
    assert reply.headers["Cache-Control"] == "no-store"
    assert f"Reçu {issued.label}" in read(reply)
    assert opened.order_number in read(reply)


def test_a_refund_adds_its_credit_note_beside_the_receipt(client: FlaskClient, brand: Brand) -> None:
    opened = pay(brand)
    refund_in_dashboard(brand, opened)
    deliver_events(brand)
    page = client.get(path_of(brand))
    with atomic(brand.id):
        receipt, credit_note = receipts.list_receipts(brand.id)
    first, second = (read(client.get(path)) for path in receipt_paths(page))
    assert f"Reçu {receipt.label}" in first
    assert f"Avoir {credit_note.label}" in second


def test_range_requests_render_the_receipt_once(
    client: FlaskClient, brand: Brand, monkeypatch: pytest.MonkeyPatch
) -> None:
    pay(brand)
    [path] = receipt_paths(client.get(path_of(brand)))
    whole = client.get(path)
    # Rendering would fail now.
    monkeypatch.setattr(pdf.pool, "render", lambda _: pytest.fail("it was rendered again"))
    part = client.get(path, headers={"Range": "bytes=5-14"})
    assert (part.status_code, part.data) == (206, whole.data[5:15])
    assert client.head(path).headers["Content-Length"] == str(len(whole.data))


def test_the_page_asks_to_try_later_while_too_many_receipts_are_rendered(
    client: FlaskClient, brand: Brand, monkeypatch: pytest.MonkeyPatch
) -> None:
    pay(brand)
    [path] = receipt_paths(client.get(path_of(brand)))
    monkeypatch.setattr(pool, "WAIT_LIMIT", 0.01)
    monkeypatch.setattr(pdf, "pool", pool.RenderingPool(size=0))
    reply = client.get(path)

    assert (reply.status_code, reply.mimetype) == (503, "text/html")
    assert int(reply.headers["Retry-After"]) > 0


def test_a_changed_receipt_is_rendered_again(client: FlaskClient, brand: Brand) -> None:
    pay(brand)
    [path] = receipt_paths(client.get(path_of(brand)))
    assert BUYER in read(client.get(path))
    with atomic(brand.id):
        receipts.forget_buyer(brand.id, [receipt.order_id for receipt in receipts.list_receipts(brand.id)])
    assert BUYER not in read(client.get(path))


def test_receipts_are_in_the_buyers_language(client: FlaskClient, brand: Brand) -> None:
    pay(brand, locale="en")
    page = client.get(path_of(brand))
    assert "Receipts Receipt" in words(page)
    [path] = receipt_paths(page)
    assert "Receipt" in read(client.get(path))


def test_a_brand_without_seller_details_has_no_receipts(client: FlaskClient, tenant: Brand) -> None:
    pay(tenant)
    page = client.get(path_of(tenant))
    assert receipt_paths(page) == []
    assert "Reçu" not in words(page)


def test_another_buyers_receipt_looks_like_an_unknown_one(client: FlaskClient, brand: Brand) -> None:
    pay(brand)
    [path] = receipt_paths(client.get(path_of(brand)))
    receipt = path.rpartition("/")[2]
    pay(brand, customer_email="stranger@example.com")
    stranger = path_of(brand, "stranger@example.com")

    refused = client.get(f"{stranger}/receipts/{receipt}")
    never = client.get(f"{stranger}/receipts/{uuid4()}")
    assert (refused.status_code, refused.mimetype) == (404, "text/html")
    assert words(refused) == words(never)
    assert "n’est pas là" in words(refused)


def test_another_brands_receipt_is_not_found(
    client: FlaskClient, brand: Brand, make_brand: Callable[..., Brand]
) -> None:
    pay(brand)
    [path] = receipt_paths(client.get(path_of(brand)))
    other = make_brand(seller=seller.EXEMPT)
    pay(other)
    assert client.get(f"{path_of(other)}/receipts/{path.rpartition('/')[2]}").status_code == 404


def test_a_revoked_link_opens_no_receipt(client: FlaskClient, brand: Brand) -> None:
    pay(brand)
    [path] = receipt_paths(client.get(path_of(brand)))
    revoke_links(brand.id, BUYER, actor="test")
    assert client.get(path).status_code == 410
    assert client.get(path.replace("/my/", "/my/x")).status_code == 404
