"""The CSV of orders is complete, opens in a spreadsheet, and calculates nothing."""

import csv
import io
from typing import Any

import pytest

from lumira.domain.csv_cells import harmless
from lumira.domain.goods.addresses import Address
from lumira.domain.order_search import OrderSearch
from lumira.models import Language
from lumira.services.orders import export_orders as module
from lumira.services.orders.export_orders import export_orders
from tests.support.factories import Brand, load_order, open_cart, open_payment
from tests.support.refunds import pay, refund
from tests.support.shipping import ZONES

pytestmark = pytest.mark.usefixtures("app_context")


def export(brand: Brand, language: Language = Language.ENGLISH, **search: Any) -> list[dict[str, str]]:
    text = "".join(part for part, _ in export_orders(brand.id, OrderSearch(**search), language, actor="test"))
    assert text.startswith("\ufeff")
    delimiter = ";" if language is Language.FRENCH else ","
    return list(csv.DictReader(io.StringIO(text[1:]), delimiter=delimiter))


def test_an_order_is_a_row_with_amounts_in_major_units(make_brand) -> None:
    brand = make_brand(time_zone="Asia/Tokyo")
    opened = pay(brand, customer_email="ana@example.com", customer_name='Ana, "dite" Nana')
    refund(brand, opened, 700)
    order = load_order(brand, opened.order_number)

    [row] = export(brand)

    assert (row["Order"], row["Status"]) == (opened.order_number, "partially_refunded")
    assert (row["Amount"], row["Refunded"], row["Net"], row["Currency"]) == ("47.00", "7.00", "40.00", "EUR")
    assert (row["Name"], row["E-mail"]) == ('Ana, "dite" Nana', "ana@example.com")
    assert row["Products"] == "1 x Niveau Mystique"
    assert row["Opened"].endswith("+09:00")
    assert row["Opened"][:4] == f"{order.created_at:%Y}"
    assert (row["Payment"], row["Mode"]) == (opened.payment_intent_id, "test")
    [french] = export(brand, Language.FRENCH)
    assert (french["Commande"], french["Montant"]) == (opened.order_number, "47,00")


@pytest.mark.parametrize(
    "text", ["=1+1", "+33 6", "-2", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\uff1dcmd", '=HYPERLINK("http://x")']
)
def test_no_text_of_a_buyer_is_a_formula(tenant: Brand, text: str) -> None:
    assert harmless(text) == f"'{text}"
    assert harmless("Ana =1+1") == "Ana =1+1"
    open_payment(tenant, customer_name=text)
    assert export(tenant)[0]["Name"].startswith("'")


def test_every_order_is_exported_once_in_parts_of_bounded_size(
    tenant: Brand, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = [
        open_payment(tenant, "simple", customer_email=f"b{n}@example.com").order_number for n in range(5)
    ]
    monkeypatch.setattr(module, "CHUNK", 2)

    parts = list(export_orders(tenant.id, OrderSearch(), Language.ENGLISH, actor="test"))

    assert [count for _, count in parts] == [0, 2, 2, 1]
    assert [row["Order"] for row in export(tenant)] == opened[::-1]


def test_an_export_has_the_orders_of_the_search_alone(tenant: Brand, other_tenant: Brand) -> None:
    cart = open_cart(tenant)
    open_payment(tenant)
    open_cart(other_tenant)
    assert [row["Order"] for row in export(tenant, product_id="cap")] == [cart.order_number]
    assert export(tenant, text="nobody@example.com") == []


def test_a_row_says_where_goods_are_sent_and_for_which_postage(make_brand) -> None:
    brand = make_brand(shipping_zones=ZONES)
    open_cart(brand, {"cap": 1}, shipping=Address("FR"))
    [row] = export(brand)
    assert (row["Postage"], row["Amount"], row["Zone"], row["Country"]) == ("4.90", "23.90", "France", "FR")
    assert row["Goods"] == "none"
