"""Sending money back because somebody asks for it: once per call, and never more than was paid.

Phases: the refund is decided and frozen, whole, before Stripe is asked, and its answer is kept before ours
is. The process may die between any two of them: the caller's next try goes on from there, and if none comes,
a worker does.
"""

from dataclasses import asdict, dataclass
from uuid import UUID

import structlog

from lumira.clock import utc_now
from lumira.database import atomic, db, retried
from lumira.domain.commands import RefundCommand
from lumira.errors import IdempotencyInProgress, NotRefundable, OrderNotFound
from lumira.models import Order, Payment, RefundOrigin, RefundRequest
from lumira.repositories import audit, idempotency, orders, refund_requests, stripe_accounts
from lumira.repositories.idempotency import Call, Claim, StoredReply
from lumira.services.idempotency.release_key import releasing_on_error
from lumira.services.idempotency.reply import Reply
from lumira.services.refunds.send_refund import (
    RefundAttempt,
    RefundResult,
    check_account,
    made_of,
    send_refund,
    sending_of,
)


@dataclass(frozen=True, slots=True)
class _Decided:
    """What the first phase hands on."""

    claim: Claim
    account: stripe_accounts.StripeAccount
    sending: RefundAttempt


def request_refund(
    tenant_id: int, payment_intent_id: str, *, call: Call, command: RefundCommand
) -> Reply[RefundResult]:
    """Refund a payment, or a part of it, as it would be done in Stripe's dashboard.

    `OrderNotFound`, `NotRefundable`; `IdempotencyInProgress` and `IdempotencyMismatch`; `StripeConfigError`,
    and `StripeUnavailable` where the refund was decided and a worker makes it as soon as Stripe answers.
    """
    decided = _decide(tenant_id, payment_intent_id, call, command)
    if isinstance(decided, Reply):
        return decided
    with releasing_on_error(tenant_id, decided.claim):
        made = send_refund(tenant_id, decided.account, decided.sending, actor=call.actor, is_awaited=True)
        _keep_reply(tenant_id, decided.claim, made)
        return Reply(made)


@retried
def _decide(
    tenant_id: int, payment_intent_id: str, call: Call, command: RefundCommand
) -> Reply[RefundResult] | _Decided:
    """First phase: the refund stands in a row before anything is asked of Stripe."""
    with atomic(tenant_id):
        claim = idempotency.claim(tenant_id, call)
        if claim.reply is not None:
            return Reply(RefundResult(**claim.reply.body), replayed=True)
        order, payment = _lock_payment(tenant_id, payment_intent_id)
        structlog.contextvars.bind_contextvars(order_number=order.order_number)
        account = check_account(stripe_accounts.find_account(tenant_id), livemode=order.livemode)
        request = _earlier(tenant_id, order, claim.refund_request_id) or _freeze(
            order, payment, call, command
        )
        made = made_of(order, request)
        if made is not None:
            # Stripe answered an earlier try that could not tell of it any more.
            idempotency.finish(tenant_id, claim, StoredReply(200, asdict(made)))
            return Reply(made)
        _take(request)
        idempotency.renew(tenant_id, claim, order_id=order.id, refund_request_id=request.id)
        return _Decided(claim, account, sending_of(order, request))


def _lock_payment(tenant_id: int, payment_intent_id: str) -> tuple[Order, Payment]:
    order_id = orders.ids_by_payment(tenant_id, [payment_intent_id]).get(payment_intent_id)
    if order_id is None:
        raise OrderNotFound("There is no such payment.")
    order = orders.lock_order(tenant_id, order_id)
    payment = order.find_payment(payment_intent_id)
    assert payment is not None  # noqa: S101 - by it the order was found
    return order, payment


def _earlier(tenant_id: int, order: Order, request_id: UUID | None) -> RefundRequest | None:
    """What an earlier try under the same key decided, unless Stripe refused it: then it is decided anew."""
    known = next((request for request in order.refund_requests if request.id == request_id), None)
    if known is None:
        return None
    request = refund_requests.lock(tenant_id, known.id)
    return request if request.is_under_way or request.stripe_refund_id is not None else None


def _freeze(order: Order, payment: Payment, call: Call, command: RefundCommand) -> RefundRequest:
    left = refund_requests.refundable_amount(order, payment)
    repeated = _repeated(order, payment, command, left) if call.key is None else None
    if repeated is not None:
        return refund_requests.lock(order.tenant_id, repeated.id)
    _check(order, payment, command, left)
    request = refund_requests.freeze(
        order, payment, amount=command.amount or left, origin=RefundOrigin.REQUESTED, reason=command.reason
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
    # The idempotency key is about to point at it.
    db.session.flush()
    return request


def _repeated(order: Order, payment: Payment, command: RefundCommand, left: int) -> RefundRequest | None:
    """The same refund, asked for before, which Stripe has not answered and nobody is asking for just now.

    Who gives no key and repeats a call that was answered "will be made" means that one, and not another.
    """
    amount, now = command.amount or left, utc_now()
    for request in refund_requests.under_way(order, payment):
        is_same = request.parameters.get("reason") == command.reason and amount in (0, request.amount)
        if is_same and request.origin is RefundOrigin.REQUESTED and not request.is_leased(now):
            return request
    return None


def _check(order: Order, payment: Payment, command: RefundCommand, left: int) -> None:
    if not payment.has_succeeded:
        raise NotRefundable("This payment has not succeeded: there is nothing to send back.", left=0)
    if refund_requests.is_disputed(order, payment):
        raise NotRefundable(
            "The buyer's bank disputes this payment: the dispute decides where the money goes.", left=left
        )
    if left == 0:
        raise NotRefundable("All of this payment went back already or is on its way.", left=0)
    if command.amount is not None and command.amount > left:
        raise NotRefundable(
            f"Of this payment {left} can still be refunded, and {command.amount} was asked for.", left=left
        )


def _take(request: RefundRequest) -> None:
    now = utc_now()
    if request.is_leased(now):
        raise IdempotencyInProgress("This refund is being made at the moment.", retry_after=5)
    refund_requests.take(request, now)


@retried
def _keep_reply(tenant_id: int, claim: Claim, made: RefundResult) -> None:
    """Last phase. What Stripe did is on record by then, whoever has the right to answer."""
    with atomic(tenant_id):
        idempotency.finish(tenant_id, claim, StoredReply(200, asdict(made)))
