"""Postage: which zone a country has, and what it costs."""

import pytest

from lumira.domain.commands import CheckoutCommand, CheckoutItem
from lumira.domain.goods.addresses import Address
from lumira.domain.goods.shipping import (
    WeightStep,
    Zone,
    check_address,
    find_zone,
    postage_of,
    record_address,
)
from lumira.errors.orders import CountryNotServed, InvalidAddress, MissingAddress
from lumira.models import Order, Product, ProductKind, Tenant
from tests.support.shipping import ZONES

FRANCE = Zone("France", ("FR", "MC"), 490, 10_000, False, (WeightStep(500, 690), WeightStep(2000, 990)))


def product(
    kind: ProductKind = ProductKind.PHYSICAL, *, amount: int = 1900, weight: int | None = None
) -> Product:
    return Product(id="cap", kind=kind, amount=amount, weight=weight, currency="eur")


def shop(*zones: dict[str, object]) -> Tenant:
    return Tenant(shipping_zones=list(zones) or None, seller={"vat_rate": "20.00"})


@pytest.mark.parametrize(
    ("goods", "weight", "postage"),
    [
        (9_999, 0, 490),
        (9_999, 500, 490),
        (9_999, 501, 690),
        (9_999, 2001, 990),
        (10_000, 90_000, 0),
    ],
)
def test_postage_grows_with_the_weight_until_it_is_free(goods: int, weight: int, postage: int) -> None:
    assert FRANCE.postage(goods, weight) == postage


def test_a_country_has_one_zone_and_no_country_is_needed_where_there_is_one_zone() -> None:
    assert find_zone([FRANCE], "MC") is FRANCE
    assert find_zone([FRANCE], None) is FRANCE
    assert find_zone([FRANCE], "BE") is None
    assert find_zone([FRANCE, FRANCE], None) is None


def test_postage_counts_the_goods_of_a_mixed_cart_only() -> None:
    items = [(product(amount=6000, weight=600), 2), (product(ProductKind.DIGITAL, amount=9000), 1)]
    dear = [(product(amount=4000, weight=600), 2), (product(ProductKind.DIGITAL, amount=9000), 1)]
    free, paid = postage_of(shop(*ZONES), items, "FR"), postage_of(shop(*ZONES), dear, "FR")
    assert free is not None
    assert paid is not None
    assert (free.amount, paid.amount, paid.vat_rate) == (0, 790, "20.00")


def test_nothing_is_asked_for_digital_content_or_without_zones() -> None:
    assert postage_of(shop(*ZONES), [(product(ProductKind.DIGITAL), 1)], None) is None
    assert postage_of(shop(), [(product(), 1)], None) is None


def test_a_country_that_is_not_served_is_refused_with_those_that_are() -> None:
    with pytest.raises(CountryNotServed, match="BE, DE, FR, GR, MC"):
        postage_of(shop(*ZONES), [(product(), 1)], "US")
    with pytest.raises(MissingAddress):
        postage_of(shop(*ZONES), [(product(), 1)], None)


def test_a_country_is_enough_for_stripes_page_only() -> None:
    postage = postage_of(shop(*ZONES), [(product(), 1)], "FR")
    assert postage is not None
    item = (CheckoutItem("cap"),)
    check_address(
        postage,
        CheckoutCommand(item, shipping=Address("FR"), success_url="https://a.example/"),
        is_free=False,
    )
    check_address(postage, CheckoutCommand(item, success_url="https://a.example/"), is_free=False)
    for command in (
        CheckoutCommand(item),
        CheckoutCommand(item, shipping=Address("FR")),
    ):
        with pytest.raises(MissingAddress):
            check_address(postage, command, is_free=False)
    with pytest.raises(MissingAddress):
        check_address(postage, CheckoutCommand(item, success_url="https://a.example/"), is_free=True)


@pytest.mark.parametrize(
    ("address", "missing"),
    [
        (Address("FR", name="Ana", line1="1 rue", city="Paris"), ["shipping.address.postalCode"]),
        (Address("IE", name="Ana", city="Cork"), ["shipping.address.line1"]),
        (
            Address("GR", line1="Οδός 1"),
            ["shipping.name", "shipping.phone", "shipping.address.postalCode", "shipping.address.city"],
        ),
    ],
)
def test_an_incomplete_address_is_refused_with_each_missing_part(
    address: Address, missing: list[str]
) -> None:
    country = "GR" if address.country == "GR" else "FR"
    postage = postage_of(shop(*ZONES), [(product(), 1)], country)
    assert postage is not None
    with pytest.raises(InvalidAddress) as refused:
        check_address(postage, CheckoutCommand((CheckoutItem("cap"),), shipping=address), is_free=False)
    assert list(refused.value.fields or {}) == missing


WHOLE = Address("FR", name="Ana", line1="1 rue", postal_code="75011", city="Paris")


def test_an_address_of_stripes_page_is_recorded_once_and_completed_with_the_phone() -> None:
    order = Order(shipping_zone="France", shipping_address={"country": "FR"})
    record_address(order, Address("FR"))
    assert order.shipping_address == {"country": "FR"}
    record_address(order, WHOLE)
    record_address(order, Address("FR", name="Other", line1="2 rue", city="Lyon", phone="0612345678"))
    assert (order.shipping_address or {})["name"] == "Ana"
    record_address(order, Address("FR", name="Ana", line1="1 rue", city="Paris", phone="0612345678"))
    assert (order.shipping_address or {})["phone"] == "0612345678"


def test_a_card_number_in_an_address_is_hidden() -> None:
    order = Order(shipping_zone="France")
    record_address(order, Address("FR", name="Ana", line1="4242 4242 4242 4242", city="Paris"))
    assert "4242 4242 4242 4242" not in str(order.shipping_address)


def test_nothing_is_recorded_for_an_order_that_is_not_sent() -> None:
    order = Order()
    record_address(order, WHOLE)
    assert order.shipping_address is None
