"""`/api/payments/<paymentIntentId>/refunds`: sending money back."""

from typing import Any

from flask import g, request

from lumira.blueprints.http.checkout import IDEMPOTENCY_KEY
from lumira.blueprints.http.idempotent_requests import idempotent_call, replying
from lumira.blueprints.http.references import checked_reference
from lumira.blueprints.http.routing import ApiBlueprint
from lumira.schemas.refunds import RefundBody, RefundPaymentRequest, RefundResponse
from lumira.services.refunds.request_refund import RefundCommand, request_refund

blueprint = ApiBlueprint("refunds", __name__, url_prefix="/api/payments", description="Refunds")

EXAMPLE_MADE = {
    "refundId": "re_3NxKDqLkdIwHu7ix0P2q8hZb",
    "amount": 1000,
    "status": "succeeded",
    "orderStatus": "partially_refunded",
    "refundedAmount": 1000,
}


@blueprint.post("/<payment_intent_id>/refunds", parameters=[IDEMPOTENCY_KEY])
@blueprint.body(RefundPaymentRequest, example={"amount": 1000, "reason": "requested_by_customer"})
@blueprint.replies(RefundResponse, example=EXAMPLE_MADE)
def refund_payment(asked: RefundBody, payment_intent_id: str) -> Any:
    """Send all that is left of a payment back, or an amount; never more than was paid."""
    wanted = RefundCommand(checked_reference(payment_intent_id), asked.amount, asked.reason)
    return replying(request_refund(g.tenant_id, call=idempotent_call(request), wanted=wanted))
