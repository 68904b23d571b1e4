"""Sending money back."""

from dataclasses import dataclass
from typing import Any

from marshmallow import fields, post_load, validate

from lumira.schemas.base import RequestSchema, ResponseSchema
from lumira.schemas.charge_limits import LARGEST_AMOUNT
from lumira.schemas.fields import StrictInteger, absent
from lumira.schemas.payment_intents import ORDER_STATUSES

REFUND_REASONS = ("duplicate", "fraudulent", "requested_by_customer")
REFUND_STATUSES = ("pending", "requires_action", "succeeded", "failed", "canceled")


@dataclass(frozen=True, slots=True)
class RefundBody:
    """A checked request to refund a payment."""

    amount: int | None
    reason: str | None


class RefundPaymentRequest(RequestSchema):
    """Refund a payment: all that is left of it, or an amount.

    A null where a number is meant is a mistake of the caller's, and must not send everything back.
    """

    amount = StrictInteger(
        load_default=absent,
        validate=validate.Range(min=1, max=LARGEST_AMOUNT),
        metadata={"description": "Minor units; all that is left if not given.", "example": 1000},
    )
    reason = fields.String(
        load_default=absent,
        validate=validate.OneOf(REFUND_REASONS),
        metadata={"description": "Stripe's word for it.", "example": "requested_by_customer"},
    )

    @post_load
    def to_asked(self, data: dict[str, Any], **_options: Any) -> RefundBody:
        return RefundBody(**data)


class RefundResponse(ResponseSchema):
    """A refund as Stripe has it, and what became of the order; amounts in minor units."""

    refund_id = fields.String(required=True)
    amount = fields.Integer(required=True)
    status = fields.String(required=True, validate=validate.OneOf(REFUND_STATUSES))
    order_status = fields.String(required=True, validate=validate.OneOf(ORDER_STATUSES))
    refunded_amount = fields.Integer(
        required=True, metadata={"description": "All that went back of the order, or is on its way."}
    )
