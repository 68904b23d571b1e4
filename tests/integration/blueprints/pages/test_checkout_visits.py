"""One visit opens one order for one form, and shows it to its visitor only."""

# ruff: noqa: RUF001 - French is written with these apostrophes

from concurrent.futures import ThreadPoolExecutor

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from lumira.clock import utc_now
from lumira.database import atomic, db
from lumira.models import Order, OrderStatus
from lumira.repositories.customers import customers
from lumira.services.customers.merge_customers import merge_customers
from tests.support import stripe_sandbox
from tests.support.checkout_pages import (
    leave,
    orders_of,
    session_of,
    shown_in,
    submit,
    text_of,
)
from tests.support.factories import BUYER, Brand

pytestmark = pytest.mark.usefixtures("app_context")


@pytest.fixture
def path(tenant: Brand) -> str:
    return f"/checkout/{tenant.slug}"


def test_a_form_that_is_sent_twice_opens_one_order(tenant: Brand, client: FlaskClient, path: str) -> None:
    shown = shown_in(client.get(f"{path}/mystique"))
    first = submit(client, f"{path}/mystique", shown=shown)
    second = submit(client, f"{path}/mystique", shown=shown)
    reloaded = submit(client, f"{path}/mystique")

    assert session_of(first) == session_of(second) == session_of(reloaded)
    assert len(orders_of(tenant)) == 1


def test_a_corrected_address_frees_what_the_first_form_reserved(
    tenant: Brand, client: FlaskClient, path: str
) -> None:
    leave(tenant, "shirt", 1)
    first = session_of(submit(client, f"{path}/shirt", email="typo@example.com"))

    second = session_of(submit(client, f"{path}/shirt", email=BUYER))

    assert first != second
    assert [order.status for order in orders_of(tenant)] == [OrderStatus.CANCELLED, OrderStatus.PENDING]


def test_a_buyer_who_comes_back_continues_the_order_of_the_last_unit(
    tenant: Brand, client: FlaskClient, path: str
) -> None:
    leave(tenant, "shirt", 1)
    first = session_of(submit(client, f"{path}/shirt"))

    assert session_of(submit(client, f"{path}/shirt")) == first


def test_a_paid_order_is_shown_to_its_buyer_only(tenant: Brand, app, client: FlaskClient, path: str) -> None:
    session_id = session_of(submit(client, f"{path}/mystique"))
    waiting = client.get(f"{path}/orders/{session_id}")
    stripe_sandbox.pay_session(tenant, session_id)
    stripe_sandbox.deliver_events(tenant)

    own = client.get(f"{path}/orders/{session_id}")
    foreign = app.test_client().get(f"{path}/orders/{session_id}")

    assert "refresh" in waiting.text
    assert "Merci" in text_of(own)
    assert BUYER in text_of(own)
    assert "refresh" not in own.text
    assert foreign.status_code == 200
    for secret in (BUYER, orders_of(tenant)[0].order_number, "Mystique"):
        assert secret not in foreign.text


def test_a_second_purchase_after_the_first_is_another_order(
    tenant: Brand, client: FlaskClient, path: str
) -> None:
    first = session_of(submit(client, f"{path}/mystique"))
    stripe_sandbox.pay_session(tenant, first)
    stripe_sandbox.deliver_events(tenant)

    # Without having seen the order's page, the same form leads there.
    again = submit(client, f"{path}/mystique")
    assert again.headers["Location"] == f"{path}/orders/{first}"
    client.get(f"{path}/orders/{first}")
    assert session_of(submit(client, f"{path}/mystique")) != first


def test_a_buyer_whose_card_was_declined_goes_on_with_the_same_order(
    tenant: Brand, client: FlaskClient, path: str
) -> None:
    leave(tenant, "shirt", 1)
    first = session_of(submit(client, f"{path}/shirt"))
    stripe_sandbox.pay_session(tenant, first, "pm_card_chargeDeclined")
    stripe_sandbox.deliver_events(tenant)

    page = client.get(f"{path}/orders/{first}")
    assert "Revenir au paiement" in text_of(page)
    assert session_of(submit(client, f"{path}/shirt")) == first
    assert session_of(submit(client, f"{path}/shirt", email="other@example.com")) != first
    assert [order.status for order in orders_of(tenant)] == [OrderStatus.CANCELLED, OrderStatus.PENDING]


@pytest.mark.parametrize("email", [BUYER, "other@example.com"])
def test_a_bank_debit_under_way_is_not_paid_a_second_time(
    tenant: Brand, client: FlaskClient, path: str, email: str
) -> None:
    first = session_of(submit(client, f"{path}/mystique"))
    stripe_sandbox.pay_session(tenant, first, "pm_successDelayed_fr")
    stripe_sandbox.deliver_events(tenant)

    assert submit(client, f"{path}/mystique", email=email).headers["Location"] == f"{path}/orders/{first}"
    assert len(orders_of(tenant)) == 1


def test_after_a_refund_the_same_visitor_can_buy_again(tenant: Brand, client: FlaskClient, path: str) -> None:
    first = session_of(submit(client, f"{path}/mystique"))
    stripe_sandbox.pay_session(tenant, first)
    stripe_sandbox.deliver_events(tenant)
    paid = stripe_sandbox.call(tenant, "GET", f"/v1/checkout/sessions/{first}")["payment_intent"]
    stripe_sandbox.call(tenant, "POST", "/v1/refunds", data={"payment_intent": paid})
    stripe_sandbox.deliver_events(tenant)

    reversed_page = client.get(submit(client, f"{path}/mystique").headers["Location"])
    assert "n’est plus active" in text_of(reversed_page)
    assert session_of(submit(client, f"{path}/mystique")) != first


def test_two_tabs_that_pay_at_once_keep_both_orders(
    tenant: Brand, client: FlaskClient, app, path: str
) -> None:
    client.get(path + "/mystique")
    other = app.test_client()
    visit = client.get_cookie(f"lumira_checkout_{tenant.slug}", path="/checkout")
    assert visit is not None
    # Both requests leave with the cookies of before; the browser then stores those of both replies.
    other.set_cookie(f"lumira_checkout_{tenant.slug}", visit.value, path="/checkout")
    references = [session_of(submit(client, f"{path}/mystique")), session_of(submit(other, f"{path}/shirt"))]
    for cookie in list(other._cookies.values()):
        client.set_cookie(cookie.key, cookie.value, path="/checkout")

    for reference, product in zip(references, ("Mystique", "Chemise"), strict=True):
        assert product in text_of(client.get(f"{path}/orders/{reference}"))


def test_a_visitor_keeps_a_bounded_number_of_orders(tenant: Brand, client: FlaskClient, path: str) -> None:
    for number in range(10):
        submit(client, f"{path}/simple", email=f"buyer-{number}@example.com")
    kept = [cookie for cookie in client._cookies.values() if cookie.key.startswith("lumira_order_")]
    assert len(kept) == 8


def test_over_https_the_cookies_of_the_checkout_can_be_set_over_https_only(
    tenant: Brand, client: FlaskClient, path: str
) -> None:
    reply = client.get(f"{path}/simple", base_url="https://localhost")
    [cookie] = reply.headers.getlist("Set-Cookie")
    assert cookie.startswith(f"__Secure-lumira_checkout_{tenant.slug}=")
    assert {"Secure", "HttpOnly", "Path=/checkout", "SameSite=Lax"} <= set(cookie.split("; "))


def test_the_page_shows_no_address_that_was_not_typed(
    tenant: Brand, app, client: FlaskClient, path: str
) -> None:
    submit(client, f"{path}/simple", email="ana@example.com")
    submit(client, f"{path}/intuitive", email="typo@example.com")
    with atomic(tenant.id):
        typo, ana = (customers.get_current(tenant.id, f"{name}@example.com").id for name in ("typo", "ana"))
    merge_customers(tenant.id, typo, ana, actor="test")

    stranger = app.test_client()
    reply = submit(stranger, f"{path}/simple", email="typo@example.com")
    page = text_of(stranger.get(reply.headers["Location"]))
    assert "Merci" in page
    assert "ana@example.com" not in page


def test_a_second_click_while_stripe_is_slow_gets_the_first_ones_page(
    tenant: Brand, app, client: FlaskClient, path: str
) -> None:
    shown = shown_in(client.get(f"{path}/mystique"))
    second = app.test_client()
    visit = client.get_cookie(f"lumira_checkout_{tenant.slug}", path="/checkout")
    assert visit is not None
    second.set_cookie(f"lumira_checkout_{tenant.slug}", visit.value, path="/checkout")
    stripe_sandbox.fail_next(tenant, "latency", path="/v1/checkout/sessions", ms=900)

    with ThreadPoolExecutor(2) as clicks:
        replies = list(
            clicks.map(lambda each: submit(each, f"{path}/mystique", shown=shown), (client, second))
        )

    assert session_of(replies[0]) == session_of(replies[1])
    assert len(orders_of(tenant)) == 1


def test_an_erased_buyers_form_opens_another_order_at_the_next_press(
    tenant: Brand, client: FlaskClient, path: str
) -> None:
    stripe_sandbox.fail_next(tenant, "500_before", path="/v1/checkout/sessions", times=20)
    submit(client, f"{path}/mystique")
    stripe_sandbox.clear_faults(tenant)
    with atomic(tenant.id):
        erased = update(Order).where(Order.tenant_id == tenant.id)
        db.session.execute(erased.values(customer_email=None, erased_at=utc_now()))

    refused = submit(client, f"{path}/mystique")
    assert "Cette commande a été fermée" in text_of(refused)
    assert session_of(submit(client, f"{path}/mystique", shown=shown_in(refused)))


def test_behind_an_untrusted_proxy_a_stranger_gets_no_order_of_another(tenant: Brand, app, path: str) -> None:
    replies = []
    for number in (1, 2):
        visitor = app.test_client()
        sent_by = {"X-Forwarded-For": f"203.0.113.{number}"}
        shown = shown_in(visitor.get(f"{path}/simple", headers=sent_by))
        form = {"shown": shown, "email": BUYER, "name": ""}
        replies.append(visitor.post(f"{path}/simple", data=form, headers=sent_by))
    assert replies[0].headers["Location"] != replies[1].headers["Location"]


def test_an_expired_payment_can_be_tried_again(tenant: Brand, client: FlaskClient, path: str) -> None:
    first = session_of(submit(client, f"{path}/shirt"))
    stripe_sandbox.expire_session(tenant, first)
    stripe_sandbox.deliver_events(tenant)

    page = client.get(f"{path}/orders/{first}")
    assert "Réessayer" in text_of(page)
    assert f"{path}?items=shirt:1" in page.text
    assert session_of(submit(client, f"{path}?items=shirt:1")) != first


def test_a_bank_debit_is_awaited_and_not_asked_for_again(
    tenant: Brand, client: FlaskClient, path: str
) -> None:
    session_id = session_of(submit(client, f"{path}/mystique"))
    stripe_sandbox.pay_session(tenant, session_id, "pm_successDelayed_fr")
    stripe_sandbox.deliver_events(tenant)

    page = client.get(f"{path}/orders/{session_id}")
    assert "Votre banque confirme ce paiement" in text_of(page)
    assert "refresh" not in page.text


def test_a_form_of_another_visit_opens_nothing(tenant: Brand, app, client: FlaskClient, path: str) -> None:
    attackers = shown_in(app.test_client().get(f"{path}/mystique"))

    refused = submit(client, f"{path}/mystique", shown=attackers)

    assert refused.status_code == 409
    assert "appuyez encore une fois" in text_of(refused)
    assert orders_of(tenant) == []


@pytest.mark.parametrize("shown", ["", "x", "WyJhIl0.x.y", "null"])
def test_a_forged_signature_opens_nothing(tenant: Brand, client: FlaskClient, path: str, shown: str) -> None:
    client.get(f"{path}/mystique")
    assert submit(client, f"{path}/mystique", shown=shown).status_code == 409
    assert orders_of(tenant) == []


def test_a_forged_visit_shows_no_order(tenant: Brand, client: FlaskClient, path: str) -> None:
    session_id = session_of(submit(client, f"{path}/mystique"))
    cookie = client.get_cookie(f"lumira_checkout_{tenant.slug}", path="/checkout")
    assert cookie is not None
    assert (cookie.http_only, cookie.same_site) == (True, "Lax")
    client.set_cookie(f"lumira_checkout_{tenant.slug}", cookie.value[:-3] + "abc", path="/checkout")

    assert BUYER not in client.get(f"{path}/orders/{session_id}").text


def test_an_order_is_erased_with_its_buyer_and_shown_no_longer(
    tenant: Brand, client: FlaskClient, path: str
) -> None:
    session_id = session_of(submit(client, f"{path}/mystique"))
    with atomic(tenant.id):
        erased = update(Order).where(Order.tenant_id == tenant.id)
        db.session.execute(erased.values(customer_email=None, erased_at=utc_now()))
    assert BUYER not in client.get(f"{path}/orders/{session_id}").text
