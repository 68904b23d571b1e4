"""Requests a refund on behalf of a caller: once per idempotency key, and never more than was received.

The refund request is frozen before Stripe is called, and Stripe's response is recorded before the reply is
stored. The process may die between any two of these transactions: the caller's retry continues from there, and
without one a worker does.
"""

from dataclasses import asdict, dataclass
from datetime import timedelta
from uuid import UUID

import structlog

from lumira import stripe_slots
from lumira.clock import utc_now
from lumira.database import atomic, db, retried
from lumira.domain import refund_lines, refund_requests, refunds
from lumira.domain.commands import RefundCommand
from lumira.domain.refund_parts import amount_left, parts_of
from lumira.errors import IdempotencyInProgress
from lumira.errors.orders import NotRefundable, OrderNotFound, RefundRepeated
from lumira.models import Order, Payment, RefundOrigin, RefundRequest
from lumira.money import format_amount
from lumira.repositories.audit import audit
from lumira.repositories.idempotency import idempotency
from lumira.repositories.idempotency.idempotency import Claim, StoredReply
from lumira.repositories.idempotency.idempotent_calls import Call
from lumira.repositories.orders import orders
from lumira.repositories.orders.refund_requests import lock_request
from lumira.repositories.tenants import stripe_accounts
from lumira.services.idempotency.release_key import releasing_on_error
from lumira.services.idempotency.reply import Reply
from lumira.services.leased_requests import check_account
from lumira.services.refunds.send_refund import (
    RefundAttempt,
    RefundResult,
    attempt_of,
    find_result,
    send_refund,
)

#: A worker sends a recorded refund within a minute; a person who got no reply tries again within minutes.
_JUST_MADE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class _Decision:
    """The result of the first transaction."""

    claim: Claim
    account: stripe_accounts.StripeAccount
    attempt: RefundAttempt


def request_refund(
    tenant_id: int, payment_intent_id: str, *, call: Call, command: RefundCommand
) -> Reply[RefundResult]:
    """Refund a payment in full or in part, and return the refund as Stripe created it.

    `OrderNotFound`, `NotRefundable`, `RefundRepeated`; `IdempotencyInProgress` and `IdempotencyMismatch`;
    `StripeConfigError`; `StripeUnavailable` if the refund is decided and a worker sends it as soon as Stripe responds.
    """
    decision = _decide(tenant_id, payment_intent_id, call, command)
    if isinstance(decision, Reply):
        return decision
    with releasing_on_error(tenant_id, decision.claim):
        result = send_refund(tenant_id, decision.account, decision.attempt, actor=call.actor, is_awaited=True)
        _store_reply(tenant_id, decision.claim, result)
        return Reply(result)


@retried
def _decide(
    tenant_id: int, payment_intent_id: str, call: Call, command: RefundCommand
) -> Reply[RefundResult] | _Decision:
    """First transaction: freeze the refund request before Stripe is called."""
    with atomic(tenant_id):
        claim = idempotency.claim(tenant_id, call)
        if claim.reply is not None:
            return Reply(RefundResult(**claim.reply.body), replayed=True)
        order, payment = _lock_payment(tenant_id, payment_intent_id)
        structlog.contextvars.bind_contextvars(order_number=order.order_number)
        account = check_account(
            stripe_accounts.find_account(tenant_id), livemode=order.livemode, subject="payment"
        )
        request = _find_earlier_request(tenant_id, order, claim.refund_request_id)
        request = request or _freeze_request(order, payment, call, command)
        result = find_result(order, request)
        if result is not None:
            # An earlier call under this key died after Stripe's response was recorded.
            idempotency.finish(tenant_id, claim, StoredReply(200, asdict(result)))
            return Reply(result)
        # Refused here, the transaction leaves neither a claim nor a request.
        stripe_slots.require()
        _lease(request)
        idempotency.renew(tenant_id, claim, order_id=order.id, refund_request_id=request.id)
        return _Decision(claim, account, attempt_of(order, request))


def _lock_payment(tenant_id: int, payment_intent_id: str) -> tuple[Order, Payment]:
    order_id = orders.ids_by_payment(tenant_id, [payment_intent_id]).get(payment_intent_id)
    if order_id is None:
        raise OrderNotFound("There is no such payment.")
    order = orders.lock_order(tenant_id, order_id)
    payment = order.find_payment(payment_intent_id)
    assert payment is not None  # noqa: S101 - the order was found by it
    return order, payment


def _find_earlier_request(tenant_id: int, order: Order, request_id: UUID | None) -> RefundRequest | None:
    """The request of an earlier call under the same key, unless Stripe refused it: then another is decided."""
    earlier = next((request for request in order.refund_requests if request.id == request_id), None)
    if earlier is None:
        return None
    request = lock_request(tenant_id, earlier.id)
    return request if request.is_under_way or request.stripe_refund_id is not None else None


def _freeze_request(order: Order, payment: Payment, call: Call, command: RefundCommand) -> RefundRequest:
    refundable = refunds.refundable_amount(order, payment)
    repeated = _find_repeated_request(order, payment, command) if call.key is None else None
    if repeated is not None:
        return lock_request(order.tenant_id, repeated.id)
    parts = parts_of(order, payment, command)
    _check_refundable(order, payment, parts.amount, refundable)
    if not command.may_repeat and _is_repeated(order, payment, command):
        raise RefundRepeated("An equal refund is under way, or was made in the last ten minutes.")
    request = refund_requests.freeze_request(
        order,
        payment,
        amount=parts.amount,
        origin=RefundOrigin.REQUESTED,
        now=utc_now(),
        reason=command.reason,
        lines=parts.lines,
        shipping_amount=parts.shipping_amount,
    )
    audit.record(
        order.tenant_id,
        actor=call.actor,
        action="refund_requested",
        subject=f"order:{order.id}",
        payment_intent_id=payment.stripe_payment_intent_id,
        amount=request.amount,
        reason=command.reason,
    )
    # The idempotency key references the request in the same transaction.
    db.session.flush()
    return request


def _find_repeated_request(order: Order, payment: Payment, command: RefundCommand) -> RefundRequest | None:
    """An equal request that Stripe has not responded to.

    A caller without a key who repeats a call that failed, or whose process died, means that request. While another
    process sends it, the repetition has to wait.
    """
    for request in refunds.requests_under_way(order, payment):
        is_equal = _is_equal(order, payment, request, command)
        if is_equal and request.parameters.get("reason") == command.reason and not request.is_automatic:
            return request
    return None


def _is_repeated(order: Order, payment: Payment, command: RefundCommand) -> bool:
    """Whether an equal request is under way or was just made, also for another reason.

    A person who got no reply asks again with a new key, and by then a worker may have sent the first request.
    """
    since = utc_now() - _JUST_MADE
    return any(
        _is_equal(order, payment, request, command)
        for request in order.refund_requests
        if request.stripe_payment_intent_id == payment.stripe_payment_intent_id
        and (request.is_under_way or (request.stripe_refund_id is not None and request.created_at > since))
    )


def _is_equal(order: Order, payment: Payment, request: RefundRequest, command: RefundCommand) -> bool:
    wanted = [(line.product_id, line.quantity) for line in command.lines]
    if wanted or command.postage:
        is_equal = refund_lines.products_of(order, request) == wanted
        return is_equal and (request.shipping_amount > 0) == bool(command.postage)
    return amount_left(order, payment, command) in (0, request.amount)


def _check_refundable(order: Order, payment: Payment, amount: int, refundable: int) -> None:
    if not payment.has_succeeded:
        raise NotRefundable("This payment has not succeeded: there is nothing to refund.", left=0)
    if refunds.is_disputed(order, payment):
        raise NotRefundable("This payment is disputed: wait for the bank's decision.", left=refundable)
    if refundable == 0:
        raise NotRefundable("This payment is fully refunded, or its refund is under way.", left=0)
    if amount > refundable:
        raise NotRefundable(
            f"At most {format_amount(refundable, payment.currency)} of this payment can be refunded; "
            f"{format_amount(amount, payment.currency)} was requested.",
            left=refundable,
        )


def _lease(request: RefundRequest) -> None:
    now = utc_now()
    if request.is_leased(now):
        raise IdempotencyInProgress("This refund is being sent to Stripe: try again later.", retry_after=5)
    refund_requests.lease(request, now)


@retried
def _store_reply(tenant_id: int, claim: Claim, result: RefundResult) -> None:
    """Last transaction: Stripe's response is recorded already, also if another call owns the key by now."""
    with atomic(tenant_id):
        idempotency.finish(tenant_id, claim, StoredReply(200, asdict(result)))
