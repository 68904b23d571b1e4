"""Groups of a catalog file: applied, changed, and swapped."""

from dataclasses import replace

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from lumira.database import atomic, db
from lumira.models import AuditEntry, PartialRefundPolicy, Product, ProductGroup, ProductKind
from lumira.repositories.catalog.catalog_products import CatalogProduct, Change
from lumira.repositories.catalog.product_groups import CatalogGroup
from lumira.services.catalog.apply_catalog import apply_catalog
from lumira.services.catalog.catalog import CatalogDifference
from tests.integration.services.catalog.test_apply_catalog import catalog_of, default_products
from tests.support.factories import Brand

pytestmark = pytest.mark.usefixtures("app_context")

GROUP = CatalogGroup("t-shirt", "T-shirt", "Coton", [{"name": "Taille", "values": ["S", "M"]}])


def variant(product_id: str, size: str) -> CatalogProduct:
    return CatalogProduct(
        id=product_id,
        kind=ProductKind.PHYSICAL,
        name=f"T-shirt, {size}",
        description="Coton",
        amount=2500,
        level_number=None,
        on_partial_refund=PartialRefundPolicy.KEEP,
        stock=3,
        group_id="t-shirt",
        options={"Taille": size},
    )


SMALL, MEDIUM = variant("t-s", "S"), variant("t-m", "M")


def apply(brand: Brand, *variants: CatalogProduct, group: CatalogGroup = GROUP) -> CatalogDifference:
    catalog = catalog_of(brand, [*default_products(), *variants])
    return apply_catalog(replace(catalog, groups=(group,)), actor="test")


def sizes(brand: Brand) -> dict[str, str | None]:
    """The size of each product that is or was a variant."""
    with atomic(brand.id):
        query = select(Product).where(Product.tenant_id == brand.id, Product.id.startswith("t-"))
        return {row.id: (row.options or {}).get("Taille") for row in db.session.execute(query).scalars()}


def test_a_group_follows_its_file_and_a_second_apply_changes_nothing(tenant: Brand) -> None:
    first = apply(tenant, SMALL, MEDIUM)
    again = apply(tenant, SMALL, MEDIUM)
    renamed = apply(tenant, SMALL, MEDIUM, group=replace(GROUP, name="Tee-shirt"))

    assert [group.group_id for group in first.groups] == ["t-shirt"]
    assert again.is_empty
    assert [(field.before, field.after) for field in renamed.groups[0].fields] == [("T-shirt", "Tee-shirt")]
    with atomic(tenant.id):
        group = db.session.get_one(ProductGroup, (tenant.id, "t-shirt"))
        assert group.options == GROUP.options
        query = select(AuditEntry.action).where(AuditEntry.subject == "product_group:t-shirt")
        assert list(db.session.execute(query).scalars()) == ["product_group_added", "product_group_changed"]


def test_two_variants_can_swap_their_options(tenant: Brand) -> None:
    apply(tenant, SMALL, MEDIUM)
    apply(tenant, replace(SMALL, options={"Taille": "M"}), replace(MEDIUM, options={"Taille": "S"}))
    assert sizes(tenant) == {"t-s": "M", "t-m": "S"}


def test_a_variant_that_left_the_file_loses_its_options_to_the_one_that_has_them_now(tenant: Brand) -> None:
    apply(tenant, SMALL, MEDIUM)
    difference = apply(tenant, replace(SMALL, id="t-small"), MEDIUM)

    assert sizes(tenant) == {"t-s": None, "t-small": "S", "t-m": "M"}
    changes = {change.product_id: change.change for change in difference.products}
    assert changes["t-s"] is Change.REMOVED


def test_a_variant_that_left_the_file_stays_in_its_group_as_long_as_it_fits(tenant: Brand) -> None:
    apply(tenant, SMALL, MEDIUM)
    apply(tenant, MEDIUM)
    assert sizes(tenant) == {"t-s": "S", "t-m": "M"}
    apply(tenant, MEDIUM, group=replace(GROUP, options=[{"name": "Taille", "values": ["M"]}]))
    assert sizes(tenant) == {"t-s": None, "t-m": "M"}


def test_the_database_refuses_two_variants_with_the_same_options(tenant: Brand) -> None:
    apply(tenant, SMALL, MEDIUM)
    with pytest.raises(IntegrityError), atomic(tenant.id):
        db.session.get_one(Product, (tenant.id, "t-m")).options = {"Taille": "S"}
