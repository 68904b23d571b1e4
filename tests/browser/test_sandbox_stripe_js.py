"""The sandbox's Stripe.js is as strict as Stripe's: a page that works with it works with Stripe."""

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import make_server
from werkzeug.wrappers import Response

from lumira.sandbox.server import SandboxServer
from tests.browser import element
from tests.browser.violations import list_violations
from tests.support.factories import Brand, open_payment
from tests.support.stripe_sandbox import intents

pytestmark = pytest.mark.usefixtures("app_context")

BODY = '<!doctype html><title>Shop</title><div id="here"></div><div class="two"></div><div class="two"></div>'
ELEMENTS = "const elements = stripe.elements({clientSecret});"
MOUNTED = f"{ELEMENTS} elements.create('payment').mount('#here');"
DEFERRED = (
    "const elements = stripe.elements({mode: 'payment', amount: 4700, currency: 'eur'});"
    "elements.create('payment').mount('#here');"
)


@pytest.fixture(scope="module")
def shop_url(sandbox: SandboxServer) -> Iterator[str]:
    """The address of a shop's page, on an origin of its own, with Stripe.js."""
    html = f'{BODY}<script src="{sandbox.url}/endive/stripe.js"></script>'
    site = make_server("127.0.0.1", 0, Response(html, mimetype="text/html"), threaded=True)
    serving = threading.Thread(target=site.serve_forever)
    serving.start()
    yield f"http://127.0.0.1:{site.server_port}/"
    site.shutdown()
    serving.join()
    site.server_close()


@pytest.fixture
def page(browser: Browser, shop_url: str) -> Iterator[Page]:
    """A window with the shop's page."""
    context = browser.new_context(locale="en-GB")
    page = context.new_page()
    page.goto(shop_url)
    yield page
    context.close()
    # What the page does wrong on purpose is no fault of ours.
    list_violations(browser).clear()


@pytest.fixture
def run(page: Page, tenant: Brand) -> Callable[..., Any]:
    """Run a script with `stripe` and `clientSecret`; returns what it returns, or the error that it throws."""

    def evaluate(script: str, *, secret: str | None = None) -> Any:
        names = f"const clientSecret = {json.dumps(secret or 'pi_1_secret_1')};"
        key = json.dumps(tenant.stripe_publishable_key)
        return page.evaluate(
            f"async () => {{ try {{ {names} const stripe = Stripe({key}); {script} }}"
            " catch (error) { return `${error.name}: ${error.message}`; } }"
        )

    return evaluate


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("Stripe('')", "publishable key"),
        ("Stripe('sk_test_abcdefgh')", "should not use your secret key"),
        ("Stripe('pk_test_')", "Invalid API Key"),
        ("Stripe('something')", "Invalid API Key"),
        ("stripe.elements({clientSecret: 'pi_1'})", "client secret of the form"),
        ("stripe.elements({clientSecret, mode: 'payment'})", "either clientSecret or mode"),
        ("stripe.elements({mode: 'payment', currency: 'eur'})", "amount should be"),
        ("stripe.elements({mode: 'payment', amount: 1.5, currency: 'eur'})", "amount should be"),
        ("stripe.elements({mode: 'payment', amount: 100, currency: 'EUR'})", "currency should be"),
        ("stripe.elements({mode: 'sale', amount: 100, currency: 'eur'})", "mode should be"),
        ("stripe.elements({clientSecret, loader: 'spinner'})", "loader should be"),
        ("stripe.elements({clientSecret, appearance: {theme: 'dark'}})", "theme should be"),
        ("stripe.elements({clientSecret, appearance: {variables: {colorPrimary: 'gold-ish'}}})", "no color"),
        (
            "stripe.elements({clientSecret, appearance: {variables: {borderRadius: 12}}})",
            "should be a string",
        ),
        ("stripe.elements().create('payment')", "must pass a clientSecret or mode"),
        (f"{ELEMENTS} elements.create('paiement')", "valid Element type"),
        (f"{ELEMENTS} elements.create('payment'); elements.create('payment')", "one Element of type payment"),
        (f"{ELEMENTS} elements.create('payment', {{layout: 'grid'}})", "layout.type should be"),
        (f"{ELEMENTS} elements.create('payment').mount('#nowhere')", "applies to no DOM elements"),
        (
            f"{ELEMENTS} const element = elements.create('payment'); element.mount('#here'); element.mount('.two')",
            "already mounted",
        ),
        (f"{ELEMENTS} await stripe.confirmPayment({{elements}})", "mounted Payment Element"),
        (
            "await stripe.confirmPayment({confirmParams: {return_url: 'https://shop.example/'}})",
            "mounted Payment Element",
        ),
        (f"{MOUNTED} await stripe.confirmPayment({{elements}})", "return_url argument is required"),
        (
            f"{MOUNTED} await stripe.confirmPayment({{elements, confirmParams: {{return_url: '/thanks'}}}})",
            "absolute URL",
        ),
        (f"{MOUNTED} await stripe.confirmPayment({{elements, redirect: 'never'}})", "redirect should be"),
        (
            f"{DEFERRED} await stripe.confirmPayment({{elements, clientSecret, redirect: 'if_required'}})",
            "elements.submit() must be called before",
        ),
        ("await stripe.retrievePaymentIntent('pi_1')", "client secret of the form"),
    ],
)
def test_a_mistake_of_the_page_throws(run: Callable[..., Any], script: str, said: str) -> None:
    thrown = run(script)
    assert thrown is not None, "Nothing was thrown."
    assert thrown.startswith("IntegrationError: ")
    assert said in thrown


@pytest.mark.parametrize(
    ("script", "name"),
    [
        ("stripe.elements({clientSecret, colour: 'red'})", "colour"),
        ("stripe.elements({clientSecret, amount: 4700})", "amount"),
        (
            "stripe.elements({clientSecret, appearance: {variables: {colourPrimary: '#000000'}}})",
            "colourPrimary",
        ),
        (f"{ELEMENTS} elements.create('payment', {{wallet: 'never'}})", "wallet"),
        (
            f"{MOUNTED} await stripe.confirmPayment({{elements, confirmParams: {{returnUrl: '/'}}}})",
            "returnUrl",
        ),
        ("Stripe('pk_test_abcdefgh', {stripe_account: 'acct_1'})", "stripe_account"),
    ],
)
def test_an_unknown_parameter_is_a_warning(
    page: Page, run: Callable[..., Any], script: str, name: str
) -> None:
    warnings: list[str] = []
    page.on("console", lambda message: warnings.append(message.text))
    run(script)
    page.wait_for_function("true")
    assert any("Unrecognized" in warning and name in warning for warning in warnings), warnings


def test_the_deferred_flow_pays_the_intent_of_the_same_amount(
    page: Page, run: Callable[..., Any], tenant: Brand
) -> None:
    secret = open_payment(tenant).client_secret
    assert secret
    run(f"{DEFERRED} window.elements = elements; window.stripe = stripe;")
    frame = page.frame_locator("#here iframe")
    frame.get_by_label("Card number").fill(element.GOOD)
    frame.locator("[name=expiry]").fill("12/34")
    frame.locator("[name=cvc]").fill("123")

    result = page.evaluate(
        "async (clientSecret) => { await elements.submit();"
        "return stripe.confirmPayment({elements, clientSecret, redirect: 'if_required'}); }",
        secret,
    )

    assert result["paymentIntent"]["status"] == "succeeded"
    assert [intent["status"] for intent in intents(tenant)] == ["succeeded"]


def test_the_deferred_flow_refuses_an_intent_of_another_amount(
    page: Page, run: Callable[..., Any], tenant: Brand
) -> None:
    secret = open_payment(tenant, "strict").client_secret
    assert secret
    run(f"{DEFERRED} window.elements = elements; window.stripe = stripe;")
    frame = page.frame_locator("#here iframe")
    frame.get_by_label("Card number").fill(element.GOOD)
    frame.locator("[name=expiry]").fill("12/34")
    frame.locator("[name=cvc]").fill("123")
    result = page.evaluate(
        "async (clientSecret) => { await elements.submit();"
        "return stripe.confirmPayment({elements, clientSecret, redirect: 'if_required'}); }",
        secret,
    )
    assert "differs from that of Elements" in result["error"]["message"]


def test_card_data_never_reaches_the_page(page: Page, run: Callable[..., Any], tenant: Brand) -> None:
    secret = open_payment(tenant).client_secret
    page.evaluate(
        "window.heard = []; addEventListener('message', (event) => heard.push(JSON.stringify(event.data)))"
    )
    run(f"{MOUNTED} window.elements = elements; window.stripe = stripe;", secret=secret)
    frame = page.frame_locator("#here iframe")
    frame.get_by_label("Card number").fill(element.GOOD)
    frame.locator("[name=expiry]").fill("12/34")
    frame.locator("[name=cvc]").fill("987")
    result = page.evaluate(
        "stripe.confirmPayment({elements, redirect: 'if_required'})",
    )

    assert result["paymentIntent"]["status"] == "succeeded"
    heard = "".join(page.evaluate("heard"))
    for typed in ("4242424242424242", element.GOOD, "987"):
        assert typed not in heard
        assert typed not in page.content()
    assert page.evaluate("document.querySelector('#here iframe').contentDocument") is None


def test_an_unknown_payment_is_a_load_error(page: Page, run: Callable[..., Any]) -> None:
    message = run(
        f"{ELEMENTS} const element = elements.create('payment');"
        "return new Promise((resolve) => {"
        "  element.on('loaderror', ({error}) => resolve(error.code)); element.mount('#here'); });"
    )
    assert message == "resource_missing"
    expect(page.locator("#here iframe")).to_have_count(1)
