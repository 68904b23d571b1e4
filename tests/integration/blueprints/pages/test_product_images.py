"""The images of products on the checkout pages."""

import re
from html import unescape

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from config.settings import RateLimits
from lumira import extensions
from lumira.database import atomic, db
from lumira.models import Product
from tests.support.factories import Brand
from tests.support.images import illustrate, opened, picture

pytestmark = pytest.mark.usefixtures("app_context")


def images_in(html: str) -> list[dict[str, str]]:
    """The attributes of every image of a page."""
    return [
        {name: unescape(value) for name, value in re.findall(r'([a-z]+)="([^"]*)"', tag)}
        for tag in re.findall(r"<img [^>]+>", html)
    ]


def test_the_page_of_a_product_shows_its_image(client: FlaskClient, tenant: Brand) -> None:
    illustrate(tenant, alt_fr='Une carte "dorée"', alt_en="A golden card")

    reply = client.get(f"/checkout/{tenant.slug}/mystique", headers={"Accept-Language": "fr"})
    [image] = images_in(reply.text)
    assert (image["width"], image["height"], image["alt"]) == ("960", "640", 'Une carte "dorée"')
    assert [entry.split()[1] for entry in image["srcset"].split(", ")] == ["320w", "960w"]
    assert "img-src 'self' data:;" in reply.headers["Content-Security-Policy"]
    english = client.get(f"/checkout/{tenant.slug}/mystique", headers={"Accept-Language": "en"})
    assert images_in(english.text)[0]["alt"] == "A golden card"


def test_an_image_is_sent_by_us_and_cached_for_ever(client: FlaskClient, tenant: Brand) -> None:
    illustrate(tenant)
    [image] = images_in(client.get(f"/checkout/{tenant.slug}/mystique").text)
    assert image["src"].startswith(f"/checkout/{tenant.slug}/images/mystique/")

    reply = client.get(image["src"])
    assert reply.status_code == 200
    assert opened(reply.data).size == (960, 640)
    assert reply.headers["Content-Type"] == "image/webp"
    assert set(reply.headers["Cache-Control"].split(", ")) == {"public", "max-age=31536000", "immutable"}
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert reply.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "default-src 'none'" in reply.headers["Content-Security-Policy"]
    assert "Set-Cookie" not in reply.headers
    unchanged = client.get(image["src"], headers={"If-None-Match": reply.headers["ETag"]})
    assert (unchanged.status_code, unchanged.data) == (304, b"")


def test_another_image_has_another_address_to_which_the_old_one_leads(
    client: FlaskClient, tenant: Brand
) -> None:
    illustrate(tenant)
    [before] = images_in(client.get(f"/checkout/{tenant.slug}/mystique").text)
    illustrate(tenant, content=picture(900, 700))
    [after] = images_in(client.get(f"/checkout/{tenant.slug}/mystique").text)

    assert before["src"] != after["src"]
    moved = client.get(before["src"])
    assert (moved.status_code, moved.headers["Location"]) == (303, after["src"])
    assert client.get(after["src"]).status_code == 200


def test_the_shop_and_a_cart_show_the_images_of_their_products(client: FlaskClient, tenant: Brand) -> None:
    illustrate(tenant, "shirt", alt_fr="Chemise")
    illustrate(tenant, "cap", alt_fr="Casquette")
    shop = client.get(f"/checkout/{tenant.slug}")
    assert [image["alt"] for image in images_in(shop.text)] == ["Chemise", "Casquette"]
    cart = client.get(f"/checkout/{tenant.slug}?items=cap:1,shirt:2")
    assert [image["alt"] for image in images_in(cart.text)] == ["Casquette", "Chemise"]


def test_a_page_without_images_has_none(client: FlaskClient, tenant: Brand) -> None:
    illustrate(tenant, "shirt")
    for path in ("/mystique", "?items=cap:1"):
        assert images_in(client.get(f"/checkout/{tenant.slug}{path}").text) == []


def test_an_image_of_another_tenant_is_not_found(
    client: FlaskClient, tenant: Brand, other_tenant: Brand
) -> None:
    illustrate(other_tenant)
    [theirs] = images_in(client.get(f"/checkout/{other_tenant.slug}/mystique").text)
    own = theirs["src"].replace(other_tenant.slug, tenant.slug)
    assert client.get(own).status_code == 404
    # Nor is it found under the domain of another tenant.
    assert client.get(theirs["src"], headers={"Host": tenant.domain}).status_code == 404
    assert client.get(theirs["src"], headers={"Host": other_tenant.domain}).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "images/mystique/%25-320.webp",
        "images/cap/0123456789abcdef-320.webp",
        "images/mystique/a.png",
        "images/a%00b/0123456789abcdef-320.webp",
        "images/mystique/0123456789abcde%00-320.webp",
        "images/mystique/0123456789abcdef-99999999999999999999.webp",
    ],
)
def test_an_unknown_image_is_a_page_that_says_so(client: FlaskClient, tenant: Brand, path: str) -> None:
    illustrate(tenant)
    reply = client.get(f"/checkout/{tenant.slug}/{path}")
    assert (reply.status_code, reply.headers["Cache-Control"]) == (404, "no-store")


def test_the_hash_in_the_address_is_compared_as_it_is(client: FlaskClient, tenant: Brand) -> None:
    illustrate(tenant)
    for pattern in ("%25" * 16, "_" * 16):
        assert client.get(f"/checkout/{tenant.slug}/images/mystique/{pattern}-320.webp").status_code == 404


def test_a_product_that_left_the_catalog_keeps_its_image_for_later(
    client: FlaskClient, tenant: Brand
) -> None:
    illustrate(tenant)
    [image] = images_in(client.get(f"/checkout/{tenant.slug}/mystique").text)
    with atomic(tenant.id):
        db.session.execute(
            update(Product)
            .where(Product.tenant_id == tenant.id, Product.id == "mystique")
            .values(active=False)
        )
    assert images_in(client.get(f"/checkout/{tenant.slug}").text) == []
    assert client.get(image["src"]).status_code == 200


def test_images_use_up_no_limit_of_the_pages_and_have_one_of_their_own(client_with, tenant: Brand) -> None:
    limits = RateLimits(
        enabled=True, per_key="9 per minute", per_address="3 per minute", per_email="9 per minute"
    )
    client = client_with(rate_limits=limits)
    illustrate(tenant)
    page = f"/checkout/{tenant.slug}/mystique"
    [image] = images_in(client.get(page).text)

    assert [client.get(image["src"]).status_code for _ in range(6)] == [200] * 6
    assert [client.get(page).status_code for _ in range(3)] == [200, 200, 429]
    limit = extensions.of(client.application).image_limit
    with client.application.test_request_context(image["src"], environ_base={"REMOTE_ADDR": "127.0.0.1"}):
        for _ in range(2994):
            with limit:
                pass
    assert client.get(image["src"]).status_code == 429
