"""Owners group products that differ in options, and add and rename variants."""

import pytest

from lumira.database import atomic, db
from lumira.models import ProductGroup
from tests.support.factories import Brand
from tests.support.files import audited
from tests.support.images import illustrate
from tests.support.variants import add_variants, product_row

pytestmark = pytest.mark.usefixtures("app_context")

GROUP = {
    "name": "Tasse",
    "description": "Émaillée à la main",
    "option_name_0": "Taille",
    "option_values_0": "20 cl, 30 cl",
}
VARIANT = {"option_0": "30 cl", "amount": "24", "stock": "7", "active": "yes"}
EDIT = {
    "name": "Tee-shirt",
    "description": "Cotton",
    "option_name_0": "Size",
    "option_values_0": "S, M, L",
    "option_name_1": "Colour",
    "option_values_1": "blue, red",
}


def catalog(brand: Brand) -> str:
    return f"/dashboard/{brand.slug}/catalog"


def test_a_group_and_its_first_variant_are_added_and_sold(browser, tenant, client) -> None:
    created = browser.submit(f"/dashboard/{tenant.slug}/catalog/-/groups/new", **GROUP)
    assert created.headers["Location"] == f"{catalog(tenant)}/-/new?group=tasse"
    assert "level" not in browser.get(created.headers["Location"]).text.split("<main")[1]
    new = f"{catalog(tenant)}/-/new?kind=physical&group=tasse"
    added = browser.submit(new, **VARIANT)
    assert added.headers["Location"] == f"{catalog(tenant)}/tasse-30-cl"

    variant = product_row(tenant, "tasse-30-cl")
    assert (variant.name, variant.description) == ("Tasse, 30 cl", "Émaillée à la main")
    assert (variant.group_id, variant.options) == ("tasse", {"Taille": "30 cl"})
    assert "Tasse, 30 cl" in client.get(f"/checkout/{tenant.slug}/tasse-30-cl").text
    assert audited(tenant, "product_group_added")[0].actor == browser.operator.actor
    # The same form again adds nothing, and another product cannot have the combination.
    assert browser.submit(new, **VARIANT).status_code == 303
    taken = browser.submit(new, **VARIANT | {"name": "Other"})
    assert taken.status_code == 400
    assert "“tasse-30-cl” has these options already" in taken.text
    unknown = browser.submit(new, **VARIANT | {"option_0": "40 cl"})
    assert "Choose one of the values of the list." in unknown.text


def test_the_variants_follow_the_name_of_their_group(browser, tenant) -> None:
    add_variants(tenant)
    edit = f"/dashboard/{tenant.slug}/catalog/-/groups/tee/edit"
    reply = browser.submit(edit, **EDIT)
    assert reply.headers["Location"] == f"{catalog(tenant)}?group=tee"
    assert product_row(tenant, "tee-s-red").name == "Tee-shirt, S, red"
    with atomic(tenant.id):
        options = db.session.get_one(ProductGroup, (tenant.id, "tee")).options
    assert options[0]["values"] == ["S", "M", "L"]
    assert audited(tenant, "product_group_changed")[0].actor == browser.operator.actor


def test_values_with_commas_are_separated_by_semicolons(browser, tenant) -> None:
    new = f"/dashboard/{tenant.slug}/catalog/-/groups/new"
    browser.submit(new, **GROUP | {"option_values_0": "0,5 l; 1 l"})
    edit = f"/dashboard/{tenant.slug}/catalog/-/groups/tasse/edit"
    shown = 'value="0,5 l; 1 l;"'
    assert shown in browser.get(edit).text
    browser.submit(edit, **GROUP | {"name": "Pichet", "option_values_0": "0,5 l; 1 l;"})
    assert shown in browser.get(edit).text
    assert list(audited(tenant, "product_group_changed")[0].details["fields"]) == ["name"]


def test_a_value_of_a_variant_on_sale_stays(browser, tenant) -> None:
    add_variants(tenant)
    edit = f"/dashboard/{tenant.slug}/catalog/-/groups/tee/edit"
    refused = browser.submit(edit, **EDIT | {"option_values_1": "blue"})
    assert refused.status_code == 400
    assert "“tee-s-red” is on sale" in refused.text
    empty = browser.submit(edit, **EDIT | {"option_values_0": "S, s"})
    assert "Write a name and 1 to 50 values" in empty.text
    assert product_row(tenant, "tee-s-red").name == "Tee, S, red"


def test_the_catalog_lists_the_variants_of_one_group(browser, tenant) -> None:
    add_variants(tenant)
    illustrate(tenant, "tee-s-blue")
    listed = browser.get(f"{catalog(tenant)}?group=tee").text
    assert "tee-m-blue" in listed
    assert "Chemise" not in listed
    assert f"{catalog(tenant)}?group=tee" in browser.get(catalog(tenant)).text
    page = browser.get(f"{catalog(tenant)}/tee-m-blue").text
    assert "shows that of a variant like it" in page
    assert browser.get(f"{catalog(tenant)}?group=none").status_code == 404
