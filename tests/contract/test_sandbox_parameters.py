"""Invalid parameters are rejected with Stripe's messages."""

import pytest
import requests
import stripe

RETURN_URL = "https://shop.example/thanks"
DESCRIPTOR_ERROR = (
    "The `statement_descriptor` parameter is not supported for the payment_method_type `card`. To continue "
    "supporting payment_method_type `card`, please pass in `statement_descriptor_suffix` or remove the "
    "`statement_descriptor` parameter altogether."
)
SALE = {"amount": 1400, "currency": "eur"}


def rejection(call):
    with pytest.raises(stripe.InvalidRequestError) as raised:
        call()
    return raised.value


@pytest.fixture
def post(sandbox_url, key):
    def send(path, body, **headers):
        return requests.post(
            sandbox_url + path,
            data=body,
            headers={
                "Authorization": f"Bearer {key}",
                "Content-Type": "application/x-www-form-urlencoded",
                **headers,
            },
            timeout=10,
        )

    return send


@pytest.mark.parametrize(
    ("more", "code", "param", "message"),
    [
        ({"foo": "1"}, "parameter_unknown", "foo", "Received unknown parameter: foo"),
        (
            {"automatic_payment_methods": {"enabled": True, "foo": 1}},
            "parameter_unknown",
            "automatic_payment_methods[foo]",
            "Received unknown parameter: automatic_payment_methods[foo]",
        ),
        (
            {"automatic_payment_methods": {"allow_redirects": "never"}},
            "parameter_missing",
            "automatic_payment_methods[enabled]",
            "Missing required param: automatic_payment_methods[enabled].",
        ),
        (
            {"payment_method_types": ["card"]},
            "parameter_unknown",
            "payment_method_types",
            "Received unknown parameter",
        ),
        ({"amount": "1.5"}, "parameter_invalid_integer", "amount", "Invalid integer: 1.5"),
        ({"amount": "-5"}, "parameter_invalid_integer", "amount", "greater than or equal to 1"),
        ({"amount": 49}, "amount_too_small", "amount", "Amount must be at least €0.50 eur"),
        (
            {"amount": 100_000_000},
            "amount_too_large",
            "amount",
            "Amount must be no more than €999,999.99 eur",
        ),
        ({"amount": 249, "currency": "dkk"}, "amount_too_small", "amount", "at least 2.50 dkk"),
        ({"currency": "euro"}, None, "currency", "Invalid currency: euro"),
        (
            {"currency": ""},
            "parameter_invalid_empty",
            "currency",
            "You passed an empty string for 'currency'",
        ),
        ({"confirm": "yes"}, None, "confirm", "Invalid boolean: yes"),
        (
            {"capture_method": "later"},
            None,
            "capture_method",
            "must be one of automatic, automatic_async, or",
        ),
        ({"metadata": "x"}, None, "metadata", "Invalid hash"),
        ({"metadata": {"k" * 41: "x"}}, None, "metadata", "Metadata keys can have up to 40 characters"),
        (
            {"metadata": {"k": "x" * 501}},
            None,
            "metadata[k]",
            "Metadata values can have up to 500 characters",
        ),
        ({"metadata": {f"k{n}": "x" for n in range(51)}}, None, "metadata", "at most 50 metadata keys"),
        ({"receipt_email": "no-email"}, "email_invalid", "receipt_email", "Invalid email address: no-email"),
        ({"description": "x" * 1001}, None, "description", "Invalid string"),
        (
            {"statement_descriptor": "LUMIRA"},
            None,
            "statement_descriptor",
            DESCRIPTOR_ERROR,
        ),
        ({"statement_descriptor_suffix": "12345"}, "parameter_invalid", None, "at least one letter"),
        ({"statement_descriptor_suffix": "A*B"}, "parameter_invalid", None, "cannot contain"),
        ({"statement_descriptor_suffix": "A" * 23}, "parameter_invalid", None, "at most 22"),
        ({"customer": "cus_unknown"}, "resource_missing", "customer", "No such customer: 'cus_unknown'"),
        ({"payment_method": "pm_x"}, "resource_missing", "payment_method", "No such PaymentMethod: 'pm_x'"),
        ({"return_url": RETURN_URL}, "payment_intent_invalid_parameter", "return_url", "unless `confirm`"),
        ({"expand": ["secrets"]}, None, "expand", "This property cannot be expanded (secrets)."),
    ],
)
def test_an_invalid_payment_intent_is_rejected(api, more, code, param, message):
    error = rejection(lambda: api.payment_intents.create({**SALE, **more}))
    assert error.http_status == 400
    assert message in error.user_message
    assert error.code == code
    if param is not None:
        assert error.param == param
    assert api.payment_intents.list().data == []


@pytest.mark.parametrize("missing", ["amount", "currency"])
def test_a_missing_required_parameter_is_rejected(api, missing):
    error = rejection(lambda: api.payment_intents.create({k: v for k, v in SALE.items() if k != missing}))
    assert (error.code, error.param) == ("parameter_missing", missing)


def test_values_at_the_limits_are_accepted(api):
    metadata = {f"{n:040d}": "x" * 500 for n in range(50)}
    intent = api.payment_intents.create(
        {
            "amount": 99_999_999,
            "currency": "EUR",
            "metadata": metadata,
            "statement_descriptor_suffix": "ORACLE",
        }
    )
    assert (intent.currency, intent.metadata.to_dict()) == ("eur", metadata)
    assert api.payment_intents.create({"amount": 50, "currency": "jpy"}).amount == 50


def test_metadata_is_merged_and_an_empty_value_unsets_its_key(api, open_intent):
    intent = open_intent(metadata={"a": "1", "b": "2"})
    api.payment_intents.update(intent.id, {"metadata": {"a": "", "c": "3"}})
    assert api.payment_intents.retrieve(intent.id).metadata.to_dict() == {"b": "2", "c": "3"}
    api.payment_intents.update(intent.id, {"metadata": ""})
    assert api.payment_intents.retrieve(intent.id).metadata.to_dict() == {}


def test_invalid_customers_are_rejected(api):
    assert rejection(lambda: api.customers.create({"email": "a@b"})).code == "email_invalid"
    assert rejection(lambda: api.customers.create({"nickname": "x"})).code == "parameter_unknown"
    assert rejection(lambda: api.customers.create({"tax_exempt": "maybe"})).param == "tax_exempt"


def test_invalid_webhook_endpoints_are_rejected(api):
    events = ["payment_intent.succeeded"]
    create = api.webhook_endpoints.create
    assert rejection(lambda: create({"url": "example.com", "enabled_events": events})).code == "url_invalid"
    assert rejection(lambda: create({"enabled_events": events})).param == "url"
    wrong = rejection(lambda: create({"url": "https://example.com", "enabled_events": ["paid"]}))
    assert wrong.param == "enabled_events[0]"
    version = {"url": "https://example.com", "enabled_events": events, "api_version": "2030-01-01"}
    assert rejection(lambda: create(version)).param == "api_version"


def test_expansion_inlines_the_named_objects(api):
    customer = api.customers.create({"email": "ada@example.com"})
    paid = api.payment_intents.create(
        {
            **SALE, "customer": customer.id, "confirm": True, "payment_method": "pm_card_visa",
            "return_url": RETURN_URL, "expand": ["customer", "latest_charge.payment_intent"],
        }
    )  # fmt: skip
    assert paid.customer.email == "ada@example.com"
    assert paid.latest_charge.payment_intent.id == paid.id
    listed = api.payment_intents.list({"expand": ["data.latest_charge"]})
    assert listed.data[0].latest_charge.status == "succeeded"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"amount=1400&currency=eur&metadata[a[b]]=x", 400),
        (b"amount=1400&currency=eur&metadata[a]=x&metadata=y", 400),
        (b"amount[x]=1400&currency=eur", 400),
        (b"amount=1400&currency[]=eur", 400),
        (b"metadata" + b"[a]" * 50 + b"=1", 400),
        (b"amount=1400&currency=%ff%fe", 400),
        (b"\xff\xfe", 400),
        (b"amount=1400&currency=eur&description=%00", 400),
        (b"a=1&" * 3000, 400),
        (b"amount=" + b"9" * 5000 + b"&currency=eur", 400),
        (b"x" * (1024 * 1024 + 1), 413),
    ],
)
def test_malformed_bodies_get_an_error_in_stripes_format(post, body, status):
    reply = post("/v1/payment_intents", body)
    assert reply.status_code == status
    assert reply.json()["error"]["type"] == "invalid_request_error"


def test_json_bodies_are_rejected(post):
    reply = post("/v1/payment_intents", b'{"amount": 1400}', **{"Content-Type": "application/json"})
    assert reply.status_code == 400
    assert "application/x-www-form-urlencoded" in reply.json()["error"]["message"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/nonsense", 404),
        ("GET", "/v2/core/events", 404),
        ("PUT", "/v1/customers", 405),
        ("DELETE", "/v1/payment_intents", 405),
        ("GET", "/v1/customers/%00%ff", 404),
        ("GET", "/v1/customers/..%2f", 404),
        ("FOO", "/v1/customers", 405),
    ],
)
def test_unknown_urls_and_methods_get_an_error_in_stripes_format(sandbox_url, key, method, path, status):
    reply = requests.request(
        method, sandbox_url + path, headers={"Authorization": f"Bearer {key}"}, timeout=10
    )
    assert reply.status_code == status
    assert reply.json()["error"]["type"] == "invalid_request_error"


def test_the_api_version_is_returned_and_an_invalid_one_is_rejected(sandbox_url, key):
    def send(version):
        return requests.get(
            sandbox_url + "/v1/account",
            headers={"Authorization": f"Bearer {key}", "Stripe-Version": version},
            timeout=10,
        )

    assert send("2024-06-20").headers["Stripe-Version"] == "2024-06-20"
    assert send("yesterday").status_code == 400
