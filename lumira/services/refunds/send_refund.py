"""Sends one refund request to Stripe, between two transactions, and records the response.

Every process that sends it, also after a crash, sends the same parameters under the same idempotency key, so
that Stripe creates one refund. If the outcome of an attempt is unknown, Stripe may still create the refund hours
later: the payment's refunds are looked up before each further attempt, and the key stays the same as long as Stripe
stores it.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog

from lumira.clients import stripe_client
from lumira.clock import utc_now
from lumira.database import atomic, retried
from lumira.domain import refund_requests, refunds
from lumira.domain.refunds import RefundFacts
from lumira.domain.retries import retry_delay
from lumira.domain.stripe import metadata as stripe_metadata
from lumira.domain.stripe.objects import MalformedObject, read_metadata, read_refund
from lumira.domain.stripe.requests import is_key_stale
from lumira.errors.orders import NotRefundable
from lumira.errors.stripe import (
    StripeConfigError,
    StripePermissionMissing,
    StripeUnavailable,
)
from lumira.models import AlertKind, Order, RefundRequest, RequestState
from lumira.repositories.alerts import alerts
from lumira.repositories.audit import audit
from lumira.repositories.orders import order_polls, orders
from lumira.repositories.orders.refund_requests import lock_request
from lumira.repositories.tenants.stripe_accounts import StripeAccount
from lumira.services.leased_requests import check_account, leased_by_another, require_lease
from lumira.settlement.settle_order import settle_order

log = structlog.get_logger()

#: A refund that could not be sent for this long raises an alert; attempts continue.
ALERT_AFTER = timedelta(hours=24)
_SUBJECT = "refund"


@dataclass(frozen=True, slots=True)
class RefundAttempt:
    """One attempt to send a leased refund request: ids and values, no rows."""

    request_id: UUID
    order_id: UUID
    order_number: str
    livemode: bool
    payment_intent_id: str
    parameters: dict[str, Any]
    key: str
    #: The number of the lease: a process with a later one owns the request.
    attempts: int
    #: When the lease ends, and another process may send the request.
    leased_until: datetime
    #: Whether Stripe may have created the refund without returning it to a repeated call.
    needs_lookup: bool
    #: Whether Stripe may have forgotten the key, so that the request is sent under a new one.
    is_key_stale: bool

    @property
    def is_first(self) -> bool:
        """Whether the request was never sent before, so that a refused call proves that no refund exists."""
        return self.attempts == 1


@dataclass(frozen=True, slots=True)
class RefundResult:
    """A refund as Stripe created it, and its order after it. Amounts in minor units."""

    refund_id: str
    amount: int
    status: str
    order_status: str
    refunded_amount: int


def attempt_of(order: Order, request: RefundRequest) -> RefundAttempt:
    """Return the attempt for a request that the caller has just leased."""
    is_stale = is_key_stale(request.keyed_at, utc_now())
    return RefundAttempt(
        request_id=request.id,
        order_id=order.id,
        order_number=order.order_number,
        livemode=order.livemode,
        payment_intent_id=request.stripe_payment_intent_id,
        parameters=request.parameters,
        key=request.stripe_key,
        attempts=request.attempts,
        leased_until=request.next_attempt_at,
        needs_lookup=is_stale or request.state is RequestState.UNKNOWN,
        is_key_stale=is_stale,
    )


def find_result(order: Order, request: RefundRequest) -> RefundResult | None:
    """Return the refund that Stripe created for a request; `None` if none is recorded."""
    for refund in order.refunds:
        if refund.stripe_refund_id == request.stripe_refund_id:
            return RefundResult(
                refund.stripe_refund_id,
                refund.amount,
                str(refund.status),
                str(order.status),
                order.refunded_amount,
            )
    return None


def send_refund(
    tenant_id: int,
    account: StripeAccount | None,
    attempt: RefundAttempt,
    *,
    actor: str,
    is_awaited: bool = False,
) -> RefundResult:
    """Send a leased refund request to Stripe and return the refund.

    `is_awaited` if a caller gets the error. `NotRefundable` if Stripe refuses; `StripeUnavailable` if the request stays
    due; `IdempotencyInProgress` if another process has leased it. `StripeConfigError` if the key does not allow the
    call: its message says whether the request is dropped, because it never reached Stripe, or stays due.
    """
    try:
        facts = _call_stripe(
            tenant_id, check_account(account, livemode=attempt.livemode, subject="payment"), attempt
        )
    except stripe_client.StripeRefused as error:
        _record_refusal(tenant_id, attempt, error.code, error.message, is_awaited=is_awaited)
        raise NotRefundable(
            f"Stripe refuses the refund ({error.code}): {error.message}", stripe_code=error.code
        ) from error
    except StripeConfigError as error:
        _record_config_error(tenant_id, attempt, error, is_awaited=is_awaited)
        raise
    except (StripeUnavailable, MalformedObject) as error:
        # After a malformed response, as after none, the refund may exist.
        is_unknown = isinstance(error, (stripe_client.StripeOutcomeUnknown, MalformedObject))
        _reschedule(tenant_id, attempt, is_unknown=is_unknown, reason=type(error).__name__)
        raise StripeUnavailable(
            "Stripe is unavailable. The refund is recorded and will be sent as soon as Stripe responds.",
            retry_after=stripe_client.RETRY_AFTER,
        ) from error
    return _record(tenant_id, attempt, facts, actor=actor)


def _call_stripe(tenant_id: int, account: StripeAccount, attempt: RefundAttempt) -> RefundFacts:
    if attempt.needs_lookup:
        for refund in stripe_client.list_refunds(account, attempt.payment_intent_id):
            if read_metadata(refund).get(stripe_metadata.REFUND_REQUEST) == str(attempt.request_id):
                return read_refund(refund)
        if attempt.is_key_stale:
            attempt = _renew_key(tenant_id, attempt)
    require_lease(attempt.leased_until, _SUBJECT)
    return read_refund(stripe_client.create_refund(account, attempt.parameters, key=attempt.key))


@retried
def _renew_key(tenant_id: int, attempt: RefundAttempt) -> RefundAttempt:
    """The attempt under a new key, unless another process leased the request during the lookup."""
    with atomic(tenant_id):
        request = _lock_leased(tenant_id, attempt)
        if request is None:
            raise leased_by_another(_SUBJECT)
        refund_requests.renew_key(request, utc_now())
        return replace(
            attempt, key=request.stripe_key, leased_until=request.next_attempt_at, needs_lookup=False
        )


def _record_config_error(
    tenant_id: int, attempt: RefundAttempt, error: StripeConfigError, *, is_awaited: bool
) -> None:
    """Drop the request if its caller gets the error and it never reached Stripe; else it stays due.

    A caller who reads that a refund failed makes it in another way: it must not be made later beside that.
    """
    if isinstance(error, StripePermissionMissing):
        with atomic(tenant_id):
            alerts.raise_missing_permission(tenant_id, error)
    if is_awaited and attempt.is_first:
        _record_refusal(tenant_id, attempt, error.code, error.message, is_awaited=True)
        error.add_sentence(
            "The refund was not made and will not be made: request it again with a corrected key."
        )
        return
    _reschedule(tenant_id, attempt, is_unknown=False, reason=type(error).__name__)
    error.add_sentence("The refund is recorded, and will be made once the key is corrected.")


def _lock_leased(tenant_id: int, attempt: RefundAttempt) -> RefundRequest | None:
    """The request, locked; `None` if it was completed or leased by another process meanwhile."""
    request = lock_request(tenant_id, attempt.request_id)
    return request if request.is_under_way and request.attempts == attempt.attempts else None


@retried
def _reschedule(tenant_id: int, attempt: RefundAttempt, *, is_unknown: bool, reason: str) -> None:
    now = utc_now()
    with atomic(tenant_id):
        request = _lock_leased(tenant_id, attempt)
        if request is None:
            return
        next_attempt_at = now + retry_delay(request.attempts)
        refund_requests.reschedule(request, next_attempt_at, is_unknown=is_unknown)
        log.warning(
            "refund_postponed", order_number=attempt.order_number, attempts=request.attempts, reason=reason
        )
        if now - request.created_at > ALERT_AFTER:
            alerts.raise_alert(
                tenant_id,
                kind=AlertKind.REFUND_NOT_SENT,
                subject=attempt.order_number,
                amount=request.amount,
            )


@retried
def _record_refusal(
    tenant_id: int, attempt: RefundAttempt, code: str, message: str, *, is_awaited: bool
) -> None:
    with atomic(tenant_id):
        order = orders.lock_order(tenant_id, attempt.order_id)
        request = _lock_leased(tenant_id, attempt)
        if request is None:
            return
        now = utc_now()
        refund_requests.mark_refused(request, code=code, message=message, now=now)
        # The recorded facts allowed the refund, so some are missing.
        order_polls.schedule_at_once(order, now)
        audit.record(
            tenant_id,
            actor="stripe",
            action="refund_refused",
            subject=f"order:{order.id}",
            amount=request.amount,
            code=code,
        )
        if not is_awaited or request.is_automatic:
            # No caller reads the error, and the buyer is not refunded.
            alerts.raise_alert(
                tenant_id,
                kind=AlertKind.REFUND_REFUSED,
                subject=order.order_number,
                amount=request.amount,
                code=code,
            )


@retried
def _record(tenant_id: int, attempt: RefundAttempt, facts: RefundFacts, *, actor: str) -> RefundResult:
    """Record the refund as its event would be, and settle; correct also if another process leased the request."""
    with atomic(tenant_id):
        order = orders.lock_order(tenant_id, attempt.order_id)
        request = lock_request(tenant_id, attempt.request_id)
        was_under_review = order.review_reason is not None
        refunds.record_refund(order, replace(facts, request_id=str(request.id)), now=utc_now())
        settle_order(order, actor=actor)
        log.info("refund_sent", order_number=order.order_number, status=str(facts.status))
        if was_under_review and order.review_reason is None:
            alerts.resolve(tenant_id, kind=AlertKind.PAYMENT_MISMATCH, subject=order.order_number)
        _resolve_alerts(order, request)
        result = find_result(order, request)
        assert result is not None  # noqa: S101 - recorded just above
        return result


def _resolve_alerts(order: Order, request: RefundRequest) -> None:
    """Resolve the alerts about refunds of this order that no longer apply."""
    payment = order.find_payment(request.stripe_payment_intent_id)
    if not any(request.is_under_way for request in order.refund_requests):
        alerts.resolve(order.tenant_id, kind=AlertKind.REFUND_NOT_SENT, subject=order.order_number)
    if payment is not None and refunds.refundable_amount(order, payment) == 0:
        alerts.resolve(order.tenant_id, kind=AlertKind.REFUND_REFUSED, subject=order.order_number)
