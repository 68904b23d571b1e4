"""Rules about the messages of an order: which are current, whom they are for, when they are sent and given up."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import assert_never

from lumira.domain import order_status, withdrawal
from lumira.models import MessageKind, MessageStatus, Order, OrderStatus, OutboxMessage

#: A message is given up after a day, and only after the number of attempts that a day has: time during which no
#: worker ran does not count as failed attempts.
GIVE_UP_AFTER = timedelta(hours=24)
GIVE_UP_ATTEMPTS = 28
#: Buyers who mistype a card number usually pay within a minute: an e-mail about each declined attempt would
#: arrive after they have paid.
_DELAYS = {MessageKind.PAYMENT_FAILED: timedelta(minutes=2)}
#: Anyone can open a payment with another person's e-mail address and let it fail: a mailbox gets one message of each
#: kind about it a day, whatever the number of orders.
FAILED_PAYMENT_PAUSE = timedelta(hours=24)
_ONCE_A_DAY = (MessageKind.PAYMENT_FAILED, MessageKind.TRANSFER_NOT_RECEIVED)
#: Between two links to one buyer: a second request within this time is an accident.
_LINK_INTERVAL = timedelta(minutes=10)
#: A visitor who knows an old link or an order must not be able to flood its owner's mailbox.
_LINKS_PER_DAY = 4
#: Stands before the id of a dispute in the subject of the message about its inquiry.
_INQUIRY_PREFIX = "inquiry:"


def inquiry_subject(stripe_dispute_id: str) -> str:
    """Return the subject of the message about a bank's inquiry; a dispute that follows has its own subject."""
    return f"{_INQUIRY_PREFIX}{stripe_dispute_id}"


def is_about_inquiry(subject: str) -> bool:
    """Whether a dispute message with this subject is about an inquiry."""
    return subject.startswith(_INQUIRY_PREFIX)


def dispute_id_of(subject: str) -> str:
    """Return the Stripe id of the dispute that a dispute message is about."""
    return subject.removeprefix(_INQUIRY_PREFIX)


def is_for_team(kind: MessageKind) -> bool:
    """Whether messages of this kind are sent to the merchant's team; all others are sent to the buyer."""
    return kind is MessageKind.DISPUTE_ALERT


def sending_delay(kind: MessageKind) -> timedelta:
    """Return how long after its cause a message is sent."""
    return _DELAYS.get(kind, timedelta())


def may_send_link(sent_today: Sequence[datetime], now: datetime) -> bool:
    """Whether a buyer who got links of one kind at these times of the last day gets another one."""
    return len(sent_today) < _LINKS_PER_DAY and all(at <= now - _LINK_INTERVAL for at in sent_today)


def is_being_sent(message: OutboxMessage, now: datetime, lease: timedelta) -> bool:
    """Whether a worker may be sending the message now; `lease` is how long it may hold the message."""
    is_leased = message.attempts > 0 and message.next_attempt_at <= now + lease
    return message.status is MessageStatus.PENDING and is_leased and message.next_attempt_at > now


def is_given_up(*, attempts: int, age: timedelta) -> bool:
    """Whether no further attempt is made for a message of this age after this many failed attempts."""
    return attempts >= GIVE_UP_ATTEMPTS and age > GIVE_UP_AFTER


def is_once_a_day(kind: MessageKind) -> bool:
    """Whether a mailbox gets one message of this kind within `FAILED_PAYMENT_PAUSE`, whatever its orders."""
    return kind in _ONCE_A_DAY


def is_outdated(kind: MessageKind, *, age: timedelta) -> bool:
    """Whether a superseded message of this age is not enqueued again, even if its content is true again."""
    return is_once_a_day(kind) and age > FAILED_PAYMENT_PAUSE


def is_current(order: Order, kind: MessageKind, subject: str) -> bool:
    """Whether the content of the message is true of the settled order now; a message that is not is superseded."""
    match kind:
        case MessageKind.ORDER_CONFIRMATION:
            return order.status in order_status.ENTITLED and not withdrawal.is_whole_order_withdrawn(order)
        case MessageKind.PAYMENT_FAILED:
            # Only the last of several declined attempts matters to the buyer.
            return order.status is OrderStatus.FAILED and order.declines[-1].subject == subject
        case MessageKind.TRANSFER_NOT_RECEIVED:
            return order.status is OrderStatus.CANCELLED
        case MessageKind.ORDER_REFUNDED | MessageKind.REFUND_FAILED:
            return _is_refund_current(order, kind, subject)
        case MessageKind.ACCESS_READY:
            return any(grant.is_live for grant in order.grants)
        case MessageKind.DELIVERABLE_READY:
            return _is_deliverable_accessible(order, subject)
        case MessageKind.DISPUTE_ALERT:
            return _is_dispute_current(order, subject)
        case MessageKind.ACCESS_LINK | MessageKind.WITHDRAWAL_LINK | MessageKind.WITHDRAWAL_ACKNOWLEDGED:
            return True
        case MessageKind.WITHDRAWAL_REFUSED | MessageKind.ORDER_SHIPPED:
            return subject in _refused_withdrawals(order) | _sent_shipments(order)
        case _:
            assert_never(kind)


def _refused_withdrawals(order: Order) -> set[str]:
    return {str(withdrawn.id) for withdrawn in order.withdrawals if withdrawn.is_refused}


def _sent_shipments(order: Order) -> set[str]:
    return {str(shipment.id) for shipment in order.shipments if shipment.is_sent}


def _is_refund_current(order: Order, kind: MessageKind, stripe_refund_id: str) -> bool:
    is_live = _is_refund_live(order, stripe_refund_id)
    if kind is MessageKind.ORDER_REFUNDED:
        return is_live
    return _was_announced(order, stripe_refund_id) and not is_live


def _is_refund_live(order: Order, stripe_refund_id: str) -> bool:
    return any(payment.has_succeeded for payment in order.payments) and any(
        refund.stripe_refund_id == stripe_refund_id and refund.is_live for refund in order.refunds
    )


def _was_announced(order: Order, stripe_refund_id: str) -> bool:
    """Whether the message about the refund was sent, or may have been: there is nothing to correct otherwise."""
    return any(
        message.kind is MessageKind.ORDER_REFUNDED
        and message.subject == stripe_refund_id
        and (
            message.status is MessageStatus.SENT
            or (message.status is MessageStatus.PENDING and message.attempts > 0)
        )
        for message in order.messages
    )


def _is_deliverable_accessible(order: Order, promise_id: str) -> bool:
    # A deliverable stays accessible after timed access has expired, until access is revoked: `active`, not `is_live`.
    active_line_ids = {grant.order_line_id for grant in order.grants if grant.active}
    return any(
        promise_id == str(promise.id)
        for line in order.lines
        if line.id in active_line_ids
        for promise in line.promises
    )


def _is_dispute_current(order: Order, subject: str) -> bool:
    # An inquiry that has become a dispute is superseded by the message about the dispute.
    return any(
        dispute.stripe_dispute_id == dispute_id_of(subject)
        and (dispute.status.is_inquiry or not is_about_inquiry(subject))
        for dispute in order.disputes
    )
