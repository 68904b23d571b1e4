"""Owners add a product by the rules of the catalog file, and sell it at once or later."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from lumira.database import atomic, db
from lumira.models import AuditEntry, Language, Product, Role
from lumira.repositories.inventory import stock_counts
from lumira.repositories.tenants import tenants
from tests.support.dashboard import make_operator, sign_in
from tests.support.factories import Brand, load_order, open_cart, open_payment

pytestmark = pytest.mark.usefixtures("app_context")

KEEP = {"on_partial_refund": "keep"}
FORMS = {
    "digital": {"name": "Tirage d-été", "description": "Three cards", "amount": "12,50", **KEEP},
    "level": {"name": "Céleste", "amount": "99", "level": "5", "includes_lower_levels": "yes", **KEEP},
    "physical": {"name": "Tasse en grès", "amount": "24", "stock": "7", "restock_on_refund": "yes"},
}
IDS = {"digital": "tirage-d-ete", "level": "celeste", "physical": "tasse-en-gres"}
ON_SALE = {"active": "yes", "delayed_methods": "yes"}


def path(brand: Brand, kind: str = "digital") -> str:
    return f"/dashboard/{brand.slug}/catalog/-/new?kind={kind}"


def find(brand: Brand, product_id: str) -> Product | None:
    with atomic(brand.id):
        return db.session.get(Product, (brand.id, product_id))


def version(brand: Brand) -> int:
    with atomic(brand.id):
        return tenants.get(brand.id).catalog_version


@pytest.mark.parametrize("kind", list(FORMS))
def test_a_product_of_each_kind_is_added_and_sold(browser, tenant, client, kind) -> None:
    before = version(tenant)
    reply = browser.submit(path(tenant, kind), **FORMS[kind], **ON_SALE)
    shown = f"/dashboard/{tenant.slug}/catalog/{IDS[kind]}"
    assert reply.headers["Location"] == shown
    page = browser.get(shown).text
    assert "The product was added." in page
    assert f"http://localhost/checkout/{tenant.slug}/{IDS[kind]}" in page
    assert FORMS[kind]["name"] in client.get(f"/checkout/{tenant.slug}/{IDS[kind]}").text
    assert version(tenant) == before + 1

    opened = open_payment(tenant, IDS[kind])
    assert opened.amount == load_order(tenant, opened.order_number).amount > 0
    with atomic(tenant.id):
        [entry] = db.session.execute(select(AuditEntry).where(AuditEntry.action == "product_added")).scalars()
    assert (entry.actor, entry.subject) == (browser.operator.actor, f"product:{IDS[kind]}")


def test_the_units_of_a_new_product_are_counted_from_the_first_sale(browser, tenant) -> None:
    browser.submit(path(tenant, "physical"), **FORMS["physical"], **ON_SALE)
    open_cart(tenant, {IDS["physical"]: 3})
    with atomic(tenant.id):
        [figures] = stock_counts.list_stock(tenant.id, [IDS["physical"]])
    assert (figures.on_hand, figures.reserved, figures.available) == (7, 3, 4)


def test_a_product_that_is_not_on_sale_yet_has_no_checkout_page(browser, tenant, client) -> None:
    browser.submit(path(tenant), **FORMS["digital"])
    assert client.get(f"/checkout/{tenant.slug}/{IDS['digital']}").status_code == 404
    edit = FORMS["digital"] | ON_SALE
    browser.submit(f"/dashboard/{tenant.slug}/catalog/{IDS['digital']}/edit", **edit)
    assert client.get(f"/checkout/{tenant.slug}/{IDS['digital']}").status_code == 200


def test_a_form_that_is_sent_twice_adds_one_product(browser, tenant) -> None:
    replies = [browser.submit(path(tenant, "physical"), **FORMS["physical"], **ON_SALE) for _ in range(2)]
    assert {reply.headers["Location"] for reply in replies} == {
        f"/dashboard/{tenant.slug}/catalog/{IDS['physical']}"
    }
    with atomic(tenant.id):
        query = select(AuditEntry).where(AuditEntry.action == "product_added")
        assert len(list(db.session.execute(query).scalars())) == 1


def test_two_owners_who_add_one_id_at_the_same_time_add_one_product(app, tenant) -> None:
    browsers = [sign_in(app, make_operator(tenant)) for _ in range(2)]
    forms = [FORMS["digital"] | {"id": "same", "amount": amount} for amount in ("10", "20")]
    with ThreadPoolExecutor() as pool:
        sent = [
            pool.submit(one.submit, path(tenant), **form) for one, form in zip(browsers, forms, strict=True)
        ]
        statuses = sorted(each.result().status_code for each in sent)
    assert statuses == [303, 400]


@pytest.mark.parametrize(
    ("kind", "wrong", "field"),
    [
        ("digital", {"name": ""}, "name"),
        ("digital", {"name": "x" * 201}, "name"),
        ("digital", {"name": "水晶"}, "id"),
        ("digital", {"id": "Not an id"}, "id"),
        ("digital", {"id": "mystique"}, "id"),
        ("digital", {"amount": "0.10"}, "amount"),
        ("digital", {"amount": ""}, "amount"),
        ("digital", {"amount": "1,000"}, "amount"),
        ("digital", {"amount": "1000000"}, "amount"),
        ("digital", {"description": "x" * 501}, "description"),
        ("digital", {"access_days": "x"}, "access_days"),
        ("level", {"level": ""}, "level"),
        ("level", {"level": "0"}, "level"),
        ("level", {"level": "1000"}, "level"),
        ("level", {"level": "2"}, "level"),
        ("physical", {"stock": "-1"}, "stock"),
        ("physical", {"stock": "999999999"}, "stock"),
        ("physical", {"stock": "1.5"}, "stock"),
    ],
)
def test_a_refused_form_says_why_beside_the_field_and_keeps_the_rest(app, tenant, kind, wrong, field) -> None:
    for language in Language:
        browser = sign_in(app, make_operator(tenant, language=language))
        form = FORMS[kind] | {"description": "Kept words"} | ON_SALE | wrong
        reply = browser.submit(path(tenant, kind), **form)
        assert reply.status_code == 400
        assert re.search(rf'(?s)id="{field}-help"((?!class="mb-3").)*invalid-feedback', reply.text)
        assert reply.text.count("invalid-feedback") == 1
        assert "Kept words" in reply.text or field == "description"
        assert re.search(r'name="active" value="yes" checked', reply.text)
    assert find(tenant, IDS[kind]) is None


def test_a_taken_level_number_names_the_product_that_has_it(browser, tenant) -> None:
    reply = browser.submit(path(tenant, "level"), **FORMS["level"] | {"level": "2"})
    assert "intuitive" in reply.text


def test_what_the_form_has_is_shown_as_text(browser, tenant) -> None:
    script = '"><script>alert(1)</script>'
    reply = browser.submit(path(tenant), name=script, id=script, amount=script, description=script)
    assert "<script>alert" not in reply.text
    assert "&lt;script&gt;" in reply.text


def test_the_kind_is_chosen_first_and_decides_the_fields(browser, tenant) -> None:
    choice = browser.get(f"/dashboard/{tenant.slug}/catalog/-/new").text
    for kind in FORMS:
        assert f'href="/dashboard/{tenant.slug}/catalog/-/new?kind={kind}"' in choice
    assert 'name="level"' in browser.get(path(tenant, "level")).text
    assert 'name="stock"' in browser.get(path(tenant, "physical")).text
    digital = browser.get(path(tenant)).text
    assert 'name="stock"' not in digital
    assert 'name="level"' not in digital
    assert browser.get(path(tenant, "other")).status_code == 200


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EXPERT])
def test_other_roles_and_other_shops_add_nothing(app, tenant, other_tenant, role) -> None:
    browser = sign_in(app, make_operator(tenant, role))
    assert browser.get(path(tenant)).status_code == 403
    assert browser.submit(path(tenant), **FORMS["digital"]).status_code == 403
    assert browser.submit(path(other_tenant), **FORMS["digital"]).status_code == 404
    assert find(tenant, IDS["digital"]) is find(other_tenant, IDS["digital"]) is None
