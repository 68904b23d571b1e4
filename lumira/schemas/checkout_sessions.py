"""Opening a Checkout Session for a cart."""

import re
from typing import Any
from urllib.parse import urlsplit

from marshmallow import ValidationError, fields, post_load, validate

from lumira.domain.commands import CheckoutCommand, CheckoutItem
from lumira.schemas.base import INVALID_REQUEST, RequestSchema, ResponseSchema
from lumira.schemas.fields import (
    CallerMetadata,
    EmailAddress,
    Line,
    Locale,
    ProductId,
    PromotionCodeText,
    StrictInteger,
    Timestamp,
)
from lumira.schemas.payment_intents import MAX_QUANTITY, ConsentsRequest
from lumira.schemas.shipping import ShippingRequest
from lumira.text_rules import NAME_LENGTH

#: Stripe's limit for the line items of a session.
MAX_ITEMS = 100
URL_LENGTH = 2000
#: Spaces, control characters, quotes and backslashes must be percent-encoded: browsers read them differently.
_URL_CHARACTERS = re.compile(r"[!#-;=?-\[\]_a-z{}~]+")


class PageUrl(fields.String):
    """The absolute URL of a page; the use case checks that its host is one of the tenant's domains.

    Stripe's placeholder `{CHECKOUT_SESSION_ID}` is accepted in the path, the query and the fragment.
    """

    def __init__(self, **options: Any) -> None:
        metadata = {"code": "INVALID_URL", "format": "uri", "maxLength": URL_LENGTH}
        super().__init__(metadata=metadata | options.pop("metadata", {}), **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        address: str = super()._deserialize(value, attr, data, **options)
        if len(address) > URL_LENGTH or not _URL_CHARACTERS.fullmatch(address) or not _is_absolute(address):
            raise ValidationError("Must be an address such as https://shop.example/thanks.")
        return address


def _is_absolute(address: str) -> bool:
    """Whether the address has a scheme and a host, and no user or placeholder that imitates another host."""
    try:
        parts = urlsplit(address)
        # `urlsplit` checks the port only when the port is read.
        has_odd_host = parts.port == 0 or "@" in parts.netloc or "{" in parts.netloc
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not has_odd_host


class CheckoutItemRequest(RequestSchema):
    """One product of a cart, and its quantity."""

    product_id = ProductId(required=True, metadata={"example": "bougie-figuier"})
    quantity = StrictInteger(
        required=True,
        validate=validate.Range(min=1, max=MAX_QUANTITY),
        metadata={"code": "INVALID_QUANTITY"},
    )

    @post_load
    def to_item(self, data: dict[str, Any], **_options: Any) -> CheckoutItem:
        return CheckoutItem(**data)


class CreateCheckoutSessionRequest(RequestSchema):
    """Open a Checkout Session for a cart."""

    items = fields.List(
        fields.Nested(CheckoutItemRequest),
        required=True,
        validate=validate.Length(min=1, max=MAX_ITEMS),
        metadata={"code": "INVALID_CART"},
    )
    customer_email = EmailAddress(
        load_default=None,
        metadata={
            "example": "buyer@example.com",
            "description": "Optional, unless the shop requires it: refused with `INVALID_EMAIL` then.",
        },
    )
    customer_name = Line(max_length=NAME_LENGTH, load_default=None)
    locale = Locale(
        load_default=None,
        metadata={
            "description": "Also the language of Stripe's page, which else follows the buyer's browser."
        },
    )
    success_url = PageUrl(required=True)
    cancel_url = PageUrl(required=True)
    metadata = CallerMetadata(load_default=dict)
    consents = fields.Nested(ConsentsRequest, load_default=None)
    promotion_code = PromotionCodeText(load_default=None)
    shipping = fields.Nested(
        ShippingRequest,
        load_default=None,
        metadata={
            "code": "INVALID_ADDRESS",
            "description": "The recipient, or `address.country` alone, which decides the postage: Stripe's page asks "
            "for the rest. The country is required where the shop has several shipping zones.",
        },
    )

    @post_load
    def to_command(self, data: dict[str, Any], **_options: Any) -> CheckoutCommand:
        changes = {"items": tuple(data["items"]), "customer_name": data["customer_name"] or None}
        return CheckoutCommand(**data | changes)

    def code_of(self, messages: Any) -> str:
        """The code of the first invalid field; for an item of the cart, the code of the item's field."""
        code = super().code_of(messages)
        if code != "INVALID_CART":
            return code
        by_item = messages.get("items")
        item_messages = by_item.values() if isinstance(by_item, dict) else ()
        codes = [CheckoutItemRequest().code_of(item) for item in item_messages if isinstance(item, dict)]
        return next((item_code for item_code in codes if item_code != INVALID_REQUEST), code)


class CreateCheckoutSessionResponse(ResponseSchema):
    """The page on which the buyer pays; amount in minor units."""

    session_id = fields.String(
        required=True, allow_none=True, metadata={"description": "Null for a free order."}
    )
    url = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "description": "Stripe's page; null for a free order and for an order that is already paid."
        },
    )
    order_number = fields.String(required=True)
    amount = fields.Integer(required=True)
    currency = fields.String(required=True)
    expires_at = Timestamp(required=True, allow_none=True)
