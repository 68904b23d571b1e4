"""An operator corrects where an order is sent, and refunds it with or without its postage."""

import pytest

from lumira.domain.goods.addresses import Address
from tests.support import stripe_sandbox
from tests.support.factories import Brand, load_order, open_cart
from tests.support.parcels import ship
from tests.support.refunds import audited
from tests.support.shipping import ZONES

pytestmark = pytest.mark.usefixtures("app_context")
ADDRESS = Address("FR", name="Ana Martin", line1="12 rue des Lilas", postal_code="75011", city="Paris")


@pytest.fixture
def shop(make_brand) -> Brand:
    return make_brand(shipping_zones=ZONES)


@pytest.fixture
def number(shop: Brand) -> str:
    opened = open_cart(shop, {"cap": 2}, shipping=ADDRESS)
    stripe_sandbox.pay_session(shop, str(opened.session_id))
    stripe_sandbox.deliver_events(shop)
    return opened.order_number


def test_the_address_is_shown_and_corrected_until_a_parcel_is_on_its_way(run_flask, shop, number) -> None:
    shown = run_flask("orders", "delivery", number).stdout
    assert shown.splitlines() == ["Ana Martin", "12 rue des Lilas", "75011 Paris", "France"]
    said = run_flask("orders", "delivery", number, "--line1", "14 rue des Lilas", "--yes").stdout
    assert "14 rue des Lilas" in said
    assert load_order(shop, number).shipping_address["line1"] == "14 rue des Lilas"
    assert [entry.actor for entry in audited(shop, "delivery_corrected")] == ["operator"]
    for options, why, code in (
        (("--country", "DE"), "paid for other countries: FR, MC", 1),
        (("--city", ""), "complete it", 1),
        (("--phone", "soon"), "phone: ", 2),
    ):
        assert why in run_flask("orders", "delivery", number, *options, "--yes", code=code).stderr
    ship(shop, number)
    assert "is on its way" in run_flask("orders", "delivery", number, "--city", "Lyon", code=1).stderr


def test_an_order_is_refunded_without_its_postage_and_then_with_it(run_flask, shop, number) -> None:
    both = run_flask("orders", "refund", number, "--amount", "5", "--postage", "--yes", code=2).stderr
    assert "Name an amount, or lines and postage, not both." in both
    goods = run_flask("orders", "refund", number, "--no-postage", "--yes").stdout
    assert "refund 38.00 EUR of" in goods
    assert "now partially_refunded" in goods
    postage = run_flask("orders", "refund", number, "--postage", "--yes").stdout
    assert "of it postage 4.90 EUR" in postage
    assert "now refunded" in postage
