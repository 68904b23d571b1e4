"""Groups of products and the images of products over HTTP."""

import pytest
from flask.testing import FlaskClient

from lumira.services.catalog.change_image import remove_image
from tests.support.factories import Brand
from tests.support.images import illustrate
from tests.support.variants import add_variants, product_row

pytestmark = pytest.mark.usefixtures("app_context")


def product(client: FlaskClient, tenant: Brand, product_id: str) -> dict[str, object]:
    found: dict[str, object] = client.get(f"/api/products/{product_id}", headers=tenant.publishable).json
    return found


def test_a_group_lists_its_options_and_its_products_on_sale(client: FlaskClient, tenant: Brand) -> None:
    assert client.get("/api/product-groups", headers=tenant.publishable).json == {"groups": []}
    add_variants(tenant)

    [group] = client.get("/api/product-groups", headers=tenant.publishable).json["groups"]
    assert (group["id"], group["name"], group["description"]) == ("tee", "Tee", "Cotton")
    assert group["options"] == [
        {"name": "Size", "values": ["S", "M"]},
        {"name": "Colour", "values": ["blue", "red"]},
    ]
    assert [(one["id"], one["inStock"]) for one in group["products"]] == [
        ("tee-s-blue", 5),
        ("tee-m-blue", 0),
        ("tee-s-red", 5),
    ]
    assert client.get("/api/product-groups/tee", headers=tenant.publishable).json == group
    missing = client.get("/api/product-groups/mug", headers=tenant.publishable)
    assert (missing.status_code, missing.json["code"]) == (404, "NOT_FOUND")
    variant = product(client, tenant, "tee-s-red")
    assert (variant["group"], list(variant["options"].items())) == (
        "tee",
        [("Size", "S"), ("Colour", "red")],
    )
    alone = product(client, tenant, "cap")
    assert (alone["group"], alone["options"], alone["images"]) == (None, None, [])


def test_a_new_image_is_in_the_next_reply_for_all_variants_like_it(
    client: FlaskClient, tenant: Brand
) -> None:
    add_variants(tenant)
    before = client.get("/api/products", headers=tenant.publishable)
    illustrate(tenant, "tee-s-blue")

    after = client.get(
        "/api/products", headers={**tenant.publishable, "If-None-Match": before.headers["ETag"]}
    )
    assert after.status_code == 200
    images = {one["id"]: one["images"] for one in after.json["products"]}
    [url] = images["tee-s-blue"]
    assert images["tee-m-blue"] == images["tee-s-red"] == [url]
    assert images["cap"] == []
    assert client.get(url).headers["Content-Type"] == "image/webp"

    illustrate(tenant, "tee-s-red")
    assert product(client, tenant, "tee-m-blue")["images"] == [url]
    assert product(client, tenant, "tee-s-red")["images"] != [url]
    remove_image(tenant.id, "tee-s-blue", actor="test")
    path = product_row(tenant, "tee-s-red").image_path
    assert path is not None
    assert [url.endswith(path) for url in product(client, tenant, "tee-m-blue")["images"]] == [True]
    # What an e-mail or a page of the shop refers to leads to what is shown now.
    moved = client.get(url)
    assert (moved.status_code, moved.headers["Location"]) == (303, f"/checkout/{tenant.slug}/images/{path}")
