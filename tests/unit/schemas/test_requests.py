"""Request schemas: the code of each error, and the commands of valid bodies."""

import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from lumira.domain.commands import CheckoutCommand, CheckoutItem
from lumira.models import (
    DisputeStatus,
    GrantReason,
    Language,
    MessageKind,
    MessageStatus,
    OrderStatus,
    PaymentState,
    ProductKind,
    RefundStatus,
    ReviewReason,
)
from lumira.schemas.access import GRANT_REASONS, AccessQuery
from lumira.schemas.base import RequestSchema, camel_case
from lumira.schemas.fields import LOCALES
from lumira.schemas.orders import (
    DISPUTE_STATUSES,
    MESSAGE_KINDS,
    MESSAGE_STATUSES,
    REVIEW_REASONS,
    OrderPaymentResponse,
    OrdersQuery,
)
from lumira.schemas.payment_intents import (
    ORDER_STATUSES,
    CreateLevelPaymentIntentRequest,
    CreatePaymentIntentRequest,
)
from lumira.schemas.products import PRODUCT_KINDS
from lumira.schemas.refunds import REFUND_STATUSES

PRODUCT_BODY = {"productId": "mystique"}
LEVEL_BODY = {"level": 2, "customerEmail": "buyer@example.com"}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
bodies = st.fixed_dictionaries(
    {},
    optional={
        "productId": json_values | st.text(alphabet=string.ascii_lowercase, max_size=70),
        "quantity": json_values | st.integers(-2, 103),
        "customerEmail": json_values | st.emails(),
        "customerName": json_values,
        "metadata": json_values | st.dictionaries(st.text(max_size=42), st.text(max_size=20)),
        "level": json_values | st.integers(-1, 1002),
        "amount": json_values,
    },
)


def error_of(schema: RequestSchema, body: Any) -> tuple[str, dict[str, list[str]]]:
    with pytest.raises(ValidationError) as refused:
        schema.load(body)
    messages = refused.value.messages
    assert isinstance(messages, dict)
    return schema.code_of(messages), schema.in_order(messages)


def test_names_are_camel_case_on_the_wire() -> None:
    assert [camel_case(name) for name in ("id", "customer_email", "payment_intent_id")] == [
        "id",
        "customerEmail",
        "paymentIntentId",
    ]


def test_a_product_needs_only_its_id() -> None:
    assert CreatePaymentIntentRequest().load(PRODUCT_BODY) == CheckoutCommand((CheckoutItem("mystique"),))


def test_a_level_with_all_fields_is_read() -> None:
    body = {**LEVEL_BODY, "customerName": " Jeanne ", "metadata": {"ref": "17"}}
    assert CreateLevelPaymentIntentRequest().load(body) == CheckoutCommand(
        (CheckoutItem(level=2),), "buyer@example.com", "Jeanne", {"ref": "17"}
    )


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"productId": None}, "MISSING_PRODUCT_ID"),
        ({"productId": ""}, "MISSING_PRODUCT_ID"),
        ({"productId": "  "}, "MISSING_PRODUCT_ID"),
        ({"productId": 7}, "INVALID_REQUEST"),
        ({"productId": "x" * 65}, "INVALID_REQUEST"),
        ({"productId": "a\x00b"}, "INVALID_REQUEST"),
        ({"quantity": 0}, "INVALID_QUANTITY"),
        ({"quantity": 101}, "INVALID_QUANTITY"),
        ({"quantity": True}, "INVALID_QUANTITY"),
        ({"quantity": 1.0}, "INVALID_QUANTITY"),
        ({"quantity": "1"}, "INVALID_QUANTITY"),
        ({"quantity": None}, "INVALID_QUANTITY"),
        ({"customerEmail": "invalid"}, "INVALID_EMAIL"),
        ({"customerEmail": ""}, "INVALID_EMAIL"),
        ({"customerName": "x" * 201}, "INVALID_REQUEST"),
        ({"customerName": "a\x00b"}, "INVALID_REQUEST"),
        ({"metadata": {"a[0]": "x"}}, "INVALID_METADATA"),
        ({"metadata": None}, "INVALID_METADATA"),
        ({"amount": 1}, "INVALID_REQUEST"),
        ({"currency": "eur"}, "INVALID_REQUEST"),
        ({"product_id": "mystique"}, "INVALID_REQUEST"),
        ({"level": 1}, "INVALID_REQUEST"),
    ],
)
def test_each_invalid_field_of_a_product_payment_has_its_code(change: dict[str, Any], code: str) -> None:
    actual, fields = error_of(CreatePaymentIntentRequest(), PRODUCT_BODY | change)
    assert actual == code
    assert list(fields) == list(change)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"customerEmail": "buyer@example.com"}, "INVALID_LEVEL"),
        (LEVEL_BODY | {"level": 0}, "INVALID_LEVEL"),
        (LEVEL_BODY | {"level": 1001}, "INVALID_LEVEL"),
        (LEVEL_BODY | {"level": True}, "INVALID_LEVEL"),
        (LEVEL_BODY | {"level": 2.0}, "INVALID_LEVEL"),
        (LEVEL_BODY | {"level": "2"}, "INVALID_LEVEL"),
        ({"level": 2}, "INVALID_EMAIL"),
        (LEVEL_BODY | {"customerEmail": None}, "INVALID_EMAIL"),
        (LEVEL_BODY | {"quantity": 1}, "INVALID_REQUEST"),
        (LEVEL_BODY | {"productId": "mystique"}, "INVALID_REQUEST"),
    ],
)
def test_each_invalid_field_of_a_level_payment_has_its_code(body: dict[str, Any], code: str) -> None:
    assert error_of(CreateLevelPaymentIntentRequest(), body)[0] == code


def test_several_errors_have_the_code_of_the_field_declared_first() -> None:
    body = {"zzz": 1, "metadata": 3, "customerEmail": 3, "quantity": 0, "amount": 1}
    code, fields = error_of(CreatePaymentIntentRequest(), body)
    assert code == "MISSING_PRODUCT_ID"
    assert list(fields) == ["productId", "quantity", "customerEmail", "metadata", "amount", "zzz"]
    assert error_of(CreatePaymentIntentRequest(), body | {"productId": "x"})[0] == "INVALID_QUANTITY"


def test_the_messages_of_a_field_are_a_flat_list() -> None:
    _, fields = error_of(
        CreatePaymentIntentRequest(), {"productId": "x", "metadata": {"k": {"deep": [1]}}, "x" * 500: 1}
    )
    assert all(isinstance(text, str) for sentences in fields.values() for text in sentences)
    assert max(len(name) for name in fields) == 65


@given(bodies)
def test_every_body_is_refused_with_a_code_or_safe_to_sell(body: dict[str, Any]) -> None:
    for schema in (CreatePaymentIntentRequest(), CreateLevelPaymentIntentRequest()):
        try:
            command = schema.load(body)
        except ValidationError:
            assert error_of(schema, body)[0].isupper()
            continue
        assert "amount" not in body
        [item] = command.items
        assert (item.product_id is None) != (item.level is None)
        assert type(item.quantity) is int
        assert 1 <= item.quantity <= 100
        assert command.customer_name is None or 0 < len(command.customer_name) <= 200
        assert len(command.metadata) <= 20
        assert all(isinstance(text, str) for pair in command.metadata.items() for text in pair)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"status": "paid"}, "INVALID_REQUEST"),
        ({"customerEmail": "x"}, "INVALID_EMAIL"),
        ({"createdAfter": "2026-01-01T00:00:00"}, "INVALID_REQUEST"),
        ({"cursor": "x"}, "INVALID_REQUEST"),
        ({"limit": "0"}, "INVALID_REQUEST"),
        ({"limit": "101"}, "INVALID_REQUEST"),
        ({"page": "2"}, "INVALID_REQUEST"),
    ],
)
def test_each_invalid_filter_of_orders_has_its_code(query: dict[str, str], code: str) -> None:
    assert error_of(OrdersQuery(), query)[0] == code


def test_a_list_of_orders_has_defaults() -> None:
    query = OrdersQuery().load({})
    assert (query.status, query.after, query.created_after, query.limit) == (None, None, None, 50)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({}, "INVALID_EMAIL"),
        ({"customerEmail": "a@example.com", "level": "x"}, "INVALID_LEVEL"),
        ({"customerEmail": "a@example.com", "productId": ""}, "INVALID_REQUEST"),
    ],
)
def test_each_invalid_access_query_has_its_code(query: dict[str, str], code: str) -> None:
    assert error_of(AccessQuery(), query)[0] == code


def test_the_values_on_the_wire_are_those_of_the_models() -> None:
    assert tuple(OrderStatus) == ORDER_STATUSES
    assert tuple(ReviewReason) == REVIEW_REASONS
    # No row stores that a grant has expired: it follows from the time of the reply.
    assert (*GrantReason, "expired") == GRANT_REASONS
    assert tuple(ProductKind) == PRODUCT_KINDS
    assert tuple(RefundStatus) == REFUND_STATUSES
    assert tuple(DisputeStatus) == DISPUTE_STATUSES
    assert tuple(MessageKind) == MESSAGE_KINDS
    assert tuple(MessageStatus) == MESSAGE_STATUSES
    assert tuple(Language) == LOCALES
    (one_of,) = OrderPaymentResponse().fields["status"].validators
    assert tuple(one_of.choices) == tuple(PaymentState)  # type: ignore[attr-defined]
