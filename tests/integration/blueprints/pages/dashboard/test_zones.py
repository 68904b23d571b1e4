"""Owners say where the shop sends its goods, and for which postage."""

import re
from html import unescape

import pytest
from flask import Flask

from lumira.database import atomic
from lumira.models import Language, Role
from lumira.repositories.tenants import tenants
from tests.support.dashboard import OperatorBrowser, make_operator, sign_in
from tests.support.factories import Brand
from tests.support.refunds import audited
from tests.support.shipping import ZONES

pytestmark = pytest.mark.usefixtures("app_context")


@pytest.fixture
def shop(make_brand) -> Brand:
    return make_brand(shipping_zones=ZONES)


@pytest.fixture
def browser(app: Flask, shop: Brand) -> OperatorBrowser:
    return sign_in(app, make_operator(shop, Role.OWNER, language=Language.ENGLISH))


def fields_of(browser: OperatorBrowser, path: str) -> dict[str, str]:
    """What the form shows, and which settings it has seen."""
    page = browser.get(path).text
    found = re.findall(r'name="([a-z_]+-[0-9]+|seen)"(?: type="text")? value="([^"]*)"', page)
    found += re.findall(r'name="([a-z_]+-[0-9]+)"[^>]*>([^<]*)</textarea>', page)
    boxes = {"phone", "remove"}
    values = {name: unescape(text) for name, text in found if name.partition("-")[0] not in boxes}
    return values | dict.fromkeys(re.findall(r'name="(phone-[0-9]+)" value="yes" checked', page), "yes")


def stored(shop: Brand) -> list[dict]:
    with atomic(shop.id):
        return tenants.get(shop.id).shipping_zones


def test_zones_are_changed_added_and_removed_in_one_form(shop: Brand, browser: OperatorBrowser) -> None:
    path = f"/dashboard/{shop.slug}/settings/zones"
    assert path in browser.get(f"/dashboard/{shop.slug}/settings/sales").text
    shown = fields_of(browser, path)
    assert (shown["countries-0"], shown["amount-0"], shown["free_from-0"]) == (
        "France, Monaco",
        "4.90",
        "100.00",
    )
    assert shown["steps-0"] == "1000 g: 7.90"
    browser.submit(path, page=path, **shown)
    assert stored(shop) == ZONES
    new = {"name-2": "Suisse", "countries-2": "switzerland; LI", "amount-2": "19.90", "steps-2": "500: 24.90"}
    assert browser.submit(path, page=path, **shown | {"remove-1": "yes"} | new).status_code == 303
    france, switzerland = stored(shop)
    assert france == ZONES[0]
    assert switzerland == {
        "name": "Suisse",
        "countries": ["CH", "LI"],
        "amount": 1990,
        "free_from": None,
        "phone": False,
        "steps": [{"heavier_than": 500, "amount": 2490}],
    }
    assert len(audited(shop, "tenant_changed")) == 1


@pytest.mark.parametrize(
    ("entered", "sentence"),
    [
        ({"amount-0": "4,9,0"}, "Write an amount that Stripe can charge"),
        ({"amount-0": "0.10"}, "Write an amount that Stripe can charge"),
        ({"countries-0": "Atlantis"}, "Write countries that exist"),
        ({"countries-1": "France"}, "each in one zone only"),
        ({"name-1": "France"}, "that no other zone has"),
        ({"steps-0": "heavy: 7.90"}, "Write one line a step"),
        ({"steps-0": "2000: 9.90\n1000: 7.90"}, "the lightest first"),
        ({"name-2": "Suisse"}, "Write countries that exist"),
    ],
)
def test_what_makes_no_sense_is_said_beside_its_field_and_changes_nothing(
    shop: Brand, browser: OperatorBrowser, entered: dict[str, str], sentence: str
) -> None:
    path = f"/dashboard/{shop.slug}/settings/zones"
    reply = browser.submit(path, page=path, **fields_of(browser, path) | entered)
    assert (reply.status_code, sentence in reply.text) == (400, True)
    assert stored(shop) == ZONES


def test_two_owners_do_not_replace_each_others_zones_unseen(
    app: Flask, shop: Brand, browser: OperatorBrowser
) -> None:
    path = f"/dashboard/{shop.slug}/settings/zones"
    shown = fields_of(browser, path)
    other = sign_in(app, make_operator(shop, Role.OWNER, language=Language.ENGLISH))
    other.submit(path, page=path, **shown | {"amount-0": "5.90"})
    mine = shown | {"amount-0": "6.90"}
    refused = browser.submit(path, page=path, **mine)
    assert (refused.status_code, "5.90" in refused.text) == (400, True)
    assert stored(shop)[0]["amount"] == 590
