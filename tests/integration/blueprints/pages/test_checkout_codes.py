"""Promotion codes on the checkout page: entered, shown in the price, and a part of the order."""

import re

import pytest
from flask.testing import FlaskClient

from config.settings import RateLimits
from lumira.models import PromotionUse
from tests.support import stripe_sandbox
from tests.support.checkout_pages import orders_of, session_of, shown_in, submit, text_of
from tests.support.factories import Brand, make_promotion, open_payment, uses

pytestmark = pytest.mark.usefixtures("app_context")

MANY = "1000 per minute"


def page(brand: Brand, code: str = "WELCOME10", product: str = "mystique") -> str:
    return f"/checkout/{brand.slug}/{product}" + (f"?code={code}" if code else "")


def test_a_link_with_a_code_shows_the_lower_price_and_opens_the_order_at_it(
    client: FlaskClient, tenant: Brand
) -> None:
    code = make_promotion(tenant)
    shown = text_of(client.get(page(tenant, "welcome10")))
    assert "Remise, code WELCOME10 : -4,70" in shown
    assert "Total : 42,30" in shown
    assert "Ce code est pris en compte" in shown
    reply = submit(client, page(tenant, "welcome10"))
    [session] = stripe_sandbox.checkout_sessions(tenant)
    assert (session["id"], session["amount_total"]) == (session_of(reply), 4230)
    [order] = orders_of(tenant)
    assert (order.promotion_code, order.amount) == ("WELCOME10", 4230)
    assert uses(tenant, code) == (1, 0)


def test_the_code_is_entered_by_a_form_without_javascript(client: FlaskClient, tenant: Brand) -> None:
    make_promotion(tenant)
    cart = f"/checkout/{tenant.slug}?items=shirt:2,cap"
    html = client.get(cart).text
    [form] = re.findall(r'<form method="get".*?</form>', html, flags=re.S)
    assert f'action="/checkout/{tenant.slug}"' in form
    assert '<input type="hidden" name="items" value="shirt:2,cap">' in form
    assert '<label for="code">' in form
    assert "Total : 123,30" in text_of(client.get(f"{cart}&code=WELCOME10"))


def test_a_shop_without_codes_asks_for_none(client: FlaskClient, tenant: Brand) -> None:
    make_promotion(tenant, active=False)
    assert "Code promo" not in text_of(client.get(page(tenant, "")))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"active": False}, "existe pas"),
        ({"product_ids": ["cap"]}, "ne vaut pas pour cet achat"),
        ({"minimum_amount": 10000}, "à partir de 100,00"),
        ({"max_uses": 1, "redeemed": 1}, "autant de fois"),
        ({"amount": 4680}, "trop peu à payer"),
    ],
)
def test_a_code_that_does_not_count_is_said_beside_its_field_and_the_whole_price_is_shown(
    client: FlaskClient, tenant: Brand, values: dict[str, object], said: str
) -> None:
    make_promotion(tenant, **values)
    reply = client.get(page(tenant))
    assert reply.status_code == 200
    assert said in text_of(reply)
    assert "Total : 47,00" in text_of(reply)
    # The buyer has seen the whole price, and may pay it.
    session_of(submit(client, page(tenant)))
    assert [order.promotion_code for order in orders_of(tenant)] == [None]


def test_a_code_that_ends_while_the_page_is_open_changes_no_price_unseen(
    client: FlaskClient, tenant: Brand
) -> None:
    make_promotion(tenant, max_uses=1)

    shown = shown_in(client.get(page(tenant)))
    open_payment(tenant, promotion_code="WELCOME10", customer_email="first@example.com")
    reply = submit(client, page(tenant), shown=shown)
    assert reply.status_code == 409
    assert "Le prix a changé" in text_of(reply)
    assert "Total : 47,00" in text_of(reply)


def test_a_customer_who_has_used_the_code_is_not_charged_another_price(
    client: FlaskClient, tenant: Brand
) -> None:

    make_promotion(tenant, max_uses_per_customer=1)
    open_payment(tenant, promotion_code="WELCOME10")
    reply = submit(client, page(tenant))
    assert reply.status_code == 400
    assert "Effacez-le pour payer le prix entier" in text_of(reply)
    assert len(orders_of(tenant)) == 1


def test_a_code_of_the_whole_price_needs_no_payment(client: FlaskClient, tenant: Brand) -> None:
    make_promotion(tenant, percent=100)
    assert "Total : Gratuit" in text_of(client.get(page(tenant)))
    reply = submit(client, page(tenant))
    assert reply.status_code == 303
    [order] = orders_of(tenant)
    assert (order.amount, order.promotion_use) == (0, PromotionUse.REDEEMED)
    assert "Merci" in text_of(client.get(reply.headers["Location"]))


def test_the_visitors_own_unpaid_order_does_not_use_up_their_code(client: FlaskClient, tenant: Brand) -> None:
    code = make_promotion(tenant, max_uses=1)
    first = session_of(submit(client, page(tenant)))
    assert "Total : 42,30" in text_of(client.get(page(tenant)))
    again = submit(client, page(tenant))
    assert session_of(again) == first
    assert uses(tenant, code) == (1, 0)


@pytest.mark.parametrize("code", ["<script>alert(1)</script>", "%00", "x" * 300, "É'\"", "a b c d"])
def test_anything_that_is_entered_is_shown_as_text(client: FlaskClient, tenant: Brand, code: str) -> None:
    make_promotion(tenant)
    reply = client.get(page(tenant, code))
    assert reply.status_code == 200
    assert "<script>alert" not in reply.text
    assert "existe pas" in text_of(reply)


def test_codes_are_not_found_by_trying_them_on_the_page(client_with, tenant: Brand) -> None:
    make_promotion(tenant)
    client = client_with(
        rate_limits=RateLimits(
            enabled=True, per_key=MANY, per_address=MANY, per_email=MANY, per_address_emails=MANY
        )
    )
    for number in range(20):
        assert "existe pas" in text_of(client.get(page(tenant, f"TRY-{number}")))
    limited = text_of(client.get(page(tenant)))
    assert "Trop de codes" in limited
    assert "Total : 47,00" in limited
