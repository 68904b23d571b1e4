import secrets

import pytest
import stripe

from lumira.sandbox.server import SandboxServer
from tests.contract.sandbox_driver import CANCEL_URL, SUCCESS_URL, Control, Receiver, line

RETURN_URL = "https://shop.example/thanks"


@pytest.fixture(scope="session")
def sandbox_url(tmp_path_factory):
    with SandboxServer(tmp_path_factory.mktemp("sandbox")) as server:
        yield server.url


@pytest.fixture(scope="session")
def http_client():
    client = stripe.RequestsClient(timeout=(20, 60))
    yield client
    client.close()


@pytest.fixture
def connect(http_client):
    """Return clients of the official SDK for any URL and key."""

    def build(url, key):
        return stripe.StripeClient(
            key, base_addresses={"api": url}, max_network_retries=0, http_client=http_client
        ).v1

    return build


@pytest.fixture
def name():
    return "contract_" + secrets.token_hex(6)


@pytest.fixture
def key(name):
    return f"sk_test_{name}"


@pytest.fixture
def api(connect, sandbox_url, key):
    """The SDK, with a separate account for each test."""
    return connect(sandbox_url, key)


@pytest.fixture
def control(sandbox_url, key):
    return Control(sandbox_url, key)


@pytest.fixture
def control_error(control):
    """Call a control route that responds 400; return the error's message."""

    def post(name, /, **body):
        status, response = control.send("POST", name, body)
        assert status == 400, response
        return response["error"]["message"]

    return post


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def endpoint(api, receiver):
    """A subscribed endpoint with its secret, which only this response contains."""
    return api.webhook_endpoints.create({"url": receiver.url + "/hook", "enabled_events": ["*"]})


@pytest.fixture
def open_intent(api):
    def build(**more):
        return api.payment_intents.create({"amount": 1400, "currency": "eur", **more})

    return build


@pytest.fixture
def pay(api, open_intent):
    """Create an intent and confirm it with one of Stripe's test payment methods."""

    def build(method="pm_card_visa", **more):
        intent = open_intent(**more)
        return api.payment_intents.confirm(intent.id, {"payment_method": method, "return_url": RETURN_URL})

    return build


@pytest.fixture
def refund(api):
    def build(intent, **more):
        return api.refunds.create({"payment_intent": intent.id, **more})

    return build


@pytest.fixture
def sepa():
    """Parameters of a confirmation by direct debit."""

    def build(iban):
        return {
            "payment_method_data": {
                "type": "sepa_debit",
                "sepa_debit": {"iban": iban},
                "billing_details": {"name": "Ada", "email": "ada@example.com"},
            },
            "mandate_data": {"customer_acceptance": {"type": "offline", "offline": {}}},
            "return_url": RETURN_URL,
        }

    return build


@pytest.fixture
def open_session(api):
    """Create a Checkout Session with one line item and the buyer's e-mail address."""

    def build(**more):
        parameters = {
            "mode": "payment",
            "line_items": [line()],
            "success_url": SUCCESS_URL,
            "cancel_url": CANCEL_URL,
            **({} if "customer" in more else {"customer_email": "ada@example.com"}),
            **more,
        }
        return api.checkout.sessions.create(
            {name: value for name, value in parameters.items() if value is not None}
        )

    return build


@pytest.fixture
def pay_session(control):
    """Pay a session as its page does; return the result."""

    def build(session, method="pm_card_visa", **more):
        return control.post(f"checkout/sessions/{session.id}/pay", payment_method=method, **more)

    return build
