"""The life of a refund request: decided and frozen, leased to a process, sent, and completed or refused."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from lumira.domain.goods.returns import DueReturnRefund
from lumira.domain.refunds import refundable_amount
from lumira.domain.stripe import metadata as stripe_metadata
from lumira.domain.withdrawal_refunds import DueRefund
from lumira.models import Order, Payment, RefundOrigin, RefundRequest
from lumira.models.columns import uuid7
from lumira.models.payment_request import RequestState

#: How long a request belongs to the process that sends it: longer than all retries of one call to Stripe, and no
#: longer than the lease of an idempotency key, so that a caller who takes over the key may continue at once.
LEASE = timedelta(seconds=90)
#: Stripe's refund reason for an automatic refund, where it has one.
_STRIPE_REASONS = {RefundOrigin.DUPLICATE_PAYMENT: "duplicate", RefundOrigin.FRAUD_WARNING: "fraudulent"}


def freeze_request(
    order: Order,
    payment: Payment,
    *,
    amount: int,
    origin: RefundOrigin,
    now: datetime,
    reason: str | None = None,
    lines: list[dict[str, Any]] | None = None,
    withdrawal_id: UUID | None = None,
    return_id: UUID | None = None,
    shipping_amount: int = 0,
) -> RefundRequest:
    """Decide the refund of `amount` minor units of one payment; the request is final and may be sent at once.

    `lines` are those that the amount is of, as `refund_lines.freeze_lines` returns them, and `shipping_amount` is its
    part that is postage.
    """
    request_id = uuid7()
    parameters: dict[str, Any] = {
        "payment_intent": payment.stripe_payment_intent_id,
        "amount": amount,
        "metadata": {
            stripe_metadata.ORDER_NUMBER: order.order_number,
            stripe_metadata.REFUND_REQUEST: str(request_id),
        },
    }
    if reason is not None:
        parameters["reason"] = reason
    request = RefundRequest(
        id=request_id,
        stripe_payment_intent_id=payment.stripe_payment_intent_id,
        amount=amount,
        origin=origin,
        withdrawal_id=withdrawal_id,
        return_id=return_id,
        parameters=parameters,
        lines=lines,
        shipping_amount=shipping_amount,
        key_number=1,
        stripe_key=_key(request_id, 1),
        keyed_at=now,
        state=RequestState.FROZEN,
        attempts=0,
        next_attempt_at=now,
        created_at=now,
    )
    order.refund_requests.append(request)
    return request


def _key(request_id: UUID, number: int) -> str:
    return f"lumira-refund-{request_id}-{number}"


def freeze_automatic_request(order: Order, payment: Payment, *, origin: RefundOrigin, now: datetime) -> bool:
    """Decide the automatic refund of all of a payment, once; `False` if it was decided, or nothing is refundable."""
    if any(
        request.stripe_payment_intent_id == payment.stripe_payment_intent_id
        and request.is_automatic
        # What was refunded of the payment for a withdrawal is not all of it.
        and request.withdrawal_id is None
        for request in order.refund_requests
    ):
        return False
    amount = refundable_amount(order, payment)
    if amount <= 0:
        return False
    freeze_request(order, payment, amount=amount, origin=origin, now=now, reason=_STRIPE_REASONS.get(origin))
    return True


def freeze_withdrawal_request(order: Order, due: DueRefund, now: datetime) -> RefundRequest:
    """Decide the refund that an accepted withdrawal requires."""
    return freeze_request(
        order,
        due.payment,
        amount=due.amount,
        origin=RefundOrigin.WITHDRAWAL,
        now=now,
        reason="requested_by_customer",
        withdrawal_id=due.withdrawal.id,
        lines=due.lines or None,
        shipping_amount=due.shipping_amount,
    )


def freeze_return_request(order: Order, due: DueReturnRefund, now: datetime) -> RefundRequest:
    """Decide the refund that an operator requested for goods that came back."""
    return freeze_request(
        order,
        due.payment,
        amount=due.amount,
        origin=RefundOrigin.REQUESTED,
        now=now,
        reason="requested_by_customer",
        return_id=due.goods_return.id,
        lines=due.lines,
    )


def lease(request: RefundRequest, now: datetime) -> None:
    """Begin an attempt: the request belongs to the caller until the lease ends, then to any process."""
    request.attempts += 1
    request.leased_until = request.next_attempt_at = now + LEASE


def renew_key(request: RefundRequest, now: datetime) -> None:
    """Continue the attempt under a new idempotency key: Stripe has no refund of the request, and may forget its key."""
    request.key_number += 1
    request.stripe_key = _key(request.id, request.key_number)
    request.keyed_at = now
    request.state = RequestState.FROZEN
    request.leased_until = request.next_attempt_at = now + LEASE


def reschedule(request: RefundRequest, next_attempt_at: datetime, *, is_unknown: bool) -> None:
    """Schedule the next attempt; `is_unknown` if Stripe may have created the refund without a usable response."""
    if is_unknown:
        request.state = RequestState.UNKNOWN
    request.leased_until = None
    request.next_attempt_at = next_attempt_at


def end_with_test_sale(request: RefundRequest, now: datetime) -> None:
    """Record that the refund of a test sale is not made, because the tenant's live key has no access to the payment."""
    mark_refused(
        request, code="other_mode", message="The shop sells live: test money is not refunded.", now=now
    )


def mark_refused(request: RefundRequest, *, code: str, message: str, now: datetime) -> None:
    """Record that Stripe refused the request; it is not sent again."""
    request.state = RequestState.REFUSED
    request.refusal = {"code": code, "message": message}
    request.responded_at = now
    request.leased_until = None
