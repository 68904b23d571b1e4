"""Orders of a tenant."""

from typing import Any

from marshmallow import fields, post_load, validate

from lumira.domain.commands import OrderFilter
from lumira.schemas.access import GrantResponse
from lumira.schemas.base import RequestSchema, ResponseSchema
from lumira.schemas.fields import Cursor, EmailAddress, QueryInteger, Timestamp, absent
from lumira.schemas.payment_intents import ORDER_STATUSES
from lumira.schemas.refunds import REFUND_STATUSES
from lumira.schemas.shipments import FULFILMENTS, OrderReturnResponse, OrderShipmentResponse
from lumira.schemas.shipping import ShippingResponse

MAX_PAGE = 100
REVIEW_REASONS = ("amount_mismatch", "currency_mismatch")
#: Stripe's own.
DISPUTE_STATUSES = (
    "warning_needs_response",
    "warning_under_review",
    "warning_closed",
    "needs_response",
    "under_review",
    "appeal_needs_response",
    "appeal_under_review",
    "prevented",
    "lost",
    "won",
)
MESSAGE_KINDS = (
    "order_confirmation",
    "payment_failed",
    "transfer_not_received",
    "order_refunded",
    "refund_failed",
    "access_ready",
    "deliverable_ready",
    "dispute_alert",
    "access_link",
    "withdrawal_link",
    "withdrawal_acknowledged",
    "withdrawal_refused",
    "order_shipped",
)
WITHDRAWAL_WAYS = ("portal", "guest", "operator")
WITHDRAWAL_DECISIONS = ("accepted", "refused")
MESSAGE_STATUSES = ("pending", "sent", "superseded", "dead")


class OrdersQuery(RequestSchema):
    """The query string of `GET /orders`."""

    status = fields.String(load_default=absent, validate=validate.OneOf(ORDER_STATUSES))
    customer_email = EmailAddress(load_default=absent)
    created_after = Timestamp(load_default=absent)
    created_before = Timestamp(load_default=absent)
    updated_after = Timestamp(
        load_default=absent,
        metadata={
            "description": "Orders whose `updatedAt` is later. An order may become visible some seconds after its "
            "`updatedAt`: let the periods of two requests overlap by a minute."
        },
    )
    cursor = Cursor(load_default=absent)
    limit = QueryInteger(load_default=50, validate=validate.Range(min=1, max=MAX_PAGE))

    @post_load
    def to_filter(self, data: dict[str, Any], **_options: Any) -> OrderFilter:
        return OrderFilter(after=data.pop("cursor"), **data)


class ReviewResponse(ResponseSchema):
    """Why an order waits for an operator's decision."""

    reason = fields.String(required=True, validate=validate.OneOf(REVIEW_REASONS))


class ConsentsResponse(ResponseSchema):
    """What the buyer consented to, and when."""

    terms = fields.String(required=True, allow_none=True)
    immediate_delivery = fields.Boolean(required=True)
    at = fields.String(required=True, metadata={"format": "date-time"})


class PromotionResponse(ResponseSchema):
    """The promotion code of an order, and what it took off the prices of the lines, in minor units."""

    code = fields.String(required=True)
    amount = fields.Integer(required=True)


class OrderResponse(ResponseSchema):
    """One order; amounts in minor units, times in UTC."""

    id = fields.UUID(required=True)
    order_number = fields.String(required=True)
    product_id = fields.String(required=True, allow_none=True, metadata={"description": "Null for a cart."})
    customer_id = fields.UUID(required=True, allow_none=True)
    customer_email = fields.String(required=True, allow_none=True)
    amount = fields.Integer(required=True)
    currency = fields.String(required=True)
    status = fields.String(required=True, validate=validate.OneOf(ORDER_STATUSES))
    payment_intent_id = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The payment that settles the order, else the newest."},
    )
    review = fields.Nested(
        ReviewResponse,
        required=True,
        allow_none=True,
        metadata={"description": "Set if the payment differs from the order in amount or currency."},
    )
    refunded_amount = fields.Integer(
        required=True, metadata={"description": "Sum of the order's refunds, pending ones included."}
    )
    created_at = Timestamp(required=True)
    updated_at = Timestamp(required=True)
    completed_at = Timestamp(required=True, allow_none=True)
    fulfilment = fields.String(
        required=True,
        validate=validate.OneOf(FULFILMENTS),
        metadata={"description": "What became of the order's goods, beside its status."},
    )
    consents = fields.Nested(ConsentsResponse, required=True, allow_none=True)
    promotion = fields.Nested(PromotionResponse, required=True, allow_none=True)
    metadata = fields.Dict(
        keys=fields.String(), values=fields.String(), required=True, attribute="caller_metadata"
    )

    def get_attribute(self, obj: Any, attr: str, default: Any) -> Any:
        """Return an attribute of the view, else of its order, or what follows from several of them."""
        order = obj.order
        if attr == "product_id":
            return order.lines[0].product_id if len(order.lines) == 1 else None
        if attr == "promotion":
            return order.promotion_code and {"code": order.promotion_code, "amount": order.discount_amount}
        if attr == "review":
            return order.review_reason and {"reason": order.review_reason}
        return super().get_attribute(obj if hasattr(obj, attr) else order, attr, default)


class OrderLineResponse(ResponseSchema):
    """One product of an order, with its values at the time of the order."""

    product_id = fields.String(required=True)
    quantity = fields.Integer(required=True)
    unit_amount = fields.Integer(required=True)
    discount = fields.Integer(
        required=True,
        attribute="discount_amount",
        metadata={"description": "What the promotion code took off the price of all units together."},
    )
    shipped_quantity = fields.Integer(
        required=True,
        metadata={"description": "Units of goods that were sent, those that came back included."},
    )
    returned_quantity = fields.Integer(required=True)


class OrderPaymentResponse(ResponseSchema):
    """One PaymentIntent of an order."""

    payment_intent_id = fields.String(required=True, attribute="stripe_payment_intent_id")
    status = fields.String(
        required=True, attribute="state", validate=validate.OneOf(("open", "canceled", "succeeded"))
    )
    amount = fields.Integer(required=True)
    fee = fields.Integer(
        required=True,
        allow_none=True,
        metadata={
            "description": "Stripe's fee, in minor units of `balanceCurrency`; null until Stripe reports it."
        },
    )
    net = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "What Stripe adds to the balance: the amount less the fee; null likewise."},
    )
    balance_currency = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The currency of the balance, which may differ from the order's."},
    )


class OrderRefundResponse(ResponseSchema):
    """One refund, with Stripe's id and status."""

    id = fields.String(required=True, attribute="stripe_refund_id")
    amount = fields.Integer(required=True)
    status = fields.String(required=True, validate=validate.OneOf(REFUND_STATUSES))


class OrderDisputeResponse(ResponseSchema):
    """One dispute, with Stripe's id and status."""

    id = fields.String(required=True, attribute="stripe_dispute_id")
    amount = fields.Integer(required=True)
    status = fields.String(required=True, validate=validate.OneOf(DISPUTE_STATUSES))


class OrderFraudWarningResponse(ResponseSchema):
    """One early fraud warning, with Stripe's id."""

    id = fields.String(required=True, attribute="stripe_fraud_warning_id")
    fraud_type = fields.String(
        required=True, metadata={"description": "Stripe's word, such as `made_with_stolen_card`."}
    )
    actionable = fields.Boolean(
        required=True, metadata={"description": "Stripe's: neither disputed nor fully refunded."}
    )
    dismissed_at = Timestamp(
        required=True, allow_none=True, metadata={"description": "When an operator dismissed it."}
    )


class OrderMessageResponse(ResponseSchema):
    """One e-mail to the buyer, pending or sent."""

    kind = fields.String(required=True, validate=validate.OneOf(MESSAGE_KINDS))
    subject = fields.String(
        required=True,
        metadata={"description": "What the message is about, such as a refund's id; may be empty."},
    )
    status = fields.String(required=True, validate=validate.OneOf(MESSAGE_STATUSES))


class WithdrawalUnitsResponse(ResponseSchema):
    """From how many units of one product the buyer withdraws."""

    product_id = fields.String(required=True)
    quantity = fields.Integer(required=True)


class OrderWithdrawalResponse(ResponseSchema):
    """A buyer's withdrawal from the contract, or from a part of it."""

    via = fields.String(required=True, validate=validate.OneOf(WITHDRAWAL_WAYS))
    requested_at = Timestamp(
        required=True, metadata={"description": "When the buyer made the statement: the period counts to it."}
    )
    confirmed_at = Timestamp(required=True)
    buyer_reason = fields.String(
        required=True,
        allow_none=True,
        attribute="reason",
        metadata={"description": "The buyer's own words, if they gave any."},
    )
    lines = fields.List(fields.Nested(WithdrawalUnitsResponse), required=True)
    decision = fields.String(
        required=True,
        allow_none=True,
        validate=validate.OneOf((*WITHDRAWAL_DECISIONS, None)),
        metadata={"description": "Null while an operator has to decide."},
    )
    decided_at = Timestamp(required=True, allow_none=True)
    refund_due_at = Timestamp(
        required=True, metadata={"description": "Until when it is refunded, if it is valid."}
    )


class OrderTimelineEntryResponse(ResponseSchema):
    """One entry of an order's timeline."""

    at = Timestamp(required=True)
    what = fields.String(
        required=True, metadata={"description": "What happened, such as `paid` or `refund_requested`."}
    )
    why = fields.String(
        required=True, allow_none=True, metadata={"description": "The reason, or the id of what it is about."}
    )


class WholeOrderResponse(OrderResponse):
    """One order with all its details."""

    waiting_for = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "description": "Why the order is not completed, or what of a completed one is outstanding, and what to "
            "do: one sentence. Null if it waits for nothing."
        },
    )
    lines = fields.List(fields.Nested(OrderLineResponse), required=True)
    shipping = fields.Nested(
        ShippingResponse,
        required=True,
        allow_none=True,
        metadata={"description": "Null for an order of which nothing is sent, or without zones and address."},
    )
    payments = fields.List(fields.Nested(OrderPaymentResponse), required=True)
    refunds = fields.List(fields.Nested(OrderRefundResponse), required=True)
    disputes = fields.List(fields.Nested(OrderDisputeResponse), required=True)
    fraud_warnings = fields.List(fields.Nested(OrderFraudWarningResponse), required=True)
    grants = fields.List(fields.Nested(GrantResponse), required=True)
    messages = fields.List(fields.Nested(OrderMessageResponse), required=True)
    withdrawal = fields.Nested(
        OrderWithdrawalResponse,
        required=True,
        allow_none=True,
        metadata={"description": "The newest withdrawal of the buyer; `timeline` names all."},
    )
    shipments = fields.List(fields.Nested(OrderShipmentResponse), required=True)
    returns = fields.List(fields.Nested(OrderReturnResponse), required=True)
    timeline = fields.List(fields.Nested(OrderTimelineEntryResponse), required=True)


class OrdersResponse(ResponseSchema):
    """One page of orders, newest first."""

    orders = fields.List(fields.Nested(OrderResponse), required=True)
    next = Cursor(
        required=True,
        allow_none=True,
        metadata={"description": "Send it as `cursor` for the next page; null on the last page."},
    )
