"""Refunding a payment."""

from typing import Any

from marshmallow import fields, post_load, validate

from lumira.domain.charge_limits import LARGEST_AMOUNT
from lumira.domain.commands import RefundCommand
from lumira.schemas.base import RequestSchema, ResponseSchema
from lumira.schemas.fields import StrictInteger, absent
from lumira.schemas.payment_intents import ORDER_STATUSES

REFUND_REASONS = ("duplicate", "fraudulent", "requested_by_customer")
REFUND_STATUSES = ("pending", "requires_action", "succeeded", "failed", "canceled")


class RefundBody(RequestSchema):
    """Refund a payment: an amount, or the whole refundable amount.

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

    @post_load
    def to_command(self, data: dict[str, Any], **_options: Any) -> RefundCommand:
        return RefundCommand(**data)


class RefundResponse(ResponseSchema):
    """A refund with Stripe's id and status, and the order's status after it; amounts in minor units."""

    refund_id = fields.String(required=True)
    amount = fields.Integer(required=True)
    status = fields.String(required=True, validate=validate.OneOf(REFUND_STATUSES))
    order_status = fields.String(required=True, validate=validate.OneOf(ORDER_STATUSES))
    refunded_amount = fields.Integer(
        required=True, metadata={"description": "Sum of the order's refunds, pending ones included."}
    )
