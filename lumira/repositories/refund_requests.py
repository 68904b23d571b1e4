"""Refunds that we ask Stripe for: decided and frozen here, sent between two transactions."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from lumira.clock import utc_now
from lumira.database import db
from lumira.models import Dispute, Order, Payment, Refund, RefundOrigin, RefundRequest, RequestState
from lumira.models.columns import uuid7

#: The name under which a refund at Stripe says which of our decisions it carries out.
METADATA_KEY = "refundRequest"
#: How long a request belongs to the process that asks for it: longer than every retry of one call to Stripe,
#: and no longer than the lease of an idempotency key, so that who takes over the key may go on at once.
LEASE = timedelta(seconds=90)
#: Stripe's word for a decision of ours, where it has one.
_STRIPE_REASONS = {RefundOrigin.DUPLICATE_PAYMENT: "duplicate"}


def freeze(
    order: Order, payment: Payment, *, amount: int, origin: RefundOrigin, reason: str | None = None
) -> RefundRequest:
    """Decide a refund of a part of one payment, whole and final; it may be sent at once, by any process."""
    identifier, now = uuid7(), utc_now()
    parameters: dict[str, Any] = {
        "payment_intent": payment.stripe_payment_intent_id,
        "amount": amount,
        "metadata": {"orderNumber": order.order_number, METADATA_KEY: str(identifier)},
    }
    if reason is not None:
        parameters["reason"] = reason
    request = RefundRequest(
        id=identifier,
        stripe_payment_intent_id=payment.stripe_payment_intent_id,
        amount=amount,
        origin=origin,
        parameters=parameters,
        attempt=1,
        stripe_key=_key(identifier, 1),
        keyed_at=now,
        state=RequestState.FROZEN,
        attempts=0,
        next_attempt_at=now,
        created_at=now,
    )
    order.refund_requests.append(request)
    return request


def _key(request_id: UUID, attempt: int) -> str:
    return f"lumira-refund-{request_id}-{attempt}"


def decide(order: Order, payment: Payment, *, origin: RefundOrigin) -> bool:
    """Decide, once, that all of a payment goes back by itself; `False` if that was decided or nothing is left."""
    if any(
        request.stripe_payment_intent_id == payment.stripe_payment_intent_id
        and request.origin is not RefundOrigin.REQUESTED
        for request in order.refund_requests
    ):
        return False
    amount = refundable_amount(order, payment)
    if amount <= 0:
        return False
    freeze(order, payment, amount=amount, origin=origin, reason=_STRIPE_REASONS.get(origin))
    return True


def refundable_amount(order: Order, payment: Payment) -> int:
    """Minor units of one payment that can still be refunded: what is asked for already is not.

    What Stripe told of the charge and no known refund explains may be what we are asking for just now, so it
    is not counted twice; should it be another refund, Stripe refuses what goes beyond the charge.
    """
    if not payment.has_succeeded:
        return 0
    own = [refund for refund in order.refunds if _is_of(refund, payment, order)]
    live = sum(refund.amount for refund in own if refund.is_live)
    dead = sum(refund.amount for refund in own if not refund.is_live)
    asked = sum(request.amount for request in under_way(order, payment))
    gone = max(live + asked, _told(order, payment, own) - dead)
    return max(payment.amount_received - gone, 0)


def under_way(order: Order, payment: Payment) -> list[RefundRequest]:
    """The requests about one payment that Stripe has not answered yet."""
    return [
        request
        for request in order.refund_requests
        if request.stripe_payment_intent_id == payment.stripe_payment_intent_id and request.is_under_way
    ]


def _told(order: Order, payment: Payment, own: list[Refund]) -> int:
    """How much of the payment's charge Stripe said was refunded."""
    names = {payment.stripe_charge_id, *(refund.stripe_charge_id for refund in own)}
    return sum(
        charge.amount_refunded - charge.uncaptured
        for charge in order.charges
        if charge.stripe_charge_id in names or _is_only(payment, order)
    )


def _is_of(refund: Refund, payment: Payment, order: Order) -> bool:
    if refund.stripe_payment_intent_id is not None:
        return refund.stripe_payment_intent_id == payment.stripe_payment_intent_id
    return refund.stripe_charge_id == payment.stripe_charge_id or _is_only(payment, order)


def is_disputed(order: Order, payment: Payment) -> bool:
    """Whether a bank holds the payment's money while a dispute about it is open; a bank that asks holds none."""
    return any(
        dispute.status.is_open and _may_be_about(dispute, payment, order) for dispute in order.disputes
    )


def _may_be_about(dispute: Dispute, payment: Payment, order: Order) -> bool:
    known = (dispute.stripe_charge_id, payment.stripe_charge_id)
    return None in known or known[0] == known[1] or _is_only(payment, order)


def _is_only(payment: Payment, order: Order) -> bool:
    """Whether whatever went back, or is disputed, can only be of this payment."""
    return [known for known in order.payments if known.has_succeeded] == [payment]


def take(request: RefundRequest, now: datetime) -> None:
    """Let the request belong to the caller for a while; should it die, others have their turn then."""
    request.attempts += 1
    request.leased_until = request.next_attempt_at = now + LEASE


def claim_due(tenant_id: int, now: datetime) -> RefundRequest | None:
    """The request that is due longest, taken, or `None`. Waits for no lock."""
    request = db.session.execute(
        select(RefundRequest)
        .where(
            RefundRequest.tenant_id == tenant_id,
            RefundRequest.state.in_((RequestState.FROZEN, RequestState.UNKNOWN)),
            RefundRequest.next_attempt_at <= now,
        )
        .order_by(RefundRequest.next_attempt_at, RefundRequest.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).scalar_one_or_none()
    if request is not None:
        take(request, now)
    return request


def lock(tenant_id: int, request_id: UUID) -> RefundRequest:
    """One request, locked until the transaction ends; after its order, where both are."""
    return db.session.execute(
        select(RefundRequest)
        .where(RefundRequest.tenant_id == tenant_id, RefundRequest.id == request_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar_one()


def begin_attempt(request: RefundRequest, now: datetime) -> None:
    """Ask anew, under a new key: Stripe was looked through and has made nothing of the attempts before."""
    request.attempt += 1
    request.stripe_key = _key(request.id, request.attempt)
    request.keyed_at = now
    request.state = RequestState.FROZEN
    request.leased_until = request.next_attempt_at = now + LEASE


def reschedule(request: RefundRequest, until: datetime, *, is_unknown: bool) -> None:
    """Try again then: Stripe was not reached, or failed on its side and would repeat that for a day."""
    if is_unknown:
        request.state = RequestState.UNKNOWN
    request.leased_until = None
    request.next_attempt_at = until


def mark_refused(request: RefundRequest, *, code: str, message: str) -> None:
    """Stripe said no for good."""
    request.state = RequestState.REFUSED
    request.refusal = {"code": code, "message": message}
    request.responded_at = utc_now()
    request.leased_until = None
