"""Refunding a payment."""

from typing import Any

from marshmallow import ValidationError, fields, post_load, validate, validates_schema

from lumira.domain.charge_limits import LARGEST_AMOUNT
from lumira.domain.commands import RefundCommand, RefundLine
from lumira.schemas.base import RequestSchema, ResponseSchema
from lumira.schemas.fields import PRODUCT_ID_LENGTH, Line, StrictInteger, absent
from lumira.schemas.payment_intents import ORDER_STATUSES
from lumira.schemas.shipments import MOST_UNITS

_MOST_LINES = 100
REFUND_REASONS = ("duplicate", "fraudulent", "requested_by_customer")
REFUND_STATUSES = ("pending", "requires_action", "succeeded", "failed", "canceled")


class RefundLineBody(RequestSchema):
    """Units of one product of the order."""

    product_id = Line(required=True, max_length=PRODUCT_ID_LENGTH, min_length=1)
    quantity = StrictInteger(
        load_default=1, validate=validate.Range(min=1, max=MOST_UNITS), metadata={"code": "INVALID_QUANTITY"}
    )

    @post_load
    def to_line(self, data: dict[str, Any], **_options: Any) -> RefundLine:
        return RefundLine(**data)


class RefundBody(RequestSchema):
    """Refund a payment: an amount, units of the order, its postage, or the whole refundable amount.

    A null amount is refused: a caller's mistake must not become a full refund.
    """

    amount = StrictInteger(
        load_default=absent,
        validate=validate.Range(min=1, max=LARGEST_AMOUNT),
        metadata={"description": "Minor units; without it, the whole refundable amount.", "example": 1000},
    )
    reason = fields.String(
        load_default=absent,
        validate=validate.OneOf(REFUND_REASONS),
        metadata={"description": "One of Stripe's refund reasons.", "example": "requested_by_customer"},
    )

    lines = fields.List(
        fields.Nested(RefundLineBody),
        load_default=absent,
        validate=validate.Length(min=1, max=_MOST_LINES),
        metadata={"description": "Units of the order, refunded at what they cost; without the postage."},
    )
    shipping = fields.Boolean(
        load_default=absent,
        truthy={True},
        falsy={False},
        metadata={
            "description": "True: the postage, alone or with `lines`. False: all that is refundable but the postage. "
            "Without it, a refund of the whole refundable amount includes the postage.",
        },
    )

    @validates_schema
    def check_amount_is_alone(self, data: dict[str, Any], **_options: Any) -> None:
        """Refuse an amount beside what has a price of its own."""
        others = [name for name in ("lines", "shipping") if data.get(name) is not None]
        if data.get("amount") is not None and others:
            raise ValidationError("Name an amount, or what is refunded, not both.", "amount")

    @post_load
    def to_command(self, data: dict[str, Any], **_options: Any) -> RefundCommand:
        return RefundCommand(data["amount"], data["reason"], tuple(data["lines"] or ()), data["shipping"])


class RefundResponse(ResponseSchema):
    """A refund with Stripe's id and status, and the order's status after it; amounts in minor units."""

    refund_id = fields.String(required=True)
    amount = fields.Integer(required=True)
    status = fields.String(required=True, validate=validate.OneOf(REFUND_STATUSES))
    order_status = fields.String(required=True, validate=validate.OneOf(ORDER_STATUSES))
    refunded_amount = fields.Integer(
        required=True, metadata={"description": "Sum of the order's refunds, pending ones included."}
    )
