"""API keys: authentication, permissions and the separation of accounts."""

import pytest
import requests
import stripe

RETURN_URL = "https://shop.example/thanks"


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("sk_test_expired_key", "Expired API Key provided: sk_test_***"),
        ("sk_test_invalid_key", "Invalid API Key provided: sk_test_***"),
        ("sk_test_a", "Invalid API Key provided"),
        ("sk_live_abcdefgh", "Invalid API Key provided"),
        ("no_key", "Invalid API Key provided"),
    ],
)
def test_an_invalid_key_is_a_401_that_does_not_contain_the_key(connect, sandbox_url, key, message):
    with pytest.raises(stripe.AuthenticationError) as raised:
        connect(sandbox_url, key).accounts.retrieve_current()
    assert raised.value.http_status == 401
    assert message in raised.value.user_message
    assert key not in raised.value.user_message


def test_no_key_is_a_401(sandbox_url):
    reply = requests.get(sandbox_url + "/v1/account", timeout=10)
    assert reply.status_code == 401
    assert "You did not provide an API key" in reply.json()["error"]["message"]
    assert reply.headers["Request-Id"].startswith("req_")


def test_basic_authentication_accepts_the_key_as_user_name(sandbox_url, key, api):
    reply = requests.get(sandbox_url + "/v1/account", auth=(key, ""), timeout=10)
    assert reply.json()["id"] == api.accounts.retrieve_current().id


def test_accounts_share_nothing(*, api, connect, sandbox_url, key, pay, endpoint):
    other_account = connect(sandbox_url, key + "_other")
    intent, customer = pay(), api.customers.create({"email": "ada@example.com"})
    event = api.events.list().data[0]
    method = intent.payment_method
    for look in (
        lambda: other_account.payment_intents.retrieve(intent.id),
        lambda: other_account.payment_intents.cancel(intent.id),
        lambda: other_account.charges.retrieve(intent.latest_charge),
        lambda: other_account.customers.retrieve(customer.id),
        lambda: other_account.customers.update(customer.id, {"name": "x"}),
        lambda: other_account.events.retrieve(event.id),
        lambda: other_account.payment_methods.retrieve(method),
        lambda: other_account.webhook_endpoints.retrieve(endpoint.id),
        lambda: other_account.webhook_endpoints.delete(endpoint.id),
    ):
        with pytest.raises(stripe.InvalidRequestError) as raised:
            look()
        assert (raised.value.http_status, raised.value.code) == (404, "resource_missing")
    for resource in (
        other_account.payment_intents,
        other_account.customers,
        other_account.events,
        other_account.charges,
    ):
        assert resource.list().data == []
    assert other_account.accounts.retrieve_current().id != api.accounts.retrieve_current().id


def test_a_parameter_cannot_name_an_object_of_another_account(connect, sandbox_url, key, api):
    customer = api.customers.create({})
    with pytest.raises(stripe.InvalidRequestError, match="No such customer"):
        connect(sandbox_url, key + "_other").payment_intents.create(
            {"amount": 1400, "currency": "eur", "customer": customer.id}
        )


def test_two_accounts_can_use_the_same_idempotency_key(connect, sandbox_url, key, api):
    options = {"idempotency_key": "order-1"}
    ours = api.payment_intents.create({"amount": 1400, "currency": "eur"}, options)
    theirs = connect(sandbox_url, key + "_other").payment_intents.create(
        {"amount": 1500, "currency": "eur"}, options
    )
    assert ours.id != theirs.id


@pytest.fixture
def browser(sandbox_url, name):
    """Send calls as Stripe.js does: the publishable key as a form field, from another origin."""

    def send(method, path, **params):
        sent = {"key": f"pk_test_{name}", **params}
        return requests.request(
            method,
            sandbox_url + path,
            params=sent if method == "GET" else None,
            data=None if method == "GET" else sent,
            headers={"Origin": "https://shop.example"},
            timeout=10,
        )

    return send


def test_a_browser_with_the_client_secret_reads_and_confirms_its_intent(browser, open_intent, api):
    intent = open_intent(metadata={"orderNumber": "LUM-1"})
    path = f"/v1/payment_intents/{intent.id}"
    seen = browser("GET", path, client_secret=intent.client_secret)
    assert seen.status_code == 200
    assert not {"metadata", "customer", "latest_charge"} & set(seen.json())
    assert seen.headers["Access-Control-Allow-Origin"] == "*"

    confirmed = browser(
        "POST",
        path + "/confirm",
        **{
            "client_secret": intent.client_secret,
            "payment_method_data[type]": "card",
            "payment_method_data[card][number]": "4242424242424242",
            "payment_method_data[card][exp_month]": "12",
            "payment_method_data[card][exp_year]": "34",
            "payment_method_data[card][cvc]": "123",
            "payment_method_data[guid]": "x",
            "return_url": RETURN_URL,
            "expected_payment_method_type": "card",
        },
    )
    assert confirmed.json()["status"] == "succeeded"
    assert "metadata" not in confirmed.json()
    assert api.payment_intents.retrieve(intent.id).status == "succeeded"


def test_a_decline_shown_to_a_browser_contains_no_metadata(browser, open_intent):
    intent = open_intent(metadata={"orderNumber": "LUM-1"})
    declined = browser(
        "POST",
        f"/v1/payment_intents/{intent.id}/confirm",
        client_secret=intent.client_secret,
        payment_method="pm_card_visa_chargeDeclined",
        return_url=RETURN_URL,
    )
    assert declined.status_code == 402
    assert declined.json()["error"]["payment_intent"]["status"] == "requires_payment_method"
    assert "metadata" not in declined.json()["error"]["payment_intent"]


def test_a_browser_needs_the_right_client_secret(browser, open_intent):
    intent = open_intent()
    path = f"/v1/payment_intents/{intent.id}"
    assert browser("GET", path).json()["error"]["code"] == "parameter_missing"
    wrong = browser("GET", path, client_secret=intent.client_secret + "x")
    assert wrong.status_code == 400
    assert "client_secret" in wrong.json()["error"]["message"]


def test_a_publishable_key_cannot_call_other_routes(browser, open_intent):
    for method, path in (
        ("POST", "/v1/payment_intents"),
        ("GET", "/v1/payment_intents"),
        ("POST", f"/v1/payment_intents/{open_intent().id}/cancel"),
        ("GET", "/v1/customers"),
        ("GET", "/v1/events"),
    ):
        rejection = browser(method, path)
        assert rejection.status_code == 403
        assert rejection.json()["error"]["code"] == "secret_key_required"


def test_a_cors_preflight_request_is_allowed(sandbox_url):
    reply = requests.options(sandbox_url + "/v1/payment_intents/pi_x/confirm", timeout=10)
    assert reply.status_code == 204
    assert "POST" in reply.headers["Access-Control-Allow-Methods"]


def test_control_routes_require_the_secret_key(sandbox_url, name):
    for key, status in ((f"pk_test_{name}", 403), ("nonsense", 401)):
        reply = requests.get(
            sandbox_url + "/sandbox/requests", headers={"Authorization": f"Bearer {key}"}, timeout=10
        )
        assert reply.status_code == status


def test_an_unknown_connected_account_is_forbidden(api):
    with pytest.raises(stripe.PermissionError) as raised:
        api.customers.list({}, {"stripe_account": "acct_other"})
    assert (raised.value.http_status, raised.value.error.code) == (403, "account_invalid")
