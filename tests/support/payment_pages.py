"""What tests of the page with the Payment Element do: open it, read its settings, and pay as Stripe.js does."""

import json
import re
from html import unescape
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support import stripe_sandbox
from tests.support.checkout_pages import submit, text_of
from tests.support.factories import Brand

#: The columns of a tenant whose buyers pay on Lumira's page.
HERE = {"payment_page": "element"}


def settings_of(reply: TestResponse) -> dict[str, Any]:
    """What the page gives to its script."""
    found = re.search(r'data-settings="([^"]+)"', reply.text)
    assert found, text_of(reply)
    settings: dict[str, Any] = json.loads(unescape(found[1]))
    return settings


def open_payment_page(client: FlaskClient, path: str, **entered: str) -> TestResponse:
    """Send the form of a product's page, and follow it to the page that pays its order."""
    led = submit(client, path, **entered)
    assert led.status_code == 303, text_of(led)
    assert led.headers["Location"].endswith("/pay")
    return client.get(led.headers["Location"])


def pay_here(tenant: Brand, reply: TestResponse, method: str = "pm_card_visa") -> dict[str, Any]:
    """Confirm the payment of a page as its script does; returns Stripe's response."""
    secret = settings_of(reply)["clientSecret"]
    return stripe_sandbox.pay(tenant, secret.split("_secret_")[0], secret, method)
