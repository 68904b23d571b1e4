"""What an order waits for, and what repairs it: one rule for the API, the command line and the dashboard."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from lumira.domain import fraud_warnings, order_status, payments, withdrawal
from lumira.domain.order_status import payable_payments
from lumira.domain.withdrawal_period import refund_due_at
from lumira.models import (
    Alert,
    AlertKind,
    EventStatus,
    MessageStatus,
    Order,
    OrderStatus,
    ReviewReason,
)

#: An event or a request that is younger than this is being processed: nothing has to be repaired.
_SHORTLY = timedelta(minutes=1)


class WaitReason(StrEnum):
    """Why an order is not completed, or what of a completed order is outstanding."""

    AMOUNT_MISMATCH = "amount_mismatch"
    CURRENCY_MISMATCH = "currency_mismatch"
    SOLD_OUT = "sold_out"
    EVENT_FAILED = "event_failed"
    EVENT_WAITING = "event_waiting"
    STRIPE_KEY_REFUSED = "stripe_key_refused"
    STRIPE_UNAVAILABLE = "stripe_unavailable"
    PAYMENT_MISSING = "payment_missing"
    OVERDUE = "overdue"
    NO_RESPONSE = "no_response"
    PAYMENT_AWAITED = "payment_awaited"
    RESERVATION_ENDED = "reservation_ended"
    ACTION_REQUIRED = "action_required"
    DEBIT_PROCESSING = "debit_processing"
    TRANSFER_AWAITED = "transfer_awaited"
    TRANSFER_INCOMPLETE = "transfer_incomplete"
    DECLINED = "declined"
    REQUEST_REFUSED = "request_refused"
    CANCELLED = "cancelled"
    TEST_SALE_ENDED = "test_sale_ended"
    DISPUTED = "disputed"
    FRAUD_WARNING = "fraud_warning"
    WITHDRAWN = "withdrawn"
    INQUIRY = "inquiry"
    REFUND_REFUSED = "refund_refused"
    REFUND_FAILED = "refund_failed"
    REFUND_PENDING = "refund_pending"
    STOCK_MISSING = "stock_missing"
    NO_RECIPIENT = "no_recipient"
    MESSAGE_DEAD = "message_dead"
    MESSAGE_DELAYED = "message_delayed"
    ACCESS_REVOKED = "access_revoked"


class Repair(StrEnum):
    """What an operator can do about it."""

    ASK_STRIPE = "ask_stripe"
    REPLAY_EVENT = "replay_event"
    RELEASE = "release"
    REFUND = "refund"
    RESEND = "resend"
    SET_ADDRESS = "set_address"
    RESTORE_ACCESS = "restore_access"
    DECIDE_WITHDRAWAL = "decide_withdrawal"
    CANCEL = "cancel"
    #: The tenant's Stripe key has to be replaced.
    CHANGE_KEY = "change_key"
    #: To the bank, on the page of the dispute; there is no command.
    RESPOND_TO_DISPUTE = "respond_to_dispute"


@dataclass(frozen=True, slots=True)
class StuckEvent:
    """An event about the order that is not processed: received, parked or failed."""

    stripe_event_id: str
    type: str
    status: EventStatus
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known besides the order: events that are not processed, and open alerts.

    The alerts are those about the order or its objects at Stripe, and those about the tenant's connection to Stripe.
    """

    now: datetime
    events: Sequence[StuckEvent] = field(default=())
    alerts: Sequence[Alert] = field(default=())

    def has_alert(self, kind: AlertKind) -> bool:
        """Whether an alert of this kind is open."""
        return any(alert.kind is kind for alert in self.alerts)


@dataclass(frozen=True, slots=True)
class Waiting:
    """What an order waits for. `subject` is the id that the repair needs, `code` Stripe's own word for the cause."""

    reason: WaitReason
    repair: Repair | None = None
    #: When it ends at the latest by itself, or when an operator has to have responded.
    until: datetime | None = None
    subject: str | None = None
    code: str | None = None


def waiting_for(order: Order, known: Surroundings) -> Waiting | None:
    """Return why the order is not completed, or what of a completed one is outstanding; `None` if nothing is.

    Of several causes the one that has to be repaired first. Makes no query and changes nothing.
    """
    if order.test_ended_at is not None:
        return Waiting(WaitReason.TEST_SALE_ENDED)
    causes = _when_fulfilled if order_status.is_fulfilled(order) else _when_unfulfilled
    return next(causes(order, known), None)


def _when_unfulfilled(order: Order, known: Surroundings) -> Iterator[Waiting]:
    yield from _withdrawals(order)
    if order.review_reason is not None:
        is_amount = order.review_reason is ReviewReason.AMOUNT_MISMATCH
        reason = WaitReason.AMOUNT_MISMATCH if is_amount else WaitReason.CURRENCY_MISMATCH
        yield Waiting(reason, Repair.RELEASE)
    yield from _refunds(order, known)
    if order.sold_out_at is not None and order.status in order_status.OPEN:
        yield Waiting(WaitReason.SOLD_OUT)
    yield from _failed_events(known)
    if order_status.is_open(order):
        yield from _obstacles(order, known)
        yield from _payment(order, known.now)
    if order.status is OrderStatus.CANCELLED:
        may_be_paid = order_status.may_still_be_paid(order)
        yield Waiting(WaitReason.CANCELLED, Repair.ASK_STRIPE if may_be_paid else None)


def _when_fulfilled(order: Order, known: Surroundings) -> Iterator[Waiting]:
    yield from _disputes(order)
    yield from _withdrawals(order)
    yield from _refunds(order, known)
    for warning in fraud_warnings.open_warnings(order):
        yield Waiting(WaitReason.FRAUD_WARNING, Repair.REFUND, subject=warning.stripe_fraud_warning_id)
    if known.has_alert(AlertKind.STOCK_MISSING):
        yield Waiting(WaitReason.STOCK_MISSING, Repair.REFUND)
    if order_status.lacks_recipient(order, order.status):
        yield Waiting(WaitReason.NO_RECIPIENT, Repair.SET_ADDRESS)
    if order_status.is_paid_after_erasure(order) and order.status in order_status.ENTITLED:
        yield Waiting(WaitReason.NO_RECIPIENT, Repair.REFUND)
    yield from _failed_events(known)
    yield from _messages(order)
    if order.status in order_status.ENTITLED:
        for grant in order.grants:
            if grant.operator_revoked_at is not None and not grant.active:
                yield Waiting(WaitReason.ACCESS_REVOKED, Repair.RESTORE_ACCESS, subject=grant.product_id)


def _failed_events(known: Surroundings) -> Iterator[Waiting]:
    """An event that was given up is never processed unless it is replayed."""
    for event in known.events:
        if event.status is EventStatus.FAILED:
            yield Waiting(
                WaitReason.EVENT_FAILED, Repair.REPLAY_EVENT, subject=event.stripe_event_id, code=event.type
            )


def _obstacles(order: Order, known: Surroundings) -> Iterator[Waiting]:
    """What keeps a payment that was made from being known here."""
    if known.has_alert(AlertKind.STRIPE_KEY_REFUSED):
        yield Waiting(WaitReason.STRIPE_KEY_REFUSED, Repair.CHANGE_KEY)
    if known.has_alert(AlertKind.PAYMENT_MISSING_AT_STRIPE):
        yield Waiting(WaitReason.PAYMENT_MISSING, Repair.CHANGE_KEY)
    for event in known.events:
        if event.status is not EventStatus.FAILED and known.now - event.received_at > _SHORTLY:
            # Its payment is looked up, also while no worker runs.
            yield Waiting(
                WaitReason.EVENT_WAITING,
                Repair.ASK_STRIPE,
                subject=event.stripe_event_id,
                code=event.type,
            )
    if known.has_alert(AlertKind.STRIPE_UNAVAILABLE):
        yield Waiting(WaitReason.STRIPE_UNAVAILABLE, Repair.ASK_STRIPE)
    if order_status.is_overdue(order, known.now):
        yield Waiting(WaitReason.OVERDUE, Repair.CANCEL)


def _payment(order: Order, now: datetime) -> Iterator[Waiting]:
    """What the payment of an open order waits for."""
    payable = payable_payments(order)
    if any(payments.is_partly_funded(payment) for payment in payable):
        yield Waiting(WaitReason.TRANSFER_INCOMPLETE, Repair.CANCEL)
    if any(payments.waits_for_transfer(order, payment) for payment in payable):
        yield Waiting(WaitReason.TRANSFER_AWAITED, Repair.ASK_STRIPE, until=order.reserved_until)
    if order.charge_due_at is not None:
        yield Waiting(WaitReason.DEBIT_PROCESSING, Repair.ASK_STRIPE, until=order.charge_due_at)
    if order.status is OrderStatus.PROCESSING:
        yield Waiting(WaitReason.ACTION_REQUIRED, Repair.ASK_STRIPE, until=order.reserved_until)
    if order.status is OrderStatus.FAILED:
        yield _failure(order)
    newest = order.requests[-1] if order.requests else None
    if order_status.may_be_orphaned(order) and newest and now - (newest.created_at or now) > _SHORTLY:
        yield Waiting(WaitReason.NO_RESPONSE, Repair.ASK_STRIPE)
    if order.reserved_until is not None and order.reserved_until <= now:
        yield Waiting(WaitReason.RESERVATION_ENDED, Repair.ASK_STRIPE)
    yield Waiting(WaitReason.PAYMENT_AWAITED, Repair.ASK_STRIPE, until=order.reserved_until)


def _failure(order: Order) -> Waiting:
    if order.declines:
        decline = order.declines[-1]
        return Waiting(
            WaitReason.DECLINED,
            Repair.ASK_STRIPE,
            until=order.reserved_until,
            code=decline.decline_code or decline.code,
        )
    refusal = order.requests[-1].refusal if order.requests else None
    if refusal:
        return Waiting(WaitReason.REQUEST_REFUSED, code=refusal.get("code"))
    return Waiting(WaitReason.DECLINED, Repair.ASK_STRIPE, until=order.reserved_until)


def _disputes(order: Order) -> Iterator[Waiting]:
    for dispute in order.disputes:
        if not dispute.status.is_decided:
            reason = WaitReason.INQUIRY if dispute.status.is_inquiry else WaitReason.DISPUTED
            yield Waiting(
                reason, Repair.RESPOND_TO_DISPUTE, until=dispute.due_at, subject=dispute.stripe_dispute_id
            )


def _withdrawals(order: Order) -> Iterator[Waiting]:
    for each in withdrawal.waiting(order):
        yield Waiting(WaitReason.WITHDRAWN, Repair.DECIDE_WITHDRAWAL, until=refund_due_at(each.requested_at))


def _refunds(order: Order, known: Surroundings) -> Iterator[Waiting]:
    """A refund that is decided and not made: the buyer waits for money."""
    for alert in known.alerts:
        if alert.kind is AlertKind.REFUND_REFUSED:
            yield Waiting(WaitReason.REFUND_REFUSED, Repair.REFUND, code=alert.details.get("code"))
        if alert.kind is AlertKind.REFUND_FAILED:
            yield Waiting(WaitReason.REFUND_FAILED, Repair.REFUND, subject=alert.subject)
    is_requested = any(request.is_under_way for request in order.refund_requests)
    if is_requested or any(refund.is_pending for refund in order.refunds):
        yield Waiting(WaitReason.REFUND_PENDING, Repair.ASK_STRIPE)


def _messages(order: Order) -> Iterator[Waiting]:
    for message in order.messages:
        if message.status is MessageStatus.DEAD:
            yield Waiting(
                WaitReason.MESSAGE_DEAD, Repair.RESEND, subject=str(message.id), code=str(message.kind)
            )
    for message in order.messages:
        if message.status is MessageStatus.PENDING and message.last_error is not None:
            yield Waiting(
                WaitReason.MESSAGE_DELAYED, Repair.RESEND, subject=str(message.id), code=str(message.kind)
            )
