"""The page with Stripe's Payment Element over HTTP: what it contains, for whom, and what it refuses."""

# ruff: noqa: RUF001 - French is written with these apostrophes

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from pathlib import Path

import pytest
import requests
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from config.settings import RateLimits
from lumira.clock import utc_now
from lumira.database import atomic
from lumira.models import OrderStatus
from lumira.repositories.tenants import tenants
from tests.support import stripe_sandbox
from tests.support.checkout_pages import (
    change_product,
    leave,
    orders_of,
    session_of,
    shown_in,
    submit,
    text_of,
)
from tests.support.factories import BUYER, Brand, figures, set_stock
from tests.support.payment_pages import HERE, open_payment_page, pay_here, settings_of
from tests.support.web_process import web_process

pytestmark = pytest.mark.usefixtures("app_context")


@pytest.fixture
def tenant(make_brand: Callable[..., Brand]) -> Brand:
    """A tenant whose buyers pay on Lumira's page."""
    return make_brand(**HERE, brand_color="#D4AF37", brand_background="#0F0B19", brand_radius=12)


@pytest.fixture
def path(tenant: Brand) -> str:
    return f"/checkout/{tenant.slug}"


def order_path(path: str, tenant: Brand) -> str:
    return f"{path}/orders/{orders_of(tenant)[0].order_number}"


def test_a_form_leads_to_a_payment_of_the_catalogs_price(
    tenant: Brand, client: FlaskClient, path: str
) -> None:
    page = open_payment_page(client, f"{path}/mystique", amount="1", price="1")

    [intent] = stripe_sandbox.intents(tenant)
    settings = settings_of(page)
    assert (intent["amount"], intent["currency"]) == (4700, "eur")
    assert settings["clientSecret"] == intent["client_secret"]
    assert settings["publishableKey"] == tenant.stripe_publishable_key
    assert settings["returnUrl"].startswith("http")
    assert "47,00" in text_of(page)
    assert stripe_sandbox.checkout_sessions(tenant) == []


def test_the_page_has_the_brands_theme(client: FlaskClient, path: str) -> None:
    appearance = settings_of(open_payment_page(client, f"{path}/mystique"))["appearance"]
    assert appearance["theme"] == "night"
    assert appearance["variables"]["colorPrimary"] == "#D4AF37"
    assert appearance["variables"]["colorBackground"] == "#0F0B19"
    assert appearance["variables"]["borderRadius"] == "12px"


def test_the_page_allows_what_stripe_asks_for_and_no_other_page_does(
    settings, client: FlaskClient, path: str
) -> None:
    form = client.get(f"{path}/mystique")
    page = open_payment_page(client, f"{path}/mystique")
    sandbox = settings.stripe_api_base

    directives = dict(
        directive.strip().partition(" ")[::2]
        for directive in page.headers["Content-Security-Policy"].split(";")
    )
    assert directives["default-src"] == "'none'"
    assert directives["frame-src"] == sandbox
    assert directives["connect-src"] == f"'self' {sandbox}"
    assert directives["script-src"].split()[1:] == [sandbox]
    assert directives["script-src"].startswith("'nonce-")
    assert page.headers["Permissions-Policy"] == f'payment=(self "{sandbox}")'
    for other in (form, client.get(f"{path}")):
        assert "script-src" not in other.headers["Content-Security-Policy"]
        assert "Permissions-Policy" not in other.headers
    for reply in (form, page):
        assert "frame-ancestors 'none'" in reply.headers["Content-Security-Policy"]
        assert reply.headers["X-Frame-Options"] == "DENY"


def test_the_client_secret_is_in_the_page_of_its_visitor_only(
    tenant: Brand, app: Flask, client: FlaskClient, path: str, capfd: pytest.CaptureFixture[str]
) -> None:
    led = submit(client, f"{path}/mystique")
    page = client.get(led.headers["Location"])
    secret = settings_of(page)["clientSecret"]
    foreign = app.test_client().get(led.headers["Location"])

    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert secret not in str(led.headers)
    assert all(secret not in cookie.value for cookie in client._cookies.values())
    assert secret not in foreign.text
    assert BUYER not in foreign.text
    assert secret not in capfd.readouterr().err


def test_what_the_return_url_says_is_not_believed_and_its_secret_is_removed(
    tenant: Brand, client: FlaskClient, path: str, capfd: pytest.CaptureFixture[str]
) -> None:
    page = open_payment_page(client, f"{path}/mystique")
    secret = settings_of(page)["clientSecret"]
    order = order_path(path, tenant)

    reply = client.get(
        f"{order}?payment_intent={secret.split('_secret_')[0]}&payment_intent_client_secret={secret}"
        "&redirect_status=succeeded"
    )

    assert reply.status_code == 303
    assert reply.headers["Location"] == order
    assert "Merci" not in text_of(client.get(order))
    assert orders_of(tenant)[0].status is OrderStatus.PENDING
    assert secret not in capfd.readouterr().err


def test_a_paid_order_is_confirmed_at_once_without_any_webhook(
    tenant: Brand, client: FlaskClient, path: str
) -> None:
    page = open_payment_page(client, f"{path}/mystique")
    pay_here(tenant, page)

    client.get(f"{order_path(path, tenant)}?payment_intent=pi_other&redirect_status=failed")

    assert "Merci" in text_of(client.get(order_path(path, tenant)))
    assert orders_of(tenant)[0].status is OrderStatus.COMPLETED
    stripe_sandbox.deliver_events(tenant)
    assert orders_of(tenant)[0].status is OrderStatus.COMPLETED


def test_while_stripe_cannot_be_asked_the_buyer_sees_the_order_and_waits_for_the_webhook(
    tenant: Brand, client: FlaskClient, path: str
) -> None:
    pay_here(tenant, open_payment_page(client, f"{path}/mystique"))
    stripe_sandbox.fail_next(tenant, "500_before", method="GET", times=10)

    reply = client.get(f"{order_path(path, tenant)}?redirect_status=succeeded")

    stripe_sandbox.clear_faults(tenant)
    assert reply.status_code == 303
    assert "Nous attendons votre paiement" in text_of(client.get(order_path(path, tenant)))


def test_a_declined_payment_is_tried_again_on_the_same_order(
    tenant: Brand, client: FlaskClient, path: str
) -> None:
    page = open_payment_page(client, f"{path}/mystique")
    pay_here(tenant, page, "pm_card_chargeDeclined")
    order = order_path(path, tenant)
    client.get(f"{order}?redirect_status=failed")

    declined = client.get(order)
    assert "Le paiement a été refusé" in text_of(declined)
    assert f'href="{order}/pay"' in declined.text
    again = client.get(f"{order}/pay")
    assert settings_of(again)["clientSecret"] == settings_of(page)["clientSecret"]
    pay_here(tenant, again)
    client.get(f"{order}?redirect_status=succeeded")
    assert "Merci" in text_of(client.get(order))
    assert len(orders_of(tenant)) == len(stripe_sandbox.intents(tenant)) == 1


def test_an_abandoned_authentication_can_be_continued(tenant: Brand, client: FlaskClient, path: str) -> None:
    pay_here(tenant, open_payment_page(client, f"{path}/mystique"), "pm_card_threeDSecure2Required")
    stripe_sandbox.deliver_events(tenant)

    order = client.get(order_path(path, tenant))
    assert "Votre banque confirme" not in text_of(order)
    pay_here(tenant, client.get(f"{order_path(path, tenant)}/pay"))
    client.get(f"{order_path(path, tenant)}?redirect_status=succeeded")
    assert orders_of(tenant)[0].status is OrderStatus.COMPLETED


def test_a_bank_debit_is_awaited_and_says_what_happens_next(
    tenant: Brand, client: FlaskClient, path: str
) -> None:
    pay_here(tenant, open_payment_page(client, f"{path}/mystique"), "pm_successDelayed_fr")
    order = order_path(path, tenant)
    client.get(f"{order}?redirect_status=processing")

    assert "Votre banque confirme ce paiement" in text_of(client.get(order))
    assert client.get(f"{order}/pay").headers["Location"] == order
    assert client.post(f"{order}/pay").json == {"message": None, "next": order}
    assert submit(client, f"{path}/mystique").headers["Location"] == order


def test_a_bank_transfer_is_waited_for_and_not_paid_a_second_time(
    tenant: Brand, client: FlaskClient, path: str
) -> None:
    stripe_sandbox.call(tenant, "POST", "/sandbox/settings", json={"bank_transfers": True})
    page = open_payment_page(client, f"{path}/mystique")
    secret = settings_of(page)["clientSecret"]
    stripe_sandbox.call(
        tenant,
        "POST",
        f"/v1/payment_intents/{secret.split('_secret_')[0]}/confirm",
        data={"payment_method_data[type]": "customer_balance", "return_url": "https://shop.example/"},
    )
    order = order_path(path, tenant)
    client.get(f"{order}?redirect_status=succeeded")

    assert "Nous attendons votre virement" in text_of(client.get(order))
    assert client.get(f"{order}/pay").headers["Location"] == order
    assert submit(client, f"{path}/mystique").headers["Location"] == order
    assert len(stripe_sandbox.intents(tenant)) == 1


def test_two_clicks_at_once_open_one_payment(
    tenant: Brand, app: Flask, client: FlaskClient, path: str
) -> None:
    shown = shown_in(client.get(f"{path}/mystique"))
    second = app.test_client()
    visit = client.get_cookie(f"lumira_checkout_{tenant.slug}", path="/checkout")
    assert visit is not None
    second.set_cookie(f"lumira_checkout_{tenant.slug}", visit.value, path="/checkout")
    stripe_sandbox.fail_next(tenant, "latency", ms=900)

    with ThreadPoolExecutor(2) as clicks:
        replies = list(
            clicks.map(lambda each: submit(each, f"{path}/mystique", shown=shown), (client, second))
        )

    assert replies[0].headers["Location"] == replies[1].headers["Location"]
    assert len(orders_of(tenant)) == len(stripe_sandbox.intents(tenant)) == 1


def test_two_looks_at_once_record_a_payment_once(
    tenant: Brand, app: Flask, client: FlaskClient, path: str
) -> None:
    pay_here(tenant, open_payment_page(client, f"{path}/shirt"))
    order = order_path(path, tenant)
    cookies = list(client._cookies.values())

    def look(_: int) -> int:
        own = app.test_client()
        for cookie in cookies:
            own.set_cookie(cookie.key, cookie.value, path="/checkout")
        return own.get(f"{order}?redirect_status=succeeded").status_code

    with ThreadPoolExecutor(4) as looks:
        assert list(looks.map(look, range(4))) == [303] * 4
    stripe_sandbox.deliver_events(tenant)
    assert figures(tenant, "shirt") == (99, 0, 1)


def test_the_web_server_logs_no_client_secret(tenant: Brand, settings, path: str, tmp_path: Path) -> None:
    with web_process(settings, tmp_path / "log") as web, requests.Session() as browser:
        form = browser.get(f"{web.url}{path}/mystique", timeout=30)
        shown = re.search(r'name="shown" value="([^"]+)"', form.text)
        assert shown
        sent = {"shown": unescape(shown[1]), "email": BUYER, "name": ""}
        browser.post(f"{web.url}{path}/mystique", data=sent, timeout=30)
        [intent] = stripe_sandbox.intents(tenant)
        secret = intent["client_secret"]
        query = {"payment_intent_client_secret": secret, "redirect_status": "succeeded"}
        for order in (order_path(path, tenant), f"{path}/orders/unknown", "/nowhere"):
            browser.get(f"{web.url}{order}", params=query, timeout=30)
        # Gunicorn itself refuses this one.
        requests.get(f"{web.url}{path}", params=query | {"x": "y" * 9000}, timeout=30)

    logged = web.log.read_text()
    assert "/checkout/<slug>/orders/<reference>" in logged
    assert secret.partition("_secret_")[2] not in logged


def test_the_same_form_opens_one_payment_however_often_it_is_sent(
    tenant: Brand, client: FlaskClient, path: str
) -> None:
    secrets = {settings_of(open_payment_page(client, f"{path}/mystique"))["clientSecret"] for _ in range(3)}
    secrets.add(settings_of(client.get(f"{order_path(path, tenant)}/pay"))["clientSecret"])
    assert len(secrets) == 1
    assert len(orders_of(tenant)) == len(stripe_sandbox.intents(tenant)) == 1


def test_a_corrected_address_cancels_the_first_payment_and_frees_its_units(
    tenant: Brand, client: FlaskClient, path: str
) -> None:
    leave(tenant, "shirt", 1)
    open_payment_page(client, f"{path}/shirt", email="typo@example.com")
    open_payment_page(client, f"{path}/shirt")

    assert [order.status for order in orders_of(tenant)] == [OrderStatus.CANCELLED, OrderStatus.PENDING]
    assert [intent["status"] for intent in stripe_sandbox.intents(tenant)] == [
        "requires_payment_method",
        "canceled",
    ]


def test_without_javascript_the_form_leads_to_stripes_page(
    tenant: Brand, client: FlaskClient, path: str
) -> None:
    session_id = session_of(submit(client, f"{path}/mystique", script="off"))
    assert stripe_sandbox.intents(tenant) == []

    stripe_sandbox.pay_session(tenant, session_id)
    stripe_sandbox.deliver_events(tenant)
    assert "Merci" in text_of(client.get(f"{path}/orders/{session_id}"))


def test_a_buyer_leaves_the_element_for_stripes_page_and_pays_once(
    tenant: Brand, client: FlaskClient, path: str
) -> None:
    leave(tenant, "shirt", 1)
    page = open_payment_page(client, f"{path}/shirt")
    hosted = f"{order_path(path, tenant)}/hosted"

    sessions = {session_of(client.post(hosted)), session_of(client.post(hosted))}

    assert len(sessions) == 1
    assert pay_here(tenant, page)["error"]["code"] == "payment_intent_unexpected_state"
    stripe_sandbox.pay_session(tenant, sessions.pop())
    stripe_sandbox.deliver_events(tenant)
    assert [order.status for order in orders_of(tenant)] == [OrderStatus.CANCELLED, OrderStatus.COMPLETED]
    assert figures(tenant, "shirt")[1:] == (0, 1)


def test_a_paid_order_does_not_lead_to_stripes_page(tenant: Brand, client: FlaskClient, path: str) -> None:
    pay_here(tenant, open_payment_page(client, f"{path}/mystique"))

    # The payment is not recorded here yet: Stripe refuses to cancel it.
    reply = client.post(f"{order_path(path, tenant)}/hosted")

    assert reply.headers["Location"].endswith("/orders/" + orders_of(tenant)[0].order_number)
    assert stripe_sandbox.checkout_sessions(tenant) == []
    assert orders_of(tenant)[0].status is OrderStatus.COMPLETED


def test_a_free_level_needs_no_payment_page(tenant: Brand, client: FlaskClient, path: str) -> None:
    reply = submit(client, f"{path}/simple")
    assert "Merci" in text_of(client.get(reply.headers["Location"]))


def test_a_cart_is_paid_here_too(tenant: Brand, client: FlaskClient, path: str) -> None:
    page = open_payment_page(client, f"{path}?items=shirt:2,cap")
    assert "2 × Chemise" in text_of(page)
    pay_here(tenant, page)
    client.get(f"{order_path(path, tenant)}?redirect_status=succeeded")
    assert figures(tenant, "shirt")[2] == 2


def test_without_a_publishable_key_the_shop_sells_on_stripes_page(
    make_brand: Callable[..., Brand], client: FlaskClient
) -> None:
    tenant = make_brand(**HERE)
    change_tenant_key(tenant)
    assert session_of(submit(client, f"/checkout/{tenant.slug}/mystique"))


def change_tenant_key(tenant: Brand) -> None:
    with atomic(tenant.id):
        tenants.lock(tenant.id).stripe_publishable_key = None


def refused_before_payment(client: FlaskClient, order: str) -> str:
    reply = client.post(f"{order}/pay")
    assert reply.status_code >= 400
    assert reply.json is not None
    message: str = reply.json["message"]
    return message


def test_a_price_that_changed_while_the_page_was_open_is_said_before_money_is_taken(
    tenant: Brand, client: FlaskClient, path: str
) -> None:
    open_payment_page(client, f"{path}/mystique")
    change_product(tenant, "mystique", amount=5200)

    assert "Le prix a changé" in refused_before_payment(client, order_path(path, tenant))


def test_a_product_that_is_gone_is_said_before_money_is_taken(
    tenant: Brand, client: FlaskClient, path: str
) -> None:
    open_payment_page(client, f"{path}/mystique")
    change_product(tenant, "mystique", active=False)

    assert "n’est plus en vente" in refused_before_payment(client, order_path(path, tenant))


def test_units_that_were_sold_meanwhile_are_said_before_money_is_taken(
    make_brand: Callable[..., Brand], client: FlaskClient
) -> None:
    tenant = make_brand(**HERE, release_on_failure="at_once")
    path = f"/checkout/{tenant.slug}"
    pay_here(tenant, open_payment_page(client, f"{path}/shirt"), "pm_card_chargeDeclined")
    client.get(f"{order_path(path, tenant)}?redirect_status=failed")
    set_stock(tenant, "shirt", 0)

    assert "Il n’en reste plus assez" in refused_before_payment(client, order_path(path, tenant))


def test_the_check_before_the_payment_keeps_the_units_reserved(
    make_brand: Callable[..., Brand], client: FlaskClient
) -> None:
    tenant = make_brand(**HERE, release_on_failure="at_once")
    path = f"/checkout/{tenant.slug}"
    pay_here(tenant, open_payment_page(client, f"{path}/shirt"), "pm_card_chargeDeclined")
    client.get(f"{order_path(path, tenant)}?redirect_status=failed")
    assert figures(tenant, "shirt")[1] == 0

    assert client.post(f"{order_path(path, tenant)}/pay").json == {"message": None, "next": None}
    assert figures(tenant, "shirt")[1] == 1


def test_one_network_asks_stripe_a_bounded_number_of_times(client_with, tenant: Brand, path: str) -> None:
    client = client_with(rate_limits=RateLimits())
    # The whole test within one minute of the limit.
    with time_machine.travel(utc_now().replace(second=1)):
        open_payment_page(client, f"{path}/mystique")
        order = order_path(path, tenant)
        for _ in range(119):
            client.get(f"{order}?redirect_status=succeeded")
        refused = client.get(f"{order}/pay")
        returned = client.get(f"{order}?redirect_status=succeeded")

    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) <= 60
    assert "Il y a eu trop de demandes" in text_of(refused)
    # The order itself is still shown.
    assert returned.status_code == 303
    assert "Nous attendons votre paiement" in text_of(client.get(order))
    assert len(stripe_sandbox.requests_made(tenant, "GET", stripe_path(tenant))) == 120


def stripe_path(tenant: Brand) -> str:
    [intent] = stripe_sandbox.intents(tenant)
    return f"/v1/payment_intents/{intent['id']}"


@pytest.mark.parametrize("route", ["pay", "hosted"])
def test_another_visitor_gets_nothing_of_a_payment(
    tenant: Brand, app: Flask, client: FlaskClient, path: str, route: str
) -> None:
    open_payment_page(client, f"{path}/mystique")
    stranger = app.test_client()
    stranger.get(f"{path}/mystique")

    reply = stranger.post(f"{order_path(path, tenant)}/{route}")

    assert BUYER not in reply.text
    assert orders_of(tenant)[0].order_number not in reply.text
    assert [intent["status"] for intent in stripe_sandbox.intents(tenant)] == ["requires_payment_method"]


def test_a_forged_cookie_opens_no_payment_page(tenant: Brand, client: FlaskClient, path: str) -> None:
    open_payment_page(client, f"{path}/mystique")
    number = orders_of(tenant)[0].order_number
    name = f"lumira_order_{tenant.slug}_{number}"
    cookie = client.get_cookie(name, path="/checkout")
    assert cookie is not None
    client.set_cookie(name, cookie.value[:-3] + "abc", path="/checkout")

    assert "data-settings" not in client.get(f"{order_path(path, tenant)}/pay").text


def test_an_order_of_one_tenant_is_not_paid_under_anothers_address(
    make_brand: Callable[..., Brand], tenant: Brand, client: FlaskClient, path: str
) -> None:
    open_payment_page(client, f"{path}/mystique")
    other = make_brand(**HERE)
    client.get(f"/checkout/{other.slug}/mystique")
    number = orders_of(tenant)[0].order_number
    # The same signed value under the name that the other shop reads.
    cookie = client.get_cookie(f"lumira_order_{tenant.slug}_{number}", path="/checkout")
    assert cookie is not None
    client.set_cookie(f"lumira_order_{other.slug}_{number}", cookie.value, path="/checkout")

    reply = client.get(f"/checkout/{other.slug}/orders/{number}/pay")

    assert "data-settings" not in reply.text
    assert BUYER not in reply.text
