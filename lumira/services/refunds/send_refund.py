"""One decided refund, asked of Stripe between two transactions, and its answer kept.

Whoever sends it, at once or after a crash, sends the same parameters under the same key, so that Stripe makes
one refund. Where the outcome of an attempt is not known, Stripe's list of the payment's refunds is looked
through before the next attempt begins under a new key.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog

from lumira.clients import stripe_client
from lumira.clock import utc_now
from lumira.database import atomic, retried
from lumira.domain import refunds
from lumira.domain.payments import KEY_TRUSTED_FOR
from lumira.domain.refunds import RefundFacts
from lumira.domain.retries import retry_delay
from lumira.domain.stripe_objects import MalformedObject, read_metadata, read_refund
from lumira.errors import (
    IdempotencyInProgress,
    NotRefundable,
    StripeConfigError,
    StripeUnavailable,
)
from lumira.models import AlertKind, Order, RefundOrigin, RefundRequest, RequestState
from lumira.repositories import (
    alerts,
    audit,
    order_polls,
    orders,
    refund_requests,
    stripe_accounts,
)
from lumira.settlement.settle_order import settle_order

log = structlog.get_logger()

#: Money that is owed and could not be sent for so long is a person's to look at; it goes on being tried.
ALARMING_AFTER = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class RefundAttempt:
    """What is asked of Stripe: ids and values of a request that was just taken."""

    request_id: UUID
    order_id: UUID
    order_number: str
    livemode: bool
    payment_intent_id: str
    parameters: dict[str, Any]
    key: str
    #: Which taking of the request this is: whoever took it later has the say.
    attempts: int
    #: From then on somebody else may have taken it, so nothing is sent any more.
    until: datetime
    #: Whether Stripe may have made it already in a way that asking again would not bring.
    look_up: bool


@dataclass(frozen=True, slots=True)
class RefundResult:
    """A refund as Stripe has it, and what became of its order. Amounts in minor units."""

    refund_id: str
    amount: int
    status: str
    order_status: str
    refunded_amount: int


def sending_of(order: Order, request: RefundRequest) -> RefundAttempt:
    """What to ask for a request that was just taken."""
    is_stale = utc_now() - request.keyed_at > KEY_TRUSTED_FOR
    return RefundAttempt(
        request_id=request.id,
        order_id=order.id,
        order_number=order.order_number,
        livemode=order.livemode,
        payment_intent_id=request.stripe_payment_intent_id,
        parameters=request.parameters,
        key=request.stripe_key,
        attempts=request.attempts,
        until=request.next_attempt_at,
        look_up=is_stale or request.state is RequestState.UNKNOWN,
    )


def made_of(order: Order, request: RefundRequest) -> RefundResult | None:
    """The refund that a request brought, if Stripe has told of it."""
    for refund in order.refunds:
        if refund.stripe_refund_id == request.stripe_refund_id:
            return RefundResult(
                refund.stripe_refund_id,
                refund.amount,
                str(refund.status),
                str(order.status),
                refunds.refunded_amount(order),
            )
    return None


def check_account(
    account: stripe_accounts.StripeAccount | None, *, livemode: bool
) -> stripe_accounts.StripeAccount:
    """The account, if it can refund a payment of this mode; `StripeConfigError` if not."""
    if account is None:
        raise StripeConfigError("This shop has no Stripe key.")
    if account.livemode != livemode:
        raise StripeConfigError("The payment is of another mode than this shop's Stripe key.")
    return account


def send_refund(
    tenant_id: int,
    account: stripe_accounts.StripeAccount | None,
    sending: RefundAttempt,
    *,
    actor: str,
    is_awaited: bool = False,
) -> RefundResult:
    """Ask Stripe for a refund that was taken; what became of it. `is_awaited` by a person who is told.

    `NotRefundable` if Stripe refuses. `StripeUnavailable`, `StripeConfigError` where nothing is decided and
    `IdempotencyInProgress` where another process has taken the request over: in the end it is made.
    """
    try:
        facts = _ask(tenant_id, check_account(account, livemode=sending.livemode), sending)
    except stripe_client.StripeRefused as error:
        _record_refusal(tenant_id, sending, error, is_awaited=is_awaited)
        raise NotRefundable(
            f"Stripe refuses the refund ({error.code}): {error.message}", stripe_code=error.code
        ) from error
    except (StripeUnavailable, StripeConfigError, MalformedObject) as error:
        # After an answer that makes no sense, as after none at all, the refund may be there.
        is_unknown = isinstance(error, (stripe_client.StripeOutcomeUnknown, MalformedObject))
        _reschedule(tenant_id, sending, is_unknown=is_unknown, reason=type(error).__name__)
        if isinstance(error, StripeConfigError):
            raise
        raise StripeUnavailable(
            "Stripe cannot be asked at the moment. The refund is noted and will be made.",
            retry_after=stripe_client.RETRY_AFTER,
        ) from error
    return _record(tenant_id, sending, facts, actor=actor)


def _ask(tenant_id: int, account: stripe_accounts.StripeAccount, sending: RefundAttempt) -> RefundFacts:
    if sending.look_up:
        for refund in stripe_client.list_refunds(account, sending.payment_intent_id):
            if read_metadata(refund).get(refund_requests.METADATA_KEY) == str(sending.request_id):
                return read_refund(refund)
        sending = _begin_attempt(tenant_id, sending)
    if utc_now() >= sending.until:
        # This process stood still for longer than any call takes: who has the request now goes on with it.
        raise _taken_over()
    return read_refund(stripe_client.create_refund(account, sending.parameters, key=sending.key))


@retried
def _begin_attempt(tenant_id: int, sending: RefundAttempt) -> RefundAttempt:
    """The next attempt, unless another process has taken the request while Stripe was looked through."""
    with atomic(tenant_id):
        request = _still_taken(tenant_id, sending)
        if request is None:
            raise _taken_over()
        refund_requests.begin_attempt(request, utc_now())
        return replace(sending, key=request.stripe_key, until=request.next_attempt_at, look_up=False)


def _taken_over() -> IdempotencyInProgress:
    return IdempotencyInProgress("Another process is making this refund.", retry_after=5)


def _still_taken(tenant_id: int, sending: RefundAttempt) -> RefundRequest | None:
    """The request, locked, unless it was answered or taken over meanwhile."""
    request = refund_requests.lock(tenant_id, sending.request_id)
    return request if request.is_under_way and request.attempts == sending.attempts else None


@retried
def _reschedule(tenant_id: int, sending: RefundAttempt, *, is_unknown: bool, reason: str) -> None:
    now = utc_now()
    with atomic(tenant_id):
        request = _still_taken(tenant_id, sending)
        if request is None:
            return
        refund_requests.reschedule(request, now + retry_delay(request.attempts), is_unknown=is_unknown)
        log.warning(
            "refund_put_off", order_number=sending.order_number, attempts=request.attempts, reason=reason
        )
        if now - request.created_at > ALARMING_AFTER:
            alerts.raise_alert(
                tenant_id, kind=AlertKind.REFUND_NOT_SENT, subject=sending.order_number, amount=request.amount
            )


@retried
def _record_refusal(
    tenant_id: int, sending: RefundAttempt, error: stripe_client.StripeRefused, *, is_awaited: bool
) -> None:
    with atomic(tenant_id):
        order = orders.lock_order(tenant_id, sending.order_id)
        request = _still_taken(tenant_id, sending)
        if request is None:
            return
        refund_requests.mark_refused(request, code=error.code, message=error.message)
        # Our books said that it can be refunded: something is missing in them.
        order_polls.schedule_at_once(order, utc_now())
        audit.record(
            tenant_id,
            actor="stripe",
            action="refund_refused",
            subject=f"order:{order.id}",
            amount=request.amount,
            code=error.code,
        )
        if not is_awaited or request.origin is not RefundOrigin.REQUESTED:
            # Nobody is there to read the refusal, and the buyer's money is still here.
            alerts.raise_alert(
                tenant_id,
                kind=AlertKind.REFUND_REFUSED,
                subject=order.order_number,
                amount=request.amount,
                code=error.code,
            )


@retried
def _record(tenant_id: int, sending: RefundAttempt, facts: RefundFacts, *, actor: str) -> RefundResult:
    """Note the refund as if its event had come, and settle; true whoever has the request by now."""
    with atomic(tenant_id):
        order = orders.lock_order(tenant_id, sending.order_id)
        request = refund_requests.lock(tenant_id, sending.request_id)
        was_under_review = order.review_reason is not None
        refunds.record_refund(order, replace(facts, request_id=str(request.id)))
        settle_order(order, actor=actor)
        log.info("refund_made", order_number=order.order_number, status=str(facts.status))
        if was_under_review and order.review_reason is None:
            alerts.resolve(tenant_id, kind=AlertKind.PAYMENT_MISMATCH, subject=order.order_number)
        _resolve_alerts(order, request)
        made = made_of(order, request)
        assert made is not None  # noqa: S101 - recorded just above
        return made


def _resolve_alerts(order: Order, request: RefundRequest) -> None:
    """Close what was said about refunds of this order, as far as it is not so any more."""
    payment = order.find_payment(request.stripe_payment_intent_id)
    if not any(known.is_under_way for known in order.refund_requests):
        alerts.resolve(order.tenant_id, kind=AlertKind.REFUND_NOT_SENT, subject=order.order_number)
    if payment is not None and refund_requests.refundable_amount(order, payment) == 0:
        alerts.resolve(order.tenant_id, kind=AlertKind.REFUND_REFUSED, subject=order.order_number)
