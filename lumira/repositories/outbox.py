"""Messages owed: written with the change that owes them, sent afterwards."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import SystemRandom
from typing import assert_never
from uuid import UUID

from sqlalchemy import case, select, text, update

from lumira.clock import utc_now
from lumira.database import at_the_end, db
from lumira.models import MessageKind, MessageStatus, Order, OrderStatus, OutboxMessage

#: How long a message belongs to the process that took it, and again from the moment at which all of it is ready
#: to leave: longer than any sending may take.
LEASE = timedelta(seconds=25)
#: A message that could not be sent in a day is a person's to look at: so old and, because a day without any
#: worker is nobody's failure to send, tried as often as it is in a day.
GIVE_UP_AFTER = timedelta(hours=24)
GIVE_UP_TRIES = 28
#: How long after its cause a message leaves, where that is not at once: who mistyped a card's number tries again, and
#: a letter about each try would come after they have paid; so would one for every card that somebody tests.
_REST = {MessageKind.PAYMENT_FAILED: timedelta(minutes=2)}
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=30), timedelta(hours=1)
#: Part of a pause by which it may be longer or shorter, so that what failed together does not return together.
_JITTER = 0.2
#: The clock of the process that owed a message may be ahead of the one that sends it.
_CLOCKS_DIFFER = timedelta(seconds=3)
_dice = SystemRandom()
#: Before the id of a dispute in the subject of the message about its time as a bank's question.
INQUIRY = "inquiry:"
#: What may be sent once more when a person says so; what was sent is sent.
_RETRIABLE = (MessageStatus.PENDING, MessageStatus.SUPERSEDED, MessageStatus.DEAD)


def enqueue(order: Order, kind: MessageKind, subject: str = "") -> bool:
    """Enqueue one message about `subject`, and the job that sends it; `False` if it was enqueued before.

    A superseded message, which was not true when its turn came, is enqueued again once it is true again: whether
    a message is sent must not depend on when a worker looked.
    """
    due_at = utc_now() + _REST.get(kind, timedelta())
    known = next((each for each in order.messages if each.kind is kind and each.subject == subject), None)
    if known is None:
        order.messages.append(OutboxMessage(kind=kind, subject=subject, next_attempt_at=due_at))
        schedule_relay(order.tenant_id)
        return True
    if known.status is MessageStatus.SUPERSEDED and is_true(order, kind, subject):
        known.status, known.attempts, known.next_attempt_at = MessageStatus.PENDING, 0, due_at
        schedule_relay(order.tenant_id)
        return True
    return False


def is_true(order: Order, kind: MessageKind, subject: str) -> bool:
    """Whether the message says what is so now, on a settled order."""
    match kind:
        case MessageKind.ORDER_CONFIRMATION:
            return order.status in (OrderStatus.COMPLETED, OrderStatus.PARTIALLY_REFUNDED)
        case MessageKind.PAYMENT_FAILED:
            # Of several failed tries the last is what the buyer has to know of.
            return order.status is OrderStatus.FAILED and order.declines[-1].subject == subject
        case MessageKind.ORDER_REFUNDED:
            is_paid = any(payment.has_succeeded for payment in order.payments)
            return is_paid and any(
                known.stripe_refund_id == subject and known.is_live for known in order.refunds
            )
        case MessageKind.ACCESS_READY:
            return any(grant.is_live for grant in order.grants)
        case MessageKind.DELIVERABLE_READY:
            # What was made is its buyer's until it is revoked, also after the time of what came with it.
            opened = {grant.order_line_id for grant in order.grants if grant.active}
            return any(
                subject == str(promise.id)
                for line in order.lines
                if line.id in opened
                for promise in line.promises
            )
        case MessageKind.DISPUTE_ALERT:
            # A question is not told any more once it has become a dispute: of that there is another message.
            return any(
                known.stripe_dispute_id == subject.removeprefix(INQUIRY)
                and (known.status.is_inquiry or not subject.startswith(INQUIRY))
                for known in order.disputes
            )
        case MessageKind.ACCESS_LINK:
            return True
        case _:
            assert_never(kind)


def schedule_relay(tenant_id: int) -> None:
    """Enqueue the job that sends pending messages: once, at the end of the transaction, for the lock that it takes."""
    at_the_end(_enqueue_relay_job, tenant_id)


def _enqueue_relay_job(tenant_ids: Sequence[int]) -> None:
    # A transaction writes the rows of one tenant, so every collected id is the same.
    tenant_id = tenant_ids[0]
    db.session.flush()
    db.session.execute(
        text("SELECT lumira_enqueue_job('relay_outbox', :tenant_id)"), {"tenant_id": tenant_id}
    )


def claim_next(tenant_id: int) -> OutboxMessage | None:
    """The message that is due longest, leased to the caller, or `None`.

    After a crash between sending and marking it falls due again when the lease ends.
    """
    now = utc_now()
    message = db.session.execute(
        select(OutboxMessage)
        .where(
            OutboxMessage.tenant_id == tenant_id,
            OutboxMessage.status == MessageStatus.PENDING,
            OutboxMessage.next_attempt_at <= now + _CLOCKS_DIFFER,
        )
        .order_by(OutboxMessage.next_attempt_at, OutboxMessage.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).scalar_one_or_none()
    if message is not None:
        message.attempts += 1
        message.next_attempt_at = now + LEASE
    return message


def renew(tenant_id: int, message_id: UUID, lease: datetime) -> bool:
    """Begin the lease that ends at `lease` anew; `False` if the message belongs to somebody else by now.

    A lease that is over but that nobody has taken since is still its holder's.
    """
    renewed = db.session.execute(
        update(OutboxMessage)
        .where(
            OutboxMessage.tenant_id == tenant_id,
            OutboxMessage.id == message_id,
            OutboxMessage.status == MessageStatus.PENDING,
            OutboxMessage.next_attempt_at == lease,
        )
        .values(next_attempt_at=utc_now() + LEASE)
        .returning(OutboxMessage.id)
    )
    return renewed.one_or_none() is not None


def lock(tenant_id: int, message_id: UUID) -> OutboxMessage:
    """One message, locked until the transaction ends."""
    return db.session.execute(
        select(OutboxMessage)
        .where(OutboxMessage.tenant_id == tenant_id, OutboxMessage.id == message_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar_one()


def retry_delay(attempts: int) -> timedelta:
    """How long to wait after so many tries: half a minute, doubling, an hour at most, give or take a fifth."""
    doublings = min(max(attempts, 1) - 1, 10)
    return min(_FIRST_PAUSE * (1 << doublings), _LONGEST_PAUSE) * _dice.uniform(1 - _JITTER, 1 + _JITTER)


def is_hopeless(message: OutboxMessage, now: datetime) -> bool:
    """Whether the message is given up after the try that just failed."""
    return message.attempts >= GIVE_UP_TRIES and now - message.created_at > GIVE_UP_AFTER


def list_messages(
    tenant_id: int, *, status: MessageStatus | None = None, limit: int = 50
) -> Sequence[tuple[OutboxMessage, str]]:
    """Messages and the numbers of their orders, newest first."""
    query = (
        select(OutboxMessage, Order.order_number)
        .join(Order, (Order.tenant_id == OutboxMessage.tenant_id) & (Order.id == OutboxMessage.order_id))
        .where(OutboxMessage.tenant_id == tenant_id)
        .order_by(OutboxMessage.id.desc())
        .limit(limit)
    )
    if status is not None:
        query = query.where(OutboxMessage.status == status)
    return [(row[0], row[1]) for row in db.session.execute(query)]


def find(tenant_id: int, message_id: UUID) -> OutboxMessage | None:
    """The tenant's message with this id."""
    return db.session.get(OutboxMessage, (tenant_id, message_id))


def ids_of_dead(tenant_id: int) -> list[UUID]:
    """Ids of all messages that were given up, oldest first."""
    return list(
        db.session.execute(
            select(OutboxMessage.id)
            .where(OutboxMessage.tenant_id == tenant_id, OutboxMessage.status == MessageStatus.DEAD)
            .order_by(OutboxMessage.id)
        ).scalars()
    )


def retry(tenant_id: int, message_ids: Sequence[UUID]) -> int:
    """Let these messages be tried anew at once, and wake a worker; how many there were.

    What was sent is left alone, and so is what a worker may be sending now: that is due by itself when the
    worker's lease ends.
    """
    now = utc_now()
    may_be_leased = (OutboxMessage.status == MessageStatus.PENDING) & (
        OutboxMessage.next_attempt_at <= now + LEASE
    )
    retried = db.session.execute(
        update(OutboxMessage)
        .where(
            OutboxMessage.tenant_id == tenant_id,
            OutboxMessage.id.in_(message_ids),
            OutboxMessage.status.in_(_RETRIABLE),
        )
        .values(
            status=MessageStatus.PENDING,
            attempts=0,
            next_attempt_at=case((may_be_leased, OutboxMessage.next_attempt_at), else_=now),
        )
        .returning(OutboxMessage.id)
        .execution_options(synchronize_session=False)
    )
    found = len(retried.all())
    if found:
        schedule_relay(tenant_id)
    return found
