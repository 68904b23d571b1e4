"""Opening a payment, and what is told of it to the buyer's page."""

from dataclasses import dataclass
from typing import Any

from marshmallow import fields, post_load, validate

from lumira.schemas.base import RequestSchema, ResponseSchema
from lumira.schemas.fields import NAME_LENGTH, EmailAddress, Line, SaleMetadata, StrictInteger

PRODUCT_ID_LENGTH = 64
MAX_QUANTITY = 100
MAX_LEVEL = 1000
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


@dataclass(frozen=True, slots=True)
class SaleRequest:
    """A checked request to buy: one of `product_id` and `level` is given."""

    customer_email: str | None
    customer_name: str | None
    metadata: dict[str, str]
    product_id: str | None = None
    level: int | None = None
    quantity: int = 1


class _SaleSchema(RequestSchema):
    @post_load
    def to_sale(self, data: dict[str, Any], **_options: Any) -> SaleRequest:
        return SaleRequest(**data | {"customer_name": data["customer_name"] or None})


class LevelSaleRequest(_SaleSchema):
    """Buy a level."""

    level = StrictInteger(
        required=True,
        validate=validate.Range(min=1, max=MAX_LEVEL),
        metadata={"code": "INVALID_LEVEL", "example": 2},
    )
    customer_email = EmailAddress(required=True, metadata={"example": "buyer@example.com"})
    customer_name = Line(max_length=NAME_LENGTH, load_default=None)
    metadata = SaleMetadata(load_default=dict)


class ProductSaleRequest(_SaleSchema):
    """Buy a product."""

    product_id = Line(
        required=True,
        min_length=1,
        max_length=PRODUCT_ID_LENGTH,
        metadata={"code": "MISSING_PRODUCT_ID", "example": "mystique"},
    )
    quantity = StrictInteger(
        load_default=1,
        validate=validate.Range(min=1, max=MAX_QUANTITY),
        metadata={"code": "INVALID_QUANTITY"},
    )
    customer_email = EmailAddress(load_default=None, metadata={"example": "buyer@example.com"})
    customer_name = Line(max_length=NAME_LENGTH, load_default=None)
    metadata = SaleMetadata(load_default=dict)


class PaymentOpenedResponse(ResponseSchema):
    """A payment that the buyer's page may go on with; amounts in minor units."""

    client_secret = fields.String(
        required=True, allow_none=True, metadata={"description": "For Stripe.js; null where nothing is due."}
    )
    order_id = fields.String(
        required=True,
        metadata={"description": "The PaymentIntent's id, or the order number where nothing is due."},
    )
    payment_intent_id = fields.String(required=True, allow_none=True)
    order_number = fields.String(required=True)
    amount = fields.Integer(required=True)
    currency = fields.String(required=True)
    product_name = fields.String(required=True)


class PaymentStatusResponse(ResponseSchema):
    """How a payment stands: nothing personal, because whoever holds its id may ask."""

    payment_intent_id = fields.String(required=True)
    order_number = fields.String(required=True)
    status = fields.String(required=True, validate=validate.OneOf(ORDER_STATUSES))
    amount = fields.Integer(required=True)
    currency = fields.String(required=True)
    product_name = fields.String(required=True)
