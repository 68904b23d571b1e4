"""Opening a payment for one product or level, and the status of a payment."""

from typing import Any

from marshmallow import fields, post_load, validate

from lumira.domain.commands import CheckoutCommand, CheckoutItem, Consents
from lumira.schemas.base import RequestSchema, ResponseSchema
from lumira.schemas.fields import (
    CallerMetadata,
    EmailAddress,
    Line,
    Locale,
    ProductId,
    PromotionCodeText,
    StrictInteger,
)
from lumira.schemas.shipping import ShippingRequest
from lumira.text_rules import NAME_LENGTH

MAX_QUANTITY = 100
MAX_LEVEL = 1000
#: Characters.
TERMS_VERSION_LENGTH = 64
ORDER_STATUSES = (
    "pending",
    "processing",
    "completed",
    "failed",
    "cancelled",
    "partially_refunded",
    "refunded",
    "disputed",
)


class ConsentsRequest(RequestSchema):
    """What the buyer consents to; required where the shop's catalog has `terms_version`."""

    terms = Line(
        load_default=None,
        max_length=TERMS_VERSION_LENGTH,
        allow_none=True,
        metadata={"code": "MISSING_CONSENT", "description": "The version of the shop's terms."},
    )
    immediate_delivery = fields.Boolean(
        load_default=False,
        truthy={True},
        falsy={False},
        metadata={
            "code": "MISSING_CONSENT",
            "description": "Delivery at once, with the acknowledgement that the right of withdrawal ends with it. "
            "Required for paid digital content.",
        },
    )

    @post_load
    def to_consents(self, data: dict[str, Any], **_options: Any) -> Consents:
        return Consents(**data)


class CreateLevelPaymentIntentRequest(RequestSchema):
    """Open a payment for a level."""

    level = StrictInteger(
        required=True,
        validate=validate.Range(min=1, max=MAX_LEVEL),
        metadata={"code": "INVALID_LEVEL", "example": 2},
    )
    customer_email = EmailAddress(required=True, metadata={"example": "buyer@example.com"})
    customer_name = Line(max_length=NAME_LENGTH, load_default=None)
    locale = Locale(load_default=None)
    metadata = CallerMetadata(load_default=dict)
    consents = fields.Nested(ConsentsRequest, load_default=None)
    promotion_code = PromotionCodeText(load_default=None)

    @post_load
    def to_command(self, data: dict[str, Any], **_options: Any) -> CheckoutCommand:
        return _command(data, CheckoutItem(level=data["level"]))


class CreatePaymentIntentRequest(RequestSchema):
    """Open a payment for a product."""

    product_id = ProductId(required=True, metadata={"example": "mystique"})
    quantity = StrictInteger(
        load_default=1,
        validate=validate.Range(min=1, max=MAX_QUANTITY),
        metadata={"code": "INVALID_QUANTITY"},
    )
    customer_email = EmailAddress(
        load_default=None,
        metadata={
            "example": "buyer@example.com",
            "description": "Optional, unless the shop requires it: refused with `INVALID_EMAIL` then.",
        },
    )
    customer_name = Line(max_length=NAME_LENGTH, load_default=None)
    locale = Locale(load_default=None)
    metadata = CallerMetadata(load_default=dict)
    consents = fields.Nested(ConsentsRequest, load_default=None)
    promotion_code = PromotionCodeText(load_default=None)
    shipping = fields.Nested(
        ShippingRequest,
        load_default=None,
        metadata={
            "code": "INVALID_ADDRESS",
            "description": "The recipient; required for goods where the shop has shipping zones: refused with "
            "`MISSING_ADDRESS` then.",
        },
    )

    @post_load
    def to_command(self, data: dict[str, Any], **_options: Any) -> CheckoutCommand:
        return _command(data, CheckoutItem(product_id=data["product_id"], quantity=data["quantity"]))


def _command(data: dict[str, Any], item: CheckoutItem) -> CheckoutCommand:
    return CheckoutCommand(
        items=(item,),
        customer_email=data["customer_email"],
        customer_name=data["customer_name"] or None,
        metadata=data["metadata"],
        consents=data["consents"],
        locale=data["locale"],
        shipping=data.get("shipping"),
        promotion_code=data["promotion_code"],
    )


class CreatePaymentIntentResponse(ResponseSchema):
    """A payment that the buyer's page can confirm; amount in minor units."""

    client_secret = fields.String(
        required=True, allow_none=True, metadata={"description": "For Stripe.js; null for a free order."}
    )
    order_id = fields.String(
        required=True,
        metadata={"description": "The PaymentIntent's id; the order number for a free order."},
    )
    payment_intent_id = fields.String(
        required=True, allow_none=True, metadata={"description": "Null for a free order."}
    )
    order_number = fields.String(required=True)
    amount = fields.Integer(required=True)
    currency = fields.String(required=True)
    product_name = fields.String(required=True)


class PaymentStatusResponse(ResponseSchema):
    """The status of a payment's order, without personal data: the payment's id is enough to read it."""

    payment_intent_id = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Null for a free order, and before the buyer pays on Stripe's page."},
    )
    order_number = fields.String(required=True)
    status = fields.String(required=True, validate=validate.OneOf(ORDER_STATUSES))
    amount = fields.Integer(required=True)
    currency = fields.String(required=True)
    product_name = fields.String(required=True)
