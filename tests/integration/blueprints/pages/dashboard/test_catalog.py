"""Operators see what is sold, copy its link, and correct the stock."""

import html
import re
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import insert, select, update

from lumira.database import atomic, db
from lumira.models import AuditEntry, Language, Product, Role
from lumira.repositories.inventory import stock_counts
from lumira.repositories.tenants import tenants
from tests.support.dashboard import add_role, make_operator, sign_in
from tests.support.factories import Brand, open_cart

pytestmark = pytest.mark.usefixtures("app_context")

XSS = "<script>alert(1)</script>"


def path(brand: Brand, product: str = "shirt") -> str:
    return f"/dashboard/{brand.slug}/catalog/{product}"


def on_hand(brand: Brand, product: str = "shirt") -> int:
    with atomic(brand.id):
        [figures] = stock_counts.list_stock(brand.id, [product])
        return figures.on_hand


def change(brand: Brand, product: str, **values: object) -> None:
    with atomic(brand.id):
        db.session.execute(update(Product).where(Product.id == product).values(**values))


def add_products(brand: Brand, number: int) -> None:
    with atomic(brand.id):
        row = db.session.execute(select(Product).where(Product.id == "intuitive")).scalar_one()
        names = [column.key for column in Product.__table__.columns]
        values = {name: getattr(row, name) for name in names} | {"kind": "digital", "level_number": None}
        db.session.execute(
            insert(Product),
            [
                values
                | {"id": f"item-{n:05}", "name": f"Item {n} %", "position": 100 + n, "active": n % 2 == 0}
                for n in range(number)
            ],
        )


def test_ten_thousand_products_are_paged_without_a_gap(browser, tenant) -> None:
    add_products(tenant, 10_000)
    here, seen = f"/dashboard/{tenant.slug}/catalog", []
    for _ in range(4):
        page = browser.get(here).text
        shown = re.findall(r'<th scope="row" class="text-break"><a href="[^"]*/catalog/([^"]+)"', page)
        assert len(shown) == 50
        seen += shown
        here = html.unescape(re.search(r'href="([^"]+)" rel="next"', page)[1])
    items = [product for product in seen if product.startswith("item-")]
    # Those on sale come first.
    assert items == [f"item-{n:05}" for n in range(0, 2 * len(items), 2)]
    assert len(seen) == len(set(seen))


@pytest.mark.parametrize(
    ("text", "found"), [("item 77 ", "item-00077"), ("ITEM-00077", "item-00077"), ("77 %", "item-00077")]
)
def test_a_product_is_found_by_a_part_of_its_name_or_id(browser, tenant, text: str, found: str) -> None:
    add_products(tenant, 100)
    page = browser.get(f"/dashboard/{tenant.slug}/catalog", query_string={"q": text}).text
    assert re.findall(r'<a href="[^"]*/catalog/(item-[^"]+)"', page) == [found]


def test_a_search_without_a_product_says_so(browser, tenant) -> None:
    page = browser.get(f"/dashboard/{tenant.slug}/catalog", query_string={"q": XSS, "after": "x\x00"}).text
    assert "No product matches." in page
    assert XSS not in page


def test_the_catalog_lists_every_product_with_its_link(browser, tenant) -> None:
    change(tenant, "cap", active=False)
    page = browser.get(f"/dashboard/{tenant.slug}/catalog").text
    assert f"http://localhost/checkout/{tenant.slug}/mystique" in page
    assert "€47.00" in page
    assert ">Copy</button>" in page
    assert "not on sale" in page
    assert f"/checkout/{tenant.slug}/cap" not in page
    assert browser.get(f"/checkout/{tenant.slug}/mystique").status_code == 200


def test_an_empty_catalog_says_how_a_product_appears(app, tenant) -> None:
    operator = make_operator(tenant)
    slug = f"empty-{tenant.slug}"
    with atomic(None):
        tenant_id = tenants.reserve_id()
    with atomic(tenant_id):
        tenants.create(tenant_id, slug=slug, name="Empty", currency="eur")
    add_role(operator, replace(tenant, id=tenant_id, slug=slug), Role.OWNER)
    assert "flask catalog apply" in sign_in(app, operator).get(f"/dashboard/{slug}/catalog").text


def test_a_product_shows_who_reserves_its_units_until_when(browser, tenant) -> None:
    opened = open_cart(tenant, {"shirt": 3})
    page = browser.get(path(tenant)).text
    assert f"/orders/{opened.order_number}" in page
    assert "<dd>97</dd>" in page


def test_texts_of_the_catalog_are_shown_as_text(browser, tenant) -> None:
    change(tenant, "mystique", name=XSS, description=XSS)
    for url in (path(tenant, "mystique"), f"/dashboard/{tenant.slug}/catalog"):
        page = browser.get(url).text
        assert XSS not in page
        assert "&lt;script&gt;" in page


def test_every_kind_of_product_has_a_page_in_both_languages(app, tenant) -> None:
    for language in Language:
        browser = sign_in(app, make_operator(tenant, Role.VIEWER, language=language))
        for product in ("simple", "mystique", "shirt"):
            assert browser.get(path(tenant, product)).status_code == 200
    assert browser.get(path(tenant, "nothing")).status_code == 404
    assert browser.get(path(tenant, "a%00b")).status_code == 404


def test_stock_is_counted_and_adjusted_in_the_name_of_the_operator(browser, tenant) -> None:
    reply = browser.submit(f"{path(tenant)}/stock/count", units="40")
    assert reply.headers["Location"] == path(tenant)
    assert "On hand: 100 → 40." in browser.get(path(tenant)).text
    browser.submit(f"{path(tenant)}/stock/adjust", units="-3")
    assert on_hand(tenant) == 37
    with atomic(tenant.id):
        query = select(AuditEntry.actor).where(AuditEntry.action == "stock_corrected")
        assert set(db.session.execute(query).scalars()) == {browser.operator.actor}


@pytest.mark.parametrize("units", ["", "x", "1.5", "1e3", "9" * 50, "--1", "\uff11"])
def test_what_is_no_number_of_units_changes_nothing(browser, tenant, units) -> None:
    for action in ("count", "adjust"):
        browser.submit(f"{path(tenant)}/stock/{action}", units=units)
        assert "whole number of units" in browser.get(path(tenant)).text
    assert on_hand(tenant) == 100


def test_fewer_units_than_are_reserved_are_refused(app, tenant) -> None:
    open_cart(tenant, {"shirt": 3})
    browser = sign_in(app, make_operator(tenant, language=Language.FRENCH))
    browser.submit(f"{path(tenant)}/stock/count", units="2")
    assert "3 unités sont réservées" in browser.get(path(tenant)).text
    browser.submit(f"{path(tenant)}/stock/adjust", units="-101")
    assert "va de 0 à" in browser.get(path(tenant)).text
    assert on_hand(tenant) == 100


def test_a_digital_product_has_no_stock_to_correct(browser, tenant) -> None:
    assert "/stock/count" not in browser.get(path(tenant, "mystique")).text
    browser.submit(f"{path(tenant, 'mystique')}/stock/count", units="1")
    assert "Nothing was changed" in browser.get(path(tenant, "mystique")).text


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EXPERT])
def test_other_roles_see_the_stock_and_do_not_correct_it(app, tenant, role) -> None:
    browser = sign_in(app, make_operator(tenant, role))
    assert f'action="{path(tenant)}/stock' not in browser.get(path(tenant)).text
    for action in ("count", "adjust"):
        assert browser.submit(f"{path(tenant)}/stock/{action}", units="1").status_code == 403
    assert on_hand(tenant) == 100


def test_another_shops_stock_is_not_found(browser, tenant, other_tenant) -> None:
    change(other_tenant, "cap", active=False)
    with atomic(other_tenant.id):
        db.session.execute(update(Product).where(Product.id == "strict").values(name="Theirs alone"))
    assert "Theirs alone" not in browser.get(f"/dashboard/{tenant.slug}/catalog").text
    for action in ("count", "adjust"):
        assert browser.submit(f"{path(other_tenant)}/stock/{action}", units="1").status_code == 404
    assert on_hand(other_tenant) == 100


def test_in_french_the_catalog_says_that_a_level_is_a_type_of_access(app: Flask, tenant: Brand) -> None:
    browser = sign_in(app, make_operator(tenant, Role.VIEWER, language=Language.FRENCH))
    page = browser.get(f"/dashboard/{tenant.slug}/catalog").text
    assert '<td data-label="Type de produit">accès de niveau ' in page
