"""Owners give a product its image; it is rendered in another process, and what is no image is explained."""

import io
import re

import pytest
from PIL import Image
from werkzeug.test import TestResponse

from lumira.documents import image_sizes
from lumira.domain import product_images
from lumira.errors.files import FileTooLarge
from lumira.models import Role
from lumira.services.catalog.view_images import view_images
from tests.support.dashboard import OperatorBrowser, make_operator, sign_in
from tests.support.factories import Brand
from tests.support.files import audited
from tests.support.images import encoded, illustrate, opened, picture

pytestmark = pytest.mark.usefixtures("app_context")


def path(brand: Brand) -> str:
    return f"/dashboard/{brand.slug}/catalog/mystique"


def upload(
    browser: OperatorBrowser, brand: Brand, content: bytes, name: str = "a.png", **fields: str
) -> TestResponse:
    return browser.submit(f"{path(brand)}/image", file=(io.BytesIO(content), name), **fields)


def test_an_uploaded_image_is_on_the_product_and_its_checkout_page(browser, tenant, client) -> None:
    assert upload(browser, tenant, picture(), alt_fr="Une carte", alt_en="A card").status_code == 303
    page = browser.get(path(tenant)).text
    assert "The image is in place." in page
    [source] = re.findall(r'<img class="preview" src="([^"]+)"', page)
    assert opened(client.get(source).data).format == "WEBP"
    assert 'alt="A card"' in page
    assert "/images/mystique/" in client.get(f"/checkout/{tenant.slug}/mystique").text
    assert audited(tenant, "image_uploaded")[0].actor == browser.operator.actor


def test_another_process_renders_the_same_image(browser, tenant) -> None:
    photograph = encoded(Image.linear_gradient("L").resize((900, 600)), "JPEG", exif=_turned())
    sizes = image_sizes.render_sizes(photograph)
    assert sizes == product_images.render_sizes(photograph)
    assert sizes[0].height > sizes[0].width


def _turned() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif


def test_a_web_process_decodes_no_image(browser, tenant, monkeypatch) -> None:
    monkeypatch.setattr(Image, "open", lambda *_, **__: pytest.fail("decoded in this process"))
    upload(browser, tenant, picture())
    assert "The image is in place." in browser.get(path(tenant)).text


def test_an_image_is_described_replaced_and_removed(browser, tenant) -> None:
    illustrate(tenant, alt_fr="Une carte", alt_en="A card")
    upload(browser, tenant, picture(800, 800))
    [image] = view_images(tenant.id)
    assert (image.alt_fr, image.alt_en, image.sizes[0].height) == ("Une carte", "A card", 320)
    browser.submit(f"{path(tenant)}/image/description", alt_fr="Deux cartes", alt_en="")
    [image] = view_images(tenant.id)
    assert (image.alt_fr, image.alt_en) == ("Deux cartes", "")
    browser.submit(f"{path(tenant)}/image/description", alt_fr="x" * 301)
    assert "300 characters" in browser.get(path(tenant)).text
    browser.submit(f"{path(tenant)}/image/remove")
    assert view_images(tenant.id) == []
    browser.submit(f"{path(tenant)}/image/remove")
    assert "Nothing was changed" in browser.get(path(tenant)).text


_FRAMES = [Image.new("RGB", (400, 400), color) for color in ("red", "blue")]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "This image is not accepted"),
        (picture()[:500], "This image is not accepted"),
        (b"", "This image is not accepted"),
        (picture(100, 100), "This image is not accepted"),
        (picture(2000, 400), "This image is not accepted"),
        (encoded(_FRAMES[0], "WEBP", save_all=True, append_images=_FRAMES[1:]), "This image is not accepted"),
        (encoded(Image.new("1", (10_000, 10_000)), "PNG"), "This image is not accepted"),
    ],
    ids=("svg", "truncated", "empty", "small", "strip", "animated", "bomb"),
)
def test_what_is_no_image_of_a_product_is_explained(browser, tenant, content, text) -> None:
    upload(browser, tenant, content)
    assert text in browser.get(path(tenant)).text
    assert view_images(tenant.id) == []


def test_no_process_is_started_for_a_file_that_is_too_large(monkeypatch) -> None:
    monkeypatch.setattr(image_sizes, "run", lambda *_, **__: pytest.fail("started"))
    with pytest.raises(FileTooLarge):
        image_sizes.render_sizes(b"\0" * (product_images.MAX_BYTES + 1))


def test_an_image_that_takes_too_long_ends_its_process_only(browser, tenant, monkeypatch) -> None:
    monkeypatch.setattr(image_sizes, "_TIME_LIMIT", 0.01)
    upload(browser, tenant, picture())
    assert "This image is not accepted" in browser.get(path(tenant)).text
    monkeypatch.undo()
    upload(browser, tenant, picture())
    assert "The image is in place." in browser.get(path(tenant)).text


def test_one_image_at_a_time_is_rendered(browser, tenant, monkeypatch) -> None:
    monkeypatch.setattr(image_sizes, "_WAIT_LIMIT", 0.01)
    with image_sizes._free:
        upload(browser, tenant, picture())
    assert "Another image is being prepared" in browser.get(path(tenant)).text


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EXPERT])
def test_other_roles_and_other_shops_change_no_image(app, tenant, other_tenant, role) -> None:
    browser = sign_in(app, make_operator(tenant, role))
    illustrate(tenant, alt_en="A card")
    before = view_images(tenant.id)
    for action in ("", "/description", "/remove"):
        assert browser.submit(f"{path(tenant)}/image{action}", alt_en="x").status_code == 403
        assert browser.submit(f"{path(other_tenant)}/image{action}", alt_en="x").status_code == 404
    assert "/image/remove" not in browser.get(path(tenant)).text
    assert view_images(tenant.id) == before
