"""The checkout page of a shop that sends goods: the address, the countries and the postage before the payment."""

# ruff: noqa: RUF001 - French is written with these apostrophes

import pytest
from flask.testing import FlaskClient

from lumira.models import OrderStatus, PaymentPage
from tests.support import stripe_sandbox
from tests.support.checkout_pages import orders_of, session_of, shown_in, submit, text_of
from tests.support.factories import Brand
from tests.support.shipping import ZONES

pytestmark = pytest.mark.usefixtures("app_context")

ENTERED = {
    "name": "Ana Martin",
    "country": "FR",
    "line1": "12 rue des Lilas",
    "line2": "",
    "postal_code": "75011",
    "city": "Paris",
    "state": "",
    "phone": "",
}


@pytest.fixture
def shop(make_brand) -> Brand:
    return make_brand(shipping_zones=ZONES)


@pytest.fixture
def path(shop: Brand) -> str:
    return f"/checkout/{shop.slug}"


def test_the_page_shows_the_postage_and_the_countries_in_its_language(client: FlaskClient, path: str) -> None:
    page = text_of(client.get(f"{path}/cap"))
    for sentence in (
        "Frais de port, France : 4,90",
        "Offerts dès 100,00",
        "Total : 23,90",
        "Belgique",
        "Nom du destinataire",
    ):
        assert sentence in page
    english = client.get(f"{path}/cap", headers={"Accept-Language": "en"})
    assert "Germany" in text_of(english)
    assert 'autocomplete="shipping postal-code"' in english.text


def test_the_address_of_the_form_is_on_the_order_and_at_stripe(
    client: FlaskClient, shop: Brand, path: str
) -> None:
    reply = submit(client, f"{path}/cap", **ENTERED | {"line1": "Οδός Αθηνών 5"})
    session_id = session_of(reply)
    [order] = orders_of(shop)
    assert (order.amount, order.shipping_amount) == (2390, 490)
    assert (order.shipping_address or {})["line1"] == "Οδός Αθηνών 5"
    stripe_sandbox.pay_session(shop, session_id)
    stripe_sandbox.deliver_events(shop)
    [order] = orders_of(shop)
    assert order.status is OrderStatus.COMPLETED
    [intent] = stripe_sandbox.intents(shop)
    assert intent["shipping"]["name"] == "Ana Martin"


def test_another_country_shows_its_postage_and_opens_nothing(
    client: FlaskClient, shop: Brand, path: str
) -> None:
    reply = submit(client, f"{path}/cap", **ENTERED | {"country": "BE", "reprice": "yes"})
    page = text_of(reply)
    assert reply.status_code == 200
    assert "Frais de port, Europe : 12,90" in page
    assert "Téléphone" in page
    assert '<option value="BE" selected>' in reply.text
    assert 'value="12 rue des Lilas"' in reply.text
    assert orders_of(shop) == []
    sent = submit(
        client,
        f"{path}/cap",
        shown=shown_in(reply),
        **ENTERED | {"country": "BE", "phone": "+32 3 123 45 67"},
    )
    session_of(sent)
    [order] = orders_of(shop)
    assert order.amount == 1900 + 1290


def test_a_buyer_who_changes_the_country_sees_the_new_price_before_paying(
    client: FlaskClient, shop: Brand, path: str
) -> None:
    reply = submit(client, f"{path}/cap", **ENTERED | {"country": "DE", "phone": "+49 30 901820"})
    assert reply.status_code == 409
    assert "Le prix a changé" in text_of(reply)
    assert "Total : 31,90" in text_of(reply)
    assert orders_of(shop) == []


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"city": " "}, "city"),
        ({"postal_code": ""}, "postal_code"),
        ({"line1": "x" * 201}, "line1"),
        ({"line1": "4242 4242 4242 4242"}, "line1"),
        ({"phone": "call me"}, "phone"),
    ],
)
def test_a_wrong_field_is_named_beside_it_and_keeps_what_was_entered(
    client: FlaskClient, shop: Brand, path: str, changed: dict[str, str], field: str
) -> None:
    reply = submit(client, f"{path}/cap", **ENTERED | changed)
    assert reply.status_code == 400
    if field != "phone":
        assert f'id="error-{field}"' in reply.text
    assert 'value="Ana Martin"' in reply.text
    assert orders_of(shop) == []


def test_a_country_that_is_not_served_is_said_before_the_payment(
    client: FlaskClient, shop: Brand, path: str
) -> None:
    reply = submit(client, f"{path}/cap", **ENTERED | {"country": "US"})
    assert reply.status_code == 400
    assert "Nous n’envoyons pas dans ce pays" in text_of(reply)
    assert orders_of(shop) == []


def test_a_recipient_without_a_name_is_asked_for_one(client: FlaskClient, shop: Brand, path: str) -> None:
    reply = submit(client, f"{path}/cap", **ENTERED | {"name": ""})
    assert (reply.status_code, orders_of(shop)) == (400, [])


def test_digital_content_asks_no_address(client: FlaskClient, shop: Brand, path: str) -> None:
    reply = client.get(f"{path}/mystique")
    assert 'name="line1"' not in reply.text
    assert "Total : 47,00" in text_of(reply)
    session_of(submit(client, f"{path}/mystique"))


def test_the_payment_element_gets_the_same_address_and_so_does_stripes_page_instead(
    client: FlaskClient, make_brand
) -> None:
    shop = make_brand(shipping_zones=ZONES, payment_page=PaymentPage.ELEMENT)
    path = f"/checkout/{shop.slug}"
    reply = submit(client, f"{path}/cap", **ENTERED)
    assert reply.status_code == 303
    pay = client.get(reply.headers["Location"])
    assert "Frais de port, France" in text_of(pay)
    [intent] = stripe_sandbox.intents(shop)
    assert intent["shipping"]["address"]["postal_code"] == "75011"
    checked = client.post(reply.headers["Location"])
    assert (checked.status_code, checked.json) == (200, {"message": None, "next": None})
    hosted = client.post(reply.headers["Location"].removesuffix("/pay") + "/hosted")
    session_of(hosted)
    assert [order.shipping_amount for order in orders_of(shop)] == [490, 490]


def test_the_same_form_with_another_address_is_another_order(
    client: FlaskClient, shop: Brand, path: str
) -> None:
    first = session_of(submit(client, f"{path}/cap", **ENTERED))
    assert session_of(submit(client, f"{path}/cap", **ENTERED)) == first
    assert session_of(submit(client, f"{path}/cap", **ENTERED | {"city": "Lyon"})) != first
