"""The image of a product: stored in its sizes, replaced and removed."""

import pytest
from sqlalchemy import func, select

from lumira.database import atomic, db
from lumira.errors import FileMissing, InvalidFile, ProductNotFound
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
