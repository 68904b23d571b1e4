"""`/api/payments/<paymentIntentId>/refunds`: refunding a payment."""

from typing import Any

from flask import g, request

from lumira.blueprints.http.idempotent_requests import IDEMPOTENCY_KEY, idempotent_call, replying
from lumira.blueprints.http.references import checked_reference
from lumira.blueprints.http.routing import ApiBlueprint
from lumira.blueprints.http.stripe_calls import calls_stripe
from lumira.domain.commands import RefundCommand
from lumira.errors.orders import NotRefundable, OrderNotFound
from lumira.errors.stripe import StripeConfigError, StripeUnavailable
from lumira.schemas.refunds import RefundBody, RefundResponse
from lumira.services.refunds.request_refund import request_refund

blueprint = ApiBlueprint("refunds", __name__, url_prefix="/api/payments", description="Refunds")

_EXAMPLE_REFUND = {
    "refundId": "re_3NxKDqLkdIwHu7ix0P2q8hZb",
    "amount": 1000,
    "status": "succeeded",
    "orderStatus": "partially_refunded",
    "refundedAmount": 1000,
}


@blueprint.post("/<payment_intent_id>/refunds", name="refundPayment", parameters=[IDEMPOTENCY_KEY])
@blueprint.raises(OrderNotFound, NotRefundable, StripeConfigError, StripeUnavailable)
@calls_stripe
@blueprint.body(RefundBody, example={"amount": 1000, "reason": "requested_by_customer"})
@blueprint.replies(RefundResponse, example=_EXAMPLE_REFUND)
def refund_payment(command: RefundCommand, payment_intent_id: str) -> Any:
    """Refund a payment: an amount, or the whole refundable amount; never more than was paid."""
    reply = request_refund(
        g.tenant_id, checked_reference(payment_intent_id), call=idempotent_call(request), command=command
    )
    return replying(reply)
