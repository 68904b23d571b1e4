"""The image of a product: stored in its sizes, replaced and removed."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from flask import Flask
from sqlalchemy import func, select

from lumira.database import atomic, db
from lumira.errors.catalog import ProductNotFound
from lumira.errors.files import FileMissing, InvalidFile
from lumira.models import ProductImage, ProductImageSize
from lumira.services.catalog.change_image import remove_image, upload_image
from lumira.services.catalog.view_images import find_image_content, view_images
from tests.support.factories import Brand
from tests.support.files import audited
from tests.support.images import illustrate, picture

pytestmark = pytest.mark.usefixtures("app_context")


def rows(brand: Brand) -> tuple[int, int]:
    """How many images and sizes the tenant has."""
    with atomic(brand.id):
        images, sizes = (
            db.session.execute(select(func.count()).select_from(model)).scalar_one()
            for model in (ProductImage, ProductImageSize)
        )
        return images, sizes


def test_an_image_is_stored_in_two_sizes(tenant: Brand) -> None:
    image, is_changed = upload_image(tenant.id, "mystique", picture(), alt_fr=" Une carte ", actor="operator")

    assert is_changed
    assert view_images(tenant.id) == [image]
    assert (image.product_id, image.alt_fr, image.alt_en) == ("mystique", "Une carte", "")
    assert [(size.width, size.height) for size in image.sizes] == [(320, 213), (960, 640)]
    for size in image.sizes:
        content = find_image_content(tenant.id, "mystique", width=size.width, version=size.version)
        assert content is not None
        assert content[8:12] == b"WEBP"
    [entry] = audited(tenant, "image_uploaded")
    assert (entry.actor, entry.subject) == ("operator", "product:mystique")


def test_the_same_image_changes_nothing_and_another_one_replaces_it(tenant: Brand) -> None:
    first, _ = upload_image(tenant.id, "mystique", picture(), alt_fr="Une carte", actor="operator")
    again, is_changed = upload_image(tenant.id, "mystique", picture(), actor="operator")
    assert (again, is_changed) == (first, False)

    second, is_changed = upload_image(
        tenant.id, "mystique", picture(500, 500), alt_en="A card", actor="operator"
    )
    assert is_changed
    assert (second.alt_fr, second.alt_en) == ("Une carte", "A card")
    assert [size.width for size in second.sizes] == [320, 500]
    assert rows(tenant) == (1, 2)
    old = first.sizes[0]
    assert find_image_content(tenant.id, "mystique", width=old.width, version=old.version) is None


def test_a_description_is_corrected_without_another_image(tenant: Brand) -> None:
    first, _ = upload_image(tenant.id, "mystique", picture(), alt_fr="Une carte", actor="operator")
    second, is_changed = upload_image(
        tenant.id, "mystique", picture(), alt_fr="Deux cartes", actor="operator"
    )
    assert is_changed
    assert (second.alt_fr, second.sizes) == ("Deux cartes", first.sizes)


def test_a_removed_image_leaves_nothing(tenant: Brand) -> None:
    illustrate(tenant)
    remove_image(tenant.id, "mystique", actor="operator")

    assert view_images(tenant.id) == []
    assert rows(tenant) == (0, 0)
    assert len(audited(tenant, "image_removed")) == 1
    with pytest.raises(FileMissing):
        remove_image(tenant.id, "mystique", actor="operator")


def test_a_refused_image_leaves_the_earlier_one(tenant: Brand) -> None:
    illustrate(tenant)
    with pytest.raises(InvalidFile):
        upload_image(tenant.id, "mystique", b"<html>", actor="operator")
    with pytest.raises(ProductNotFound):
        upload_image(tenant.id, "nothing", picture(), actor="operator")
    assert rows(tenant) == (1, 2)


def test_a_description_in_one_language_is_shown_in_the_other(tenant: Brand) -> None:
    image, _ = upload_image(tenant.id, "mystique", picture(), alt_fr="Une carte", actor="operator")
    assert (image.alt("fr"), image.alt("en")) == ("Une carte", "Une carte")
    image, _ = upload_image(tenant.id, "mystique", picture(), alt_en="A card", actor="operator")
    assert (image.alt("fr"), image.alt("en")) == ("Une carte", "A card")


def test_images_of_two_tenants_are_apart(tenant: Brand, other_tenant: Brand) -> None:
    illustrate(other_tenant)
    [theirs] = view_images(other_tenant.id)
    assert view_images(tenant.id) == []
    size = theirs.sizes[0]
    assert find_image_content(tenant.id, "mystique", width=size.width, version=size.version) is None


def test_uploads_and_removals_at_the_same_time_leave_one_whole_image_or_none(
    app: Flask, tenant: Brand
) -> None:
    contents = [picture(400 + 100 * number, 400) for number in range(4)]

    def change(content: bytes | None) -> None:
        with app.app_context():
            if content is not None:
                upload_image(tenant.id, "mystique", content, actor="operator")
                return
            # It may not have come yet, or be removed already.
            with suppress(FileMissing):
                remove_image(tenant.id, "mystique", actor="operator")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(change, [contents[0], None, contents[1], contents[2], None, contents[3]]))

    uploaded = [{320, 400}, {320, 500}, {320, 600}, {320, 700}]
    assert [{size.width for size in image.sizes} for image in view_images(tenant.id)] in [[]] + [
        [widths] for widths in uploaded
    ]
    assert rows(tenant) in [(0, 0), (1, 2)]
