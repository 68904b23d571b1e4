"""Owners change a product by the rules of the catalog file, and no file undoes it without `--overwrite`."""

import re

import pytest
from sqlalchemy import select

from lumira.database import atomic, db
from lumira.errors.catalog import EditedInDashboard
from lumira.models import AuditEntry, PartialRefundPolicy, Product, Role
from lumira.repositories.catalog.catalog_products import CatalogProduct
from lumira.repositories.tenants import tenants
from lumira.services.catalog.apply_catalog import apply_catalog
from lumira.services.catalog.catalog import Catalog, CatalogDifference, CatalogTenant
from tests.support.dashboard import make_operator, sign_in
from tests.support.factories import Brand, load_order, open_payment

pytestmark = pytest.mark.usefixtures("app_context")

EDIT = {
    "name": "Mystique",
    "description": "New words",
    "amount": "39,50",
    "active": "yes",
    "delayed_methods": "yes",
    "on_partial_refund": "keep",
}


def path(brand: Brand, product: str = "mystique") -> str:
    return f"/dashboard/{brand.slug}/catalog/{product}"


def product(brand: Brand, product_id: str = "mystique") -> Product:
    with atomic(brand.id):
        return db.session.get_one(Product, (brand.id, product_id))


def apply(
    brand: Brand, changed: Product | None = None, *, without: str | None = None, **options: bool
) -> CatalogDifference:
    """Apply a file with every product as it was at first, but for one with these values and one that it lacks."""
    with atomic(brand.id):
        tenant = tenants.get(brand.id)
        rows = db.session.execute(select(Product).order_by(Product.position)).scalars().all()
    described = tuple(
        CatalogProduct(
            row.id, row.kind, row.name, row.description, row.amount, row.level_number, row.on_partial_refund
        )
        if row.id != "mystique" or changed is None
        else CatalogProduct(
            row.id, row.kind, changed.name, changed.description, changed.amount, None, row.on_partial_refund
        )
        for row in rows
        if row.id != without
    )
    file = CatalogTenant(
        tenant.slug,
        tenant.name,
        tenant.currency,
        None,
        tenant.time_zone,
        None,
        None,
        tenant.release_on_failure,
    )
    return apply_catalog(Catalog(file, described), actor="test", **options)


def test_a_changed_price_counts_for_the_next_sale_only(browser, tenant) -> None:
    before = open_payment(tenant)
    reply = browser.submit(f"{path(tenant)}/edit", **EDIT)
    assert reply.headers["Location"] == path(tenant)
    assert "The product was changed." in browser.get(path(tenant)).text
    assert load_order(tenant, before.order_number).amount == 4700
    assert open_payment(tenant).amount == 3950
    with atomic(tenant.id):
        entry = db.session.execute(
            select(AuditEntry).where(AuditEntry.action == "product_changed")
        ).scalar_one()
    assert entry.actor == browser.operator.actor
    assert entry.details["fields"]["amount"] == [4700, 3950]


def test_a_product_is_taken_off_sale_and_put_on_sale_again(browser, tenant) -> None:
    browser.submit(f"{path(tenant)}/edit", **{name: EDIT[name] for name in EDIT if name != "active"})
    assert browser.get(f"/checkout/{tenant.slug}/mystique").status_code == 404
    browser.submit(f"{path(tenant)}/edit", **EDIT)
    assert browser.get(f"/checkout/{tenant.slug}/mystique").status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": "0,10"},
        {"amount": "-1"},
        {"amount": "free"},
        {"amount": "9" * 30},
        {"name": ""},
        {"name": "a\u2028b"},
        {"name": "x" * 201},
        {"name": "a\x00b"},
        {"description": "x" * 501},
        {"access_days": "0"},
        {"access_days": "-1"},
        {"access_days": "36501"},
        {"access_days": "soon"},
        {"on_partial_refund": "other"},
    ],
)
def test_what_the_file_refuses_the_dashboard_refuses_beside_the_field(browser, tenant, wrong) -> None:
    reply = browser.submit(f"{path(tenant)}/edit", **EDIT | wrong)
    assert reply.status_code == 400
    assert "Nothing was saved" in reply.text
    [name] = wrong
    assert re.search(rf'(?s)id="{name}-help"((?!mb-3).)*invalid-feedback', reply.text)
    # What was written stays.
    assert 'value="Mystique"' in reply.text or name == "name"
    assert product(tenant).amount == 4700
    assert product(tenant).edited_at is None


def test_policies_change_for_later_orders_only(browser, tenant) -> None:
    before = open_payment(tenant)
    browser.submit(f"{path(tenant)}/edit", **EDIT | {"access_days": "30", "on_partial_refund": "revoke"})
    after = open_payment(tenant)
    frozen = [load_order(tenant, opened.order_number).lines[0] for opened in (before, after)]
    assert [(line.access_days, line.on_partial_refund) for line in frozen] == [(None, "keep"), (30, "revoke")]
    page = browser.get(f"{path(tenant)}/edit").text
    assert re.search(r'name="access_days" value="30"', page)
    assert re.search(r'value="revoke" selected', page)


def test_a_policy_of_another_kind_of_product_is_not_changed(browser, tenant) -> None:
    with atomic(tenant.id):
        shirt = db.session.get_one(Product, (tenant.id, "shirt"))
        shirt.on_partial_refund = PartialRefundPolicy.REVOKE
    form = {"name": "Shirt", "amount": "60", "active": "yes", "access_days": "30", "level": "9"}
    assert browser.submit(f"{path(tenant, 'shirt')}/edit", **form).status_code == 303
    shirt = product(tenant, "shirt")
    assert (shirt.amount, shirt.on_partial_refund, shirt.access_days) == (6000, "revoke", None)
    assert (shirt.restock_on_refund, shirt.delayed_methods, shirt.level_number) == (False, False, None)


def test_a_form_that_was_opened_before_another_change_does_not_undo_it(browser, tenant) -> None:
    seen = re.search(r'name="seen" value="([^"]+)"', browser.get(f"{path(tenant)}/edit").text)
    assert seen is not None
    browser.submit(f"{path(tenant)}/edit", **EDIT)
    late = EDIT | {"amount": "47", "description": "Late words", "seen": seen[1]}
    reply = browser.submit(f"{path(tenant)}/edit", **late)
    assert "was changed meanwhile" in reply.text
    assert "Late words" in reply.text
    assert product(tenant).amount == 3950
    again = re.search(r'name="seen" value="([^"]+)"', reply.text)
    assert again is not None
    browser.submit(f"{path(tenant)}/edit", **late | {"seen": again[1]})
    assert product(tenant).amount == 4700


def test_no_file_undoes_an_edit_unless_it_is_told_to(browser, tenant) -> None:
    original = product(tenant)
    browser.submit(f"{path(tenant)}/edit", **EDIT)
    assert "only if it is told to" in browser.get(path(tenant)).text
    assert apply(tenant, original, dry_run=True).overwritten == ("mystique",)
    with pytest.raises(EditedInDashboard, match="mystique"):
        apply(tenant, original)
    assert product(tenant).amount == 3950

    apply(tenant, original, overwrite=True)
    assert (product(tenant).amount, product(tenant).edited_at) == (4700, None)


def test_a_file_with_the_same_values_is_applied_and_counts_again(browser, tenant) -> None:
    browser.submit(f"{path(tenant)}/edit", **EDIT)
    apply(tenant)
    assert product(tenant).edited_at is None
    assert product(tenant).amount == 3950


def test_a_product_that_was_added_here_is_never_said_to_have_the_values_of_a_file_that_lacks_it(
    browser, tenant
) -> None:
    form = {"name": "Later", "amount": "12", "on_partial_refund": "keep"}
    browser.submit(f"{path(tenant, '-')}/new?kind=digital", **form)
    assert apply(tenant, without="later").overwritten == ()
    page = browser.get(path(tenant, "later")).text
    assert "only if it is told to" in page
    assert "These values are those of the catalog file" not in page
    # A file that has it puts it on sale, which an operator decided against.
    with pytest.raises(EditedInDashboard, match="later"):
        apply(tenant)


def test_an_edited_product_that_a_file_takes_off_sale_keeps_its_values_and_says_so(browser, tenant) -> None:
    browser.submit(f"{path(tenant)}/edit", **EDIT)
    with pytest.raises(EditedInDashboard, match="mystique"):
        apply(tenant, without="mystique")
    assert apply(tenant, without="mystique", overwrite=True).overwritten == ("mystique",)
    assert (product(tenant).amount, product(tenant).active) == (3950, False)
    assert "only if it is told to" in browser.get(path(tenant)).text
    # The same file again changes nothing and is not refused.
    assert apply(tenant, without="mystique").overwritten == ()


@pytest.mark.parametrize("part", ["contents", "deliverables"])
def test_no_file_undoes_an_added_entry_unless_it_is_told_to(browser, tenant, part) -> None:
    browser.submit(f"{path(tenant)}/{part}", title="Guide", kind="pdf")
    assert "only if it is told to" in browser.get(path(tenant)).text
    assert apply(tenant, dry_run=True).overwritten == ("mystique",)
    with pytest.raises(EditedInDashboard, match="mystique"):
        apply(tenant)
    assert "Guide" in browser.get(path(tenant)).text

    apply(tenant, overwrite=True)
    assert "Guide" not in browser.get(path(tenant)).text
    assert product(tenant).edited_at is None


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EXPERT])
def test_other_roles_and_other_shops_change_nothing(app, tenant, other_tenant, role) -> None:
    browser = sign_in(app, make_operator(tenant, role))
    assert browser.submit(f"{path(tenant)}/edit", **EDIT).status_code == 403
    assert browser.submit(f"{path(other_tenant)}/edit", **EDIT).status_code == 404
    assert {product(tenant).amount, product(other_tenant).amount} == {4700}


def test_what_differs_from_the_file_is_shown_term_by_term_and_can_be_taken_back(browser, tenant) -> None:
    apply(tenant)
    assert "What differs" not in browser.get(path(tenant)).text
    browser.submit(f"{path(tenant)}/edit", **EDIT | {"name": "<b>Other</b>"})

    page = browser.get(path(tenant)).text
    rows = re.findall(
        r'<tr><th scope="row">([^<]+)</th><td[^>]*>(.*?)</td><td[^>]*>(.*?)</td></tr>', page, re.DOTALL
    )
    shown = {name: (of_file.strip(), here.strip()) for name, of_file, here in rows}
    assert shown["Price"][1] == "<strong>€39.50\n</strong>"
    assert "&lt;b&gt;Other&lt;/b&gt;" in shown["Name"][1]
    first = browser.submit(f"{path(tenant)}/file-values", seen="2026-01-01T00:00:00+00:00")
    assert first.status_code == 303
    assert product(tenant).amount == 3950

    browser.submit(f"{path(tenant)}/file-values", seen=product(tenant).updated_at.isoformat())
    assert product(tenant).name != "<b>Other</b>"
    assert "What differs" not in browser.get(path(tenant)).text
    # The file has the same values now.
    apply(tenant)


def test_a_product_that_no_file_describes_differs_from_none(browser, tenant) -> None:
    with atomic(tenant.id):
        db.session.get_one(Product, (tenant.id, "mystique")).file_values = None
    browser.submit(f"{path(tenant)}/edit", **EDIT)
    assert "What differs" not in browser.get(path(tenant)).text


def test_a_viewer_reads_the_differences_and_cannot_take_the_file_back(app, browser, tenant) -> None:
    apply(tenant)
    browser.submit(f"{path(tenant)}/edit", **EDIT)
    viewer = sign_in(app, make_operator(tenant, role=Role.VIEWER))
    page = viewer.get(path(tenant)).text
    assert "What differs" in page
    assert "Take the values" not in page
