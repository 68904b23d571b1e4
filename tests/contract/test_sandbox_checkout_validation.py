"""Invalid Checkout Sessions are rejected with Stripe's messages."""

import time

import pytest
import stripe

from tests.contract.sandbox_driver import line
from tests.contract.test_sandbox_parameters import DESCRIPTOR_ERROR

SALE = {"mode": "payment", "success_url": "https://shop.example/done", "line_items": [line()]}
PRICE = line()["price_data"]


def priced(**more):
    return {"line_items": [{"quantity": 1, "price_data": {**PRICE, **more}}]}


def without(name):
    return {"line_items": [{"quantity": 1, "price_data": {k: v for k, v in PRICE.items() if k != name}}]}


def rejection(call):
    with pytest.raises(stripe.InvalidRequestError) as raised:
        call()
    return raised.value


@pytest.mark.parametrize(
    ("more", "code", "param", "message"),
    [
        ({"foo": "1"}, "parameter_unknown", "foo", "Received unknown parameter: foo"),
        ({"payment_method_types": ["card"]}, "parameter_unknown", "payment_method_types", "unknown"),
        ({"mode": "sale"}, None, "mode", "must be one of payment, setup, or subscription"),
        (
            {"mode": "subscription"},
            None,
            "mode",
            "does not support Checkout Sessions with `subscription` mode",
        ),
        (
            {"ui_mode": "elements"},
            None,
            "ui_mode",
            "does not support Checkout Sessions with the ui_mode `elements`",
        ),
        (
            {"discounts": [{"coupon": "x"}]},
            None,
            "discounts",
            "does not support Checkout Sessions with `discounts`",
        ),
        ({"automatic_tax": {"enabled": True}}, None, "automatic_tax", "with `automatic_tax`"),
        ({"locale": "tlh"}, None, "locale", "must be one of auto, bg"),
        ({"success_url": "/done"}, "url_invalid", "success_url", "An explicit scheme"),
        ({"success_url": "javascript://x"}, "url_invalid", "success_url", "Not a valid URL"),
        ({"cancel_url": "https://"}, "url_invalid", "cancel_url", "Not a valid URL"),
        ({"customer": "cus_none"}, "resource_missing", "customer", "No such customer: 'cus_none'"),
        ({"customer_email": "no-email"}, "email_invalid", "customer_email", "Invalid email address"),
        ({"client_reference_id": "x" * 201}, None, "client_reference_id", "at most 200 characters"),
        ({"metadata": {"k" * 41: "x"}}, None, "metadata", "can have up to 40 characters"),
        ({"metadata": {"k": "x" * 501}}, None, "metadata[k]", "can have up to 500 characters"),
        ({"metadata": {f"k{n}": "x" for n in range(51)}}, None, "metadata", "at most 50 metadata keys"),
        (
            {"payment_intent_data": {"metadata": {"k": "x" * 501}}},
            None,
            "payment_intent_data[metadata][k]",
            "can have up to 500 characters",
        ),
        (
            {"payment_intent_data": {"statement_descriptor": "LUMIRA"}},
            None,
            "payment_intent_data[statement_descriptor]",
            DESCRIPTOR_ERROR,
        ),
        (
            {"payment_intent_data": {"statement_descriptor_suffix": "12345"}},
            "parameter_invalid",
            "payment_intent_data[statement_descriptor_suffix]",
            "at least one letter",
        ),
        (
            {"payment_intent_data": {"receipt_email": "no-email"}},
            "email_invalid",
            "payment_intent_data[receipt_email]",
            "Invalid email address",
        ),
        (
            {"payment_intent_data": {"description": "x" * 1001}},
            None,
            "payment_intent_data[description]",
            "at most 1000 characters",
        ),
        (
            {"payment_intent_data": {"amount": 5}},
            "parameter_unknown",
            "payment_intent_data[amount]",
            "unknown parameter",
        ),
        ({"line_items": []}, "parameter_missing", "line_items", "Missing required param: line_items."),
        ({"line_items": [line()] * 101}, None, "line_items", "at most 100 line items, but you passed in 101"),
        (
            {"line_items": [{"price": "price_none", "quantity": 1}]},
            "resource_missing",
            "line_items[0][price]",
            "No such price: 'price_none'",
        ),
        (
            {"line_items": [{"quantity": 1}]},
            None,
            "line_items[0][price_data]",
            "either `price` or `price_data`",
        ),
        (
            {"line_items": [line(), {"price_data": PRICE}]},
            "parameter_missing",
            "line_items[1][quantity]",
            "Quantity is required. Add `quantity` to `line_items[1]`",
        ),
        (
            {"line_items": [line(quantity=0)]},
            "parameter_invalid_integer",
            "line_items[0][quantity]",
            "greater than or equal to 1",
        ),
        (
            {"line_items": [{**line(), "tax_rates": ["txr_1"]}]},
            None,
            "line_items[0][tax_rates]",
            "with `tax_rates`",
        ),
        (
            {"line_items": [line(), line(currency="usd")]},
            None,
            "line_items[1][price_data][currency]",
            "only supports `usd`. This doesn't match the expected currency: `eur`",
        ),
        ({"currency": "usd"}, None, "line_items[0][price_data][currency]", "expected currency: `usd`"),
        (priced(currency="euro"), None, "line_items[0][price_data][currency]", "Invalid currency: euro"),
        (
            priced(unit_amount=-1),
            "parameter_invalid_integer",
            "line_items[0][price_data][unit_amount]",
            "greater than or equal to 0",
        ),
        (
            priced(unit_amount_decimal="1.5"),
            None,
            "line_items[0][price_data][unit_amount_decimal]",
            "with `unit_amount_decimal`",
        ),
        (
            priced(recurring={"interval": "month"}),
            None,
            "line_items[0][price_data][recurring]",
            "passed a recurring price",
        ),
        (
            priced(product="prod_none"),
            "resource_missing",
            "line_items[0][price_data][product]",
            "No such product: 'prod_none'",
        ),
        (
            priced(product_data={"name": "x" * 251}),
            None,
            "line_items[0][price_data][product_data][name]",
            "at most 250 characters",
        ),
        (
            priced(product_data={"name": "x", "images": ["y"]}),
            "url_invalid",
            "line_items[0][price_data][product_data][images][0]",
            "An explicit scheme",
        ),
        (
            without("unit_amount"),
            "parameter_missing",
            "line_items[0][price_data][unit_amount]",
            "Missing required param: line_items[0][price_data][unit_amount].",
        ),
        (
            without("product_data"),
            "parameter_missing",
            "line_items[0][price_data][product_data]",
            "Missing required param",
        ),
        (
            {"line_items": [line(49)]},
            "amount_too_small",
            "line_items",
            "total amount due must add up to at least €0.50 eur",
        ),
        (
            {"line_items": [line(99_999_999, quantity=2)]},
            "amount_too_large",
            "line_items",
            "no more than €999,999.99 eur",
        ),
        (
            {"excluded_payment_method_types": ["card", "sepa_debit"]},
            None,
            "allowed_payment_method_types",
            "No valid payment method types",
        ),
        ({"expand": ["secrets"]}, None, "expand", "This property cannot be expanded (secrets)."),
    ],
)
def test_an_invalid_session_is_rejected(api, more, code, param, message):
    error = rejection(lambda: api.checkout.sessions.create({**SALE, **more}))
    assert error.http_status == 400
    assert message in error.user_message
    assert (error.code, error.param) == (code, param)
    assert api.checkout.sessions.list().data == []


@pytest.mark.parametrize("missing", ["mode", "success_url", "line_items"])
def test_a_missing_required_parameter_is_rejected(api, missing):
    error = rejection(lambda: api.checkout.sessions.create({k: v for k, v in SALE.items() if k != missing}))
    assert (error.code, error.param) == ("parameter_missing", missing)


@pytest.mark.parametrize("other", [{"customer_email": "ada@example.com"}, {"customer_creation": "always"}])
def test_an_existing_customer_excludes_parameters_of_a_new_one(api, other):
    customer = api.customers.create({})
    error = rejection(lambda: api.checkout.sessions.create({**SALE, "customer": customer.id, **other}))
    assert error.user_message.startswith("You may only specify one of these parameters: customer, ")


@pytest.mark.parametrize(
    ("seconds", "bound"),
    [
        (-60, "at least 30 minutes"),
        (29 * 60, "at least 30 minutes"),
        (24 * 3600 + 60, "less than 24 hours"),
        (7 * 24 * 3600, "less than 24 hours"),
    ],
)
def test_an_expiry_outside_30_minutes_to_24_hours_is_rejected(api, seconds, bound):
    error = rejection(
        lambda: api.checkout.sessions.create({**SALE, "expires_at": int(time.time()) + seconds})
    )
    assert (error.http_status, error.param) == (400, "expires_at")
    assert error.user_message == (
        f"The `expires_at` timestamp must be {bound} from Checkout Session creation."
    )


@pytest.mark.parametrize("seconds", [31 * 60, 24 * 3600 - 60])
def test_an_expiry_within_30_minutes_to_24_hours_is_accepted(api, seconds):
    expires_at = int(time.time()) + seconds
    assert api.checkout.sessions.create({**SALE, "expires_at": expires_at}).expires_at == expires_at


def test_values_at_the_limits_are_accepted(api):
    metadata = {f"{n:040d}": "x" * 500 for n in range(50)}
    session = api.checkout.sessions.create(
        {
            **SALE,
            "line_items": [line(1, currency="jpy")] * 100,
            "client_reference_id": "x" * 200,
            "metadata": metadata,
            "payment_intent_data": {"metadata": metadata},
        }
    )
    assert (session.amount_total, session.currency, session.metadata.to_dict()) == (100, "jpy", metadata)


def test_unsupported_features_can_be_switched_off_explicitly(api):
    session = api.checkout.sessions.create(
        {**SALE, "automatic_tax": {"enabled": False}, "allow_promotion_codes": False}
    )
    assert (session.automatic_tax.enabled, session.allow_promotion_codes) == (False, False)


def test_the_price_of_a_session_cannot_be_used_in_another(api):
    session = api.checkout.sessions.create({**SALE, "expand": ["line_items"]})
    item = {"price": session.line_items.data[0].price.id, "quantity": 1}
    error = rejection(lambda: api.checkout.sessions.create({**SALE, "line_items": [item]}))
    assert "The price specified is inactive." in error.user_message


def test_a_publishable_key_cannot_create_a_session(connect, sandbox_url, name):
    browser = connect(sandbox_url, f"pk_test_{name}")
    with pytest.raises(stripe.PermissionError):
        browser.checkout.sessions.create(SALE)
