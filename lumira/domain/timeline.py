"""The timeline of an order, derived from its rows: it has no table of its own."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from lumira.models import (
    Dispute,
    EventStatus,
    FraudWarning,
    MessageStatus,
    Order,
    OutboxMessage,
    Payment,
    PaymentState,
    Refund,
    RefundStatus,
    RequestState,
    ReviewReason,
)

#: The order of entries with the same time: that in which one follows from the other.
_ORDER = (
    "opened",
    "payment_refused",
    "payment_created",
    "declined",
    "paid",
    "canceled",
    "webhook",
    "review",
    "released",
    "shipped",
    "delivered",
    "shipment_cancelled",
    "withdrawal_requested",
    "withdrawal_accepted",
    "withdrawal_refused",
    "returned",
    "fraud_warning",
    "fraud_warning_dismissed",
    "refund_requested",
    "refund_refused",
    "refund_created",
    "disputed",
    "completed",
    "granted",
    "revoked",
    "expired",
    "message_enqueued",
    "message_sent",
)
_RANK = {what: rank for rank, what in enumerate(_ORDER)}

#: Stripe's times have whole seconds, so that the true time may be this much later.
_STRIPE_PRECISION = timedelta(seconds=1)

_REFUND_ENDED = (RefundStatus.SUCCEEDED, RefundStatus.FAILED, RefundStatus.CANCELED)


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One entry: its time in UTC, what happened, and the reason or id that explains it, if there is one."""

    at: datetime
    what: str
    why: str | None = None


@dataclass(frozen=True, slots=True)
class OrderEvent:
    """One webhook event of an order, as far as the timeline shows it."""

    type: str
    received_at: datetime
    status: EventStatus
    #: Why it was not processed, if it was not.
    reason: str | None = None
    #: Stripe's id.
    id: str = ""

    @property
    def description(self) -> str:
        """Its type, and its status unless it was processed."""
        if self.status is EventStatus.PROCESSED:
            return self.type
        return f"{self.type} ({self.status}{f': {self.reason}' if self.reason else ''})"


def timeline(order: Order, events: Sequence[OrderEvent]) -> list[TimelineEntry]:
    """Return the timeline of a loaded order, oldest first; makes no query."""
    entries = [TimelineEntry(order.created_at, "opened"), *_requests(order), *_payments(order)]
    entries += [TimelineEntry(event.received_at, "webhook", event.description) for event in events]
    entries += [*_decisions(order), *_withdrawals(order), *_parcels(order), *_grants(order)]
    for message in order.messages:
        entries += _message(message)
    entries += _refund_requests(order)
    for refund in order.refunds:
        entries += _refund(refund)
    for dispute in order.disputes:
        entries += _dispute(dispute)
    for warning in order.fraud_warnings:
        entries += _fraud_warning(warning)
    # Sorting is stable: equals stay as their rows were ordered.
    return sorted(entries, key=lambda entry: (entry.at, _RANK.get(entry.what, len(_RANK))))


def _requests(order: Order) -> Iterator[TimelineEntry]:
    for request in order.requests:
        if request.state is RequestState.REFUSED and request.responded_at is not None:
            yield TimelineEntry(request.responded_at, "payment_refused", (request.refusal or {}).get("code"))


def _payments(order: Order) -> Iterator[TimelineEntry]:
    for payment in order.payments:
        yield TimelineEntry(payment.created_at, "payment_created", payment.stripe_payment_intent_id)
        if payment.succeeded_at is not None:
            yield TimelineEntry(_paid_at(order, payment, payment.succeeded_at), "paid")
        if payment.state is PaymentState.CANCELED and payment.canceled_at is not None:
            yield TimelineEntry(payment.canceled_at, "canceled")
    for decline in order.declines:
        yield TimelineEntry(decline.recorded_at, "declined", decline.decline_code or decline.code)


def _paid_at(order: Order, payment: Payment, succeeded_at: datetime) -> datetime:
    """When the payment succeeded, but not before a decline in the same second of Stripe's clock.

    No attempt follows a success, so a decline that was recorded within that second came first.
    """
    return max(
        [succeeded_at]
        + [
            decline.recorded_at
            for decline in order.declines
            if decline.payment_id == payment.id and decline.recorded_at - succeeded_at < _STRIPE_PRECISION
        ]
    )


def _decisions(order: Order) -> Iterator[TimelineEntry]:
    if order.review_reason is not None or order.review_released_at is not None:
        yield from _review(order)
    if order.review_released_at is not None:
        yield TimelineEntry(order.review_released_at, "released")
    if order.completed_at is not None:
        yield TimelineEntry(order.completed_at, "completed")


def _review(order: Order) -> Iterable[TimelineEntry]:
    """The mismatch that put the order under review; the order no longer has its reason once it is released."""
    for payment in order.payments:
        if payment.succeeded_at is None:
            continue
        reason = order.review_reason or (
            ReviewReason.CURRENCY_MISMATCH
            if payment.currency != order.currency
            else ReviewReason.AMOUNT_MISMATCH
        )
        return [TimelineEntry(payment.succeeded_at, "review", str(reason))]
    return []


def _withdrawals(order: Order) -> Iterator[TimelineEntry]:
    for withdrawal in order.withdrawals:
        yield TimelineEntry(withdrawal.requested_at, "withdrawal_requested", str(withdrawal.via))
        if withdrawal.decided_at is not None:
            yield TimelineEntry(withdrawal.decided_at, f"withdrawal_{withdrawal.decision}")


def _parcels(order: Order) -> Iterator[TimelineEntry]:
    for shipment in order.shipments:
        number = shipment.tracking_number
        yield TimelineEntry(shipment.shipped_at, "shipped", number)
        if shipment.delivered_at is not None:
            yield TimelineEntry(shipment.delivered_at, "delivered", number)
        if shipment.cancelled_at is not None:
            yield TimelineEntry(shipment.cancelled_at, "shipment_cancelled", number)
    for goods_return in order.returns:
        yield TimelineEntry(goods_return.received_at, "returned")


def _grants(order: Order) -> Iterator[TimelineEntry]:
    for grant in order.grants:
        # The reason of a revoked grant is that of the revocation.
        granted = str(grant.product_id) if grant.revoked_at else f"{grant.product_id}: {grant.reason}"
        if grant.granted_at != grant.revoked_at:
            yield TimelineEntry(grant.granted_at, "granted", granted)
        if grant.revoked_at is not None:
            yield TimelineEntry(grant.revoked_at, "revoked", f"{grant.product_id}: {grant.reason}")
        if grant.is_expired and grant.expires_at is not None:
            yield TimelineEntry(grant.expires_at, "expired", grant.product_id)


def _message(message: OutboxMessage) -> Iterator[TimelineEntry]:
    yield TimelineEntry(message.created_at, "message_enqueued", str(message.kind))
    if message.sent_at is not None:
        yield TimelineEntry(message.sent_at, "message_sent", str(message.kind))
    elif message.status is not MessageStatus.PENDING:
        yield TimelineEntry(message.updated_at, f"message_{message.status}", str(message.kind))


def _refund_requests(order: Order) -> Iterator[TimelineEntry]:
    for request in order.refund_requests:
        why = str(request.origin) if request.is_automatic else request.parameters.get("reason")
        yield TimelineEntry(request.created_at, "refund_requested", why)
        if request.state is RequestState.REFUSED and request.responded_at is not None:
            yield TimelineEntry(request.responded_at, "refund_refused", (request.refusal or {}).get("code"))


def _refund(refund: Refund) -> Iterator[TimelineEntry]:
    yield TimelineEntry(refund.created_at, "refund_created", refund.stripe_refund_id)
    if refund.status in _REFUND_ENDED:
        yield TimelineEntry(refund.updated_at, f"refund_{refund.status}", refund.stripe_refund_id)


def _dispute(dispute: Dispute) -> Iterator[TimelineEntry]:
    yield TimelineEntry(dispute.created_at, "disputed", dispute.reason)
    if dispute.status.is_decided:
        yield TimelineEntry(dispute.updated_at, f"dispute_{dispute.status}", dispute.stripe_dispute_id)


def _fraud_warning(warning: FraudWarning) -> Iterator[TimelineEntry]:
    yield TimelineEntry(warning.created_at, "fraud_warning", warning.fraud_type)
    if warning.dismissed_at is not None:
        yield TimelineEntry(warning.dismissed_at, "fraud_warning_dismissed", warning.stripe_fraud_warning_id)
