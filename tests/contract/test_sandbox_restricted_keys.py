"""Restricted keys: a missing permission is a 403 that names it, a wrong key is a 401."""

import pytest
import stripe

INTENT = {"amount": 1400, "currency": "eur"}


@pytest.fixture
def restrict(*, connect, sandbox_url, control):
    """Return a restricted key and the SDK with it."""

    def build(*permissions):
        key = control.post("keys", permissions=list(permissions))["key"]
        return key, connect(sandbox_url, key)

    return build


@pytest.mark.parametrize(
    ("permission", "call", "missing"),
    [
        ("events:read", lambda api: api.customers.create({"email": "ada@example.com"}), "rak_customer_write"),
        ("customers:read", lambda api: api.customers.create({}), "rak_customer_write"),
        ("customers:write", lambda api: api.events.list(), "rak_event_read"),
        ("charges:read", lambda api: api.refunds.create({"charge": "ch_1"}), "rak_refund_write"),
        ("charges:read", lambda api: api.payment_intents.create(INTENT), "rak_payment_intent_write"),
        ("charges:read", lambda api: api.payment_intents.retrieve("pi_1"), "rak_payment_intent_read"),
        ("charges:read", lambda api: api.checkout.sessions.list(), "rak_checkout_session_read"),
        ("charges:read", lambda api: api.checkout.sessions.expire("cs_1"), "rak_checkout_session_write"),
        ("charges:read", lambda api: api.disputes.list(), "rak_dispute_read"),
        ("charges:read", lambda api: api.webhook_endpoints.delete("we_1"), "rak_webhook_write"),
        ("charges:read", lambda api: api.accounts.retrieve_current(), "rak_accounts_kyc_basic_read"),
    ],
)
def test_a_missing_permission_is_a_403_that_names_it(*, restrict, api, permission, call, missing):
    account_id = api.accounts.retrieve_current().id
    key, restricted = restrict(permission)
    with pytest.raises(stripe.PermissionError) as raised:
        call(restricted)

    error = raised.value
    assert (error.http_status, error.error.type, error.code) == (403, "invalid_request_error", None)
    assert error.user_message == (
        f"The provided key 'rk_test_{'*' * (len(key) - 12)}{key[-4:]}' does not have the required permissions for this "
        f"endpoint on account '{account_id}'. Having the '{missing}' permission would allow this request to continue."
    )


def test_a_restricted_key_acts_on_its_account_within_its_permissions(restrict, api):
    _, restricted = restrict("customers:write", "payment_intents:write", "events:read")
    customer = restricted.customers.create({"email": "ada@example.com"})
    intent = restricted.payment_intents.create({**INTENT, "customer": customer.id})
    assert restricted.customers.retrieve(customer.id).email == "ada@example.com"
    assert api.payment_intents.retrieve(intent.id).customer == customer.id
    assert restricted.events.list().data[0].type == "payment_intent.created"


def test_a_request_that_was_forbidden_executes_after_the_key_was_mended(restrict, control):
    key, restricted = restrict("events:read")
    options = {"idempotency_key": "customer-1"}
    with pytest.raises(stripe.PermissionError):
        restricted.customers.create({}, options)

    control.post("keys", key=key, permissions=["customers:write"])
    assert restricted.customers.create({}, options).id.startswith("cus_")


def test_a_revoked_or_unknown_restricted_key_is_a_401(*, restrict, control, connect, sandbox_url):
    key, restricted = restrict("customers:write")
    control.post("keys/revoke", key=key)
    for one in (restricted, connect(sandbox_url, "rk_test_unknown1234")):
        with pytest.raises(stripe.AuthenticationError, match="Invalid API Key provided: rk_test_"):
            one.customers.create({})


def test_a_restricted_key_cannot_control_the_sandbox(restrict, control, sandbox_url):
    key, _ = restrict("customers:write")
    status, _ = type(control)(sandbox_url, key).send("GET", "faults", None)
    assert status == 403


@pytest.mark.parametrize(
    "body",
    [
        {"permissions": ["customers"]},
        {"permissions": ["transfers:read"]},
        {"permissions": "customers:read"},
        {"permissions": [{}]},
        {},
    ],
)
def test_an_unknown_permission_is_rejected(control_error, body):
    assert "`permissions` must be a list of" in control_error("keys", **body)


def test_the_permissions_of_another_accounts_key_cannot_be_replaced(restrict, control, sandbox_url):
    key, _ = restrict("customers:write")
    other = type(control)(sandbox_url, "sk_test_contract_someone_else")
    status, _ = other.send("POST", "keys", {"key": key, "permissions": []})
    assert status == 404
