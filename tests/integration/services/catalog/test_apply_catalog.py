"""A tenant's products follow its file, all or nothing; orders never change with them."""

import secrets
import threading
from collections.abc import Iterable
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import select, text

from lumira.database import atomic, db
from lumira.errors import InvalidRequest
from lumira.errors.catalog import CatalogError, LevelNotFound, ProductNotFound
from lumira.errors.tenants import TenantNameTaken
from lumira.models import (
    AuditEntry,
    MovementReason,
    PartialRefundPolicy,
    Product,
    ProductKind,
    ReleaseOnFailure,
    StockItem,
    StockMovement,
    Tenant,
)
from lumira.repositories.catalog import products
from lumira.repositories.catalog import products as catalog
from lumira.repositories.catalog.catalog_products import CatalogProduct, Change, FieldChange
from lumira.repositories.tenants import tenants
from lumira.services.catalog.apply_catalog import apply_catalog
from lumira.services.catalog.catalog import Catalog, CatalogDifference, CatalogTenant
from tests.support.factories import (
    STOCK,
    Brand,
    count,
    load_order,
    load_stock,
    make_products,
    open_payment,
    set_stock,
)

pytestmark = pytest.mark.usefixtures("app_context")


def catalog_of(brand: Brand, products: Iterable[CatalogProduct] | None = None, **changes: object) -> Catalog:
    """A file equal to the brand's catalog, except for the changes."""
    tenant = CatalogTenant(
        slug=brand.slug,
        name=brand.name,
        currency="eur",
        order_prefix=None,
        time_zone="Europe/Paris",
        domains=None,
        statement_descriptor_suffix=None,
        release_on_failure=ReleaseOnFailure.AT_DEADLINE,
    )
    return Catalog(replace(tenant, **changes), tuple(default_products() if products is None else products))


def default_products() -> list[CatalogProduct]:
    return [
        CatalogProduct(
            id=row.id,
            kind=row.kind,
            name=row.name,
            description=row.description,
            amount=row.amount,
            level_number=row.level_number,
            on_partial_refund=row.on_partial_refund,
            stock=STOCK.get(row.id, 0),
        )
        for row in make_products(0)
    ]


def changed(product_id: str, **changes: object) -> list[CatalogProduct]:
    return [replace(p, **changes) if p.id == product_id else p for p in default_products()]


def without(product_id: str) -> list[CatalogProduct]:
    return [product for product in default_products() if product.id != product_id]


def apply(catalog: Catalog, **options: bool) -> CatalogDifference:
    return apply_catalog(catalog, actor="operator", **options)


def sold(brand: Brand) -> dict[str, int]:
    with atomic(brand.id):
        return {product.id: product.amount for product in catalog.list_products(brand.id)}


def stored(brand: Brand) -> Tenant:
    with atomic(brand.id):
        return tenants.get(brand.id)


def audited(brand: Brand) -> list[tuple[str, str]]:
    with atomic(brand.id):
        rows = db.session.execute(select(AuditEntry).order_by(AuditEntry.id)).scalars()
        return [(entry.action, entry.subject) for entry in rows]


def test_a_file_equal_to_the_catalog_changes_nothing(tenant):
    before = stored(tenant)

    difference = apply(catalog_of(tenant))

    assert difference.is_empty
    assert stored(tenant).catalog_version == before.catalog_version
    assert audited(tenant) == []


def test_applying_a_change_twice_changes_the_catalog_once(tenant):
    catalog = catalog_of(tenant, changed("mystique", amount=5200), name="Autre nom")

    assert not apply(catalog).is_empty
    version = stored(tenant).catalog_version
    assert apply(catalog).is_empty
    assert stored(tenant).catalog_version == version


def test_a_changed_price_is_reported_stored_and_audited(tenant):
    difference = apply(catalog_of(tenant, changed("mystique", amount=5200)))

    [product] = difference.products
    assert (product.product_id, product.change) == ("mystique", Change.CHANGED)
    assert product.fields == (FieldChange("amount", 4700, 5200),)
    assert sold(tenant)["mystique"] == 5200
    assert difference.version == stored(tenant).catalog_version == 1
    assert audited(tenant) == [("product_changed", "product:mystique")]


def test_the_audit_of_a_changed_alert_address_does_not_contain_it(tenant):
    assert apply(catalog_of(tenant, alert_email="team@example.com")).tenant_fields == (
        FieldChange("alert_email", None, "team@example.com"),
    )
    assert stored(tenant).alert_email == "team@example.com"

    assert not apply(catalog_of(tenant)).is_empty
    assert stored(tenant).alert_email is None
    with atomic(tenant.id):
        audited = db.session.execute(select(AuditEntry.details).order_by(AuditEntry.id)).scalars().all()
    assert [details["fields"] for details in audited] == [
        {"alert_email": [None, "set"]},
        {"alert_email": ["set", None]},
    ]


def test_an_order_keeps_the_price_at_which_it_was_opened(tenant):
    opened = open_payment(tenant)

    apply(catalog_of(tenant, changed("mystique", amount=5200, name="Autre", kind=ProductKind.PHYSICAL)))

    order = load_order(tenant, opened.order_number)
    line = order.lines[0]
    assert (order.amount, line.unit_amount, line.product_name, line.kind) == (
        4700,
        4700,
        "Niveau Mystique",
        ProductKind.DIGITAL,
    )


def test_a_removed_product_is_off_sale_and_its_orders_remain(tenant):
    opened = open_payment(tenant)

    difference = apply(catalog_of(tenant, without("mystique")))

    assert [p.change for p in difference.products if p.product_id == "mystique"] == [Change.REMOVED]
    assert count(tenant, Product, id="mystique") == 1
    assert load_order(tenant, opened.order_number).lines[0].product_id == "mystique"
    with atomic(tenant.id), pytest.raises(ProductNotFound):
        catalog.get_product(tenant.id, "mystique")


def test_a_restored_product_is_on_sale_again(tenant):
    apply(catalog_of(tenant, without("mystique")))

    difference = apply(catalog_of(tenant, changed("mystique", amount=5000)))

    [product] = [p for p in difference.products if p.product_id == "mystique"]
    assert product.change is Change.RESTORED
    assert FieldChange("amount", 4700, 5000) in product.fields
    assert sold(tenant)["mystique"] == 5000


def test_a_new_product_has_its_position_in_the_file(tenant):
    new = CatalogProduct("carte", ProductKind.DIGITAL, "Carte", "", 900, None, PartialRefundPolicy.REVOKE)

    difference = apply(catalog_of(tenant, [new, *default_products()]))

    assert difference.products[0].change is Change.ADDED
    assert next(iter(sold(tenant))) == "carte"
    with atomic(tenant.id):
        product = catalog.get_product(tenant.id, "carte")
    assert (product.currency, product.on_partial_refund) == ("eur", PartialRefundPolicy.REVOKE)


def test_two_levels_can_swap_their_numbers(tenant):
    numbers = {"simple": 2, "intuitive": 1}
    swapped = [replace(p, level_number=numbers.get(p.id, p.level_number)) for p in default_products()]

    apply(catalog_of(tenant, swapped))

    with atomic(tenant.id):
        assert [level.id for level in products.list_levels(tenant.id)][:2] == ["intuitive", "simple"]


def test_a_new_level_can_have_the_number_of_a_removed_one(tenant):
    new = CatalogProduct("debut", ProductKind.LEVEL, "Début", "", 0, 1, PartialRefundPolicy.KEEP)
    apply(catalog_of(tenant, without("simple")))
    with atomic(tenant.id), pytest.raises(LevelNotFound):
        products.get_level(tenant.id, 1)

    apply(catalog_of(tenant, [new, *without("simple")]))

    with atomic(tenant.id):
        assert products.get_level(tenant.id, 1).id == "debut"


def test_a_dry_run_returns_the_same_difference_and_changes_nothing(tenant):
    catalog = catalog_of(
        tenant, changed("mystique", amount=5200), name="Autre nom", domains=("neuf.example",)
    )

    dry = apply(catalog, dry_run=True)

    assert (stored(tenant).name, stored(tenant).catalog_version) == (tenant.name, 0)
    assert sold(tenant)["mystique"] == 4700
    assert audited(tenant) == []
    assert apply(catalog) == dry


def unused_slug() -> str:
    return f"new-{secrets.token_hex(6)}"


def new_tenant(slug: str, **changes: object) -> Catalog:
    tenant = CatalogTenant(
        slug=slug,
        name="Neuve",
        currency="eur",
        order_prefix=secrets.token_hex(4).upper(),
        time_zone="Indian/Reunion",
        domains=(f"{slug}.example",),
        statement_descriptor_suffix="NEUVE",
        release_on_failure=ReleaseOnFailure.AT_ONCE,
        refund_on_return=True,
        ship_within_days=2,
    )
    return Catalog(replace(tenant, **changes), tuple(default_products()))


def find(slug: str) -> int | None:
    with atomic(None):
        return tenants.find_id(slug)


def test_a_new_slug_creates_a_tenant():
    slug = unused_slug()

    difference = apply(new_tenant(slug))

    assert difference.tenant_created
    tenant_id = find(slug)
    assert tenant_id is not None
    with atomic(tenant_id):
        tenant = tenants.get(tenant_id)
        assert (tenant.time_zone, tenant.release_on_failure) == ("Indian/Reunion", ReleaseOnFailure.AT_ONCE)
        assert tenant.statement_descriptor_suffix == "NEUVE"
        assert (tenant.refund_on_return, tenant.ship_within_days) == (True, 2)
        assert tenants.list_domains(tenant_id) == [f"{slug}.example"]
        assert len(catalog.list_products(tenant_id)) == 8


def test_a_dry_run_creates_no_tenant():
    slug = unused_slug()

    assert apply(new_tenant(slug), dry_run=True).tenant_created
    assert find(slug) is None


def test_a_tenant_without_an_order_prefix_gets_one_from_its_slug():
    slug = unused_slug()
    characters = slug.replace("-", "").upper()

    difference = apply(new_tenant(slug, order_prefix=None))

    assert characters.startswith(difference.order_prefix) or difference.order_prefix.startswith(
        characters[:4]
    )


def test_a_currency_never_changes(tenant):
    with pytest.raises(CatalogError, match="sells in eur, which cannot change; the file has usd"):
        apply(catalog_of(tenant, currency="usd", name="Autre nom"))

    assert stored(tenant).name == tenant.name


def test_an_order_prefix_never_changes(tenant):
    prefix = stored(tenant).order_prefix

    difference = apply(catalog_of(tenant, order_prefix="AUTRE"))

    assert difference.is_empty
    assert difference.order_prefix == stored(tenant).order_prefix == prefix


def test_another_tenants_order_prefix_is_refused(tenant):
    with pytest.raises(TenantNameTaken, match="belongs to another tenant"):
        apply(new_tenant(unused_slug(), order_prefix=stored(tenant).order_prefix))


def test_another_tenants_domain_is_refused_and_nothing_is_changed(tenant, other_tenant):
    with pytest.raises(InvalidRequest, match="belongs to another tenant"):
        apply(catalog_of(tenant, changed("mystique", amount=1), domains=(other_tenant.domain,)))

    assert sold(tenant)["mystique"] == 4700


def test_a_file_without_domains_leaves_them_unchanged(tenant):
    apply(catalog_of(tenant, name="Autre nom"))

    with atomic(tenant.id):
        assert tenants.list_domains(tenant.id) == [tenant.domain]


def test_a_file_with_domains_replaces_them(tenant):
    new = f"{secrets.token_hex(4)}.example"

    difference = apply(catalog_of(tenant, domains=(new,)))

    assert (difference.domains_added, difference.domains_removed) == ((new,), (tenant.domain,))
    with atomic(tenant.id):
        assert tenants.list_domains(tenant.id) == [new]
    assert audited(tenant) == [("tenant_changed", "tenant")]


def test_one_tenants_catalog_never_changes_another(tenant, other_tenant):
    apply(catalog_of(tenant, without("mystique")))

    assert "mystique" in sold(other_tenant)


def test_applying_one_new_file_many_times_at_once_creates_one_tenant(app: Flask):
    catalog = new_tenant(unused_slug())

    differences = at_once(app, [catalog] * 4)

    assert sorted(d.tenant_created for d in differences) == [False, False, False, True]
    assert sorted(d.is_empty for d in differences) == [False, True, True, True]


def test_files_applied_at_once_leave_one_complete_catalog(app: Flask, tenant):
    prices = [[replace(p, amount=amount) for p in default_products()] for amount in (1100, 2200, 3300)]

    differences = at_once(app, [catalog_of(tenant, products) for products in prices])

    assert len(set(sold(tenant).values())) == 1
    assert sorted(d.version for d in differences) == [1, 2, 3]


def at_once(app: Flask, files: list[Catalog]) -> list[CatalogDifference]:
    """Apply every file in its own thread, all at the same time."""
    applied: list[CatalogDifference] = []
    start = threading.Barrier(len(files))

    def run(catalog: Catalog) -> None:
        with app.app_context():
            start.wait()
            applied.append(apply(catalog))

    threads = [threading.Thread(target=run, args=(catalog,)) for catalog in files]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return applied


def test_no_checkout_waits_for_a_catalog_that_is_being_applied(app: Flask, tenant):
    with atomic(tenant.id):
        tenants.lock(tenant.id)
        sale = threading.Thread(target=_insert_a_row, args=(app, tenant.id))
        sale.start()
        sale.join(timeout=60)
        assert not sale.is_alive()


def _insert_a_row(app: Flask, tenant_id: int) -> None:
    with app.app_context(), atomic(tenant_id):
        db.session.execute(text("SET LOCAL lock_timeout = '4s'"))
        db.session.add(AuditEntry(tenant_id=tenant_id, actor="a", action="b", subject="c", details={}))


def test_a_removed_physical_product_stays_physical(tenant):
    apply(catalog_of(tenant, without("shirt")))
    with atomic(tenant.id):
        assert db.session.get(Product, (tenant.id, "shirt")).kind is ProductKind.PHYSICAL


CARD = CatalogProduct(
    "carte", ProductKind.PHYSICAL, "Carte", "", 900, None, PartialRefundPolicy.KEEP, stock=12
)


def movements(brand: Brand, product_id: str) -> list[tuple[MovementReason, int, str]]:
    with atomic(brand.id):
        rows = db.session.execute(
            select(StockMovement).where(StockMovement.product_id == product_id).order_by(StockMovement.id)
        ).scalars()
        return [(row.reason, row.on_hand, row.actor) for row in rows]


def test_a_new_physical_product_begins_with_the_files_stock(tenant):
    difference = apply(catalog_of(tenant, [*default_products(), CARD]))

    assert FieldChange("stock", None, 12) in difference.products[0].fields
    item = load_stock(tenant, "carte")
    assert (item.on_hand, item.reserved, item.sold) == (12, 0, 0)
    assert movements(tenant, "carte") == [(MovementReason.CORRECTION, 12, "operator")]


def test_a_new_physical_product_without_stock_is_counted_without_a_movement(tenant):
    apply(catalog_of(tenant, [*default_products(), replace(CARD, stock=0)]))

    assert load_stock(tenant, "carte").on_hand == 0
    assert movements(tenant, "carte") == []


def test_the_file_never_changes_existing_stock(tenant):
    set_stock(tenant, "shirt", 7)

    assert apply(catalog_of(tenant, changed("shirt", stock=500))).is_empty
    apply(catalog_of(tenant, changed("shirt", stock=500, amount=6900)))

    assert load_stock(tenant, "shirt").on_hand == 7


def test_a_restored_physical_product_has_its_earlier_stock(tenant):
    apply(catalog_of(tenant, without("shirt")))

    difference = apply(catalog_of(tenant, changed("shirt", stock=500)))

    assert [p.fields for p in difference.products if p.product_id == "shirt"] == [()]
    assert load_stock(tenant, "shirt").on_hand == STOCK["shirt"]


def test_a_product_that_becomes_physical_is_counted_from_then_on(tenant):
    difference = apply(catalog_of(tenant, changed("mystique", kind=ProductKind.PHYSICAL, stock=30)))

    [product] = difference.products
    assert product.fields[-1] == FieldChange("stock", None, 0)
    assert load_stock(tenant, "mystique").on_hand == 0


def test_an_uncounted_physical_product_is_counted_from_the_next_apply(tenant):
    with atomic(tenant.id):
        db.session.add(make_card(tenant))
    catalog = catalog_of(tenant, [*default_products(), CARD])

    [product] = apply(catalog).products

    assert (product.change, product.fields) == (Change.CHANGED, (FieldChange("stock", None, 0),))
    assert load_stock(tenant, "carte").on_hand == 0
    assert apply(catalog).is_empty


def make_card(brand: Brand) -> Product:
    [card] = [product for product in make_products(brand.id) if product.id == "cap"]
    card.id, card.name, card.description, card.amount = CARD.id, CARD.name, CARD.description, CARD.amount
    card.position = len(default_products())
    return card


def test_a_dry_run_counts_nothing(tenant):
    catalog = catalog_of(tenant, [*default_products(), CARD])

    dry = apply(catalog, dry_run=True)

    assert count(tenant, StockItem) == len(STOCK)
    assert apply(catalog) == dry


@pytest.mark.parametrize("policy", ["restock_on_refund", "delayed_methods"])
def test_a_policy_of_a_product_follows_the_file(tenant, policy):
    difference = apply(catalog_of(tenant, changed("shirt", **{policy: False})))

    assert difference.products[0].fields == (FieldChange(policy, True, False),)
    with atomic(tenant.id):
        assert not getattr(catalog.get_product(tenant.id, "shirt"), policy)
