"""The outbox: messages enqueued in the transaction of their cause, and sent by a worker afterwards."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import case, func, select, text, update

from lumira.clock import utc_now
from lumira.database import at_the_end, constant, db
from lumira.domain import messages
from lumira.models import AlertKind, MessageKind, MessageStatus, Order, OutboxMessage
from lumira.repositories.alerts import alerts
from lumira.repositories.messages import mailbox_messages
from lumira.repositories.messages.message_claims import LEASE

#: Messages that an operator may retry; a sent message is never sent again.
_RETRIABLE = (MessageStatus.PENDING, MessageStatus.SUPERSEDED, MessageStatus.DEAD)


def enqueue(order: Order, kind: MessageKind, subject: str = "") -> bool:
    """Enqueue one message about `subject`, and the job that sends it; `False` if it was enqueued before.

    A superseded message is enqueued again once its content is true again: whether a message is sent must not
    depend on when a worker looked at it.
    """
    due_at = utc_now() + messages.sending_delay(kind)
    existing = next(
        (message for message in order.messages if message.kind is kind and message.subject == subject), None
    )
    if existing is None:
        order.messages.append(OutboxMessage(kind=kind, subject=subject, next_attempt_at=due_at))
        schedule_relay(order.tenant_id)
        return True
    if existing.status is MessageStatus.SUPERSEDED and _is_needed_again(order, existing):
        existing.status, existing.attempts, existing.next_attempt_at = MessageStatus.PENDING, 0, due_at
        schedule_relay(order.tenant_id)
        return True
    return False


def _is_needed_again(order: Order, message: OutboxMessage) -> bool:
    """Whether a superseded message is to be sent after all; not if it would be superseded for the same reason again."""
    age = utc_now() - message.created_at
    if not messages.is_current(order, message.kind, message.subject) or messages.is_outdated(
        message.kind, age=age
    ):
        return False
    # One that would only be postponed is enqueued again: the older message may be superseded.
    return not (
        messages.is_once_a_day(message.kind) and mailbox_messages.find_others(order, message).is_notified
    )


def send_again(order: Order) -> None:
    """Enqueue again every message to the buyer that is current, because their address changed.

    The caller has made sure that none is being sent. A link that was requested on the portal is not sent again:
    the confirmation contains one.
    """
    now = utc_now()
    due = [
        message
        for message in order.messages
        if not messages.is_for_team(message.kind)
        and message.kind is not MessageKind.ACCESS_LINK
        and messages.is_current(order, message.kind, message.subject)
    ]
    for message in due:
        message.status, message.attempts, message.next_attempt_at = MessageStatus.PENDING, 0, now
        message.sent_at = message.last_error = None
        # The date of the e-mail, and the beginning of the time in which it must be sent.
        message.created_at = now
    alerts.resolve_all(
        order.tenant_id, kind=AlertKind.MESSAGE_DEAD, subjects=[str(message.id) for message in due]
    )
    if due:
        schedule_relay(order.tenant_id)


def send_once_more(message: OutboxMessage) -> None:
    """Make a locked message due now, whatever its status; the caller has made sure that it is not being sent."""
    now = utc_now()
    if message.status is MessageStatus.SENT:
        message.resends += 1
    message.status, message.attempts, message.next_attempt_at = MessageStatus.PENDING, 0, now
    message.sent_at = message.last_error = None
    # The date of the e-mail, and the beginning of the time in which it must be sent.
    message.created_at = now
    schedule_relay(message.tenant_id)


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


def lock(tenant_id: int, message_id: UUID) -> OutboxMessage:
    """Return one message, locked until the transaction ends."""
    return db.session.execute(
        select(OutboxMessage)
        .where(OutboxMessage.tenant_id == tenant_id, OutboxMessage.id == message_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar_one()


def lock_all(tenant_id: int, message_ids: Sequence[UUID]) -> Sequence[OutboxMessage]:
    """Return these messages, locked in the order of their ids until the transaction ends."""
    return (
        db.session.execute(
            select(OutboxMessage)
            .where(OutboxMessage.tenant_id == tenant_id, OutboxMessage.id == func.any(list(message_ids)))
            .order_by(OutboxMessage.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        .scalars()
        .all()
    )


def list_messages(
    tenant_id: int, *, status: MessageStatus | None = None, limit: int = 50
) -> Sequence[tuple[OutboxMessage, str]]:
    """List messages with the numbers of their orders, newest first."""
    query = (
        select(OutboxMessage, Order.order_number)
        .join(Order, (Order.tenant_id == OutboxMessage.tenant_id) & (Order.id == OutboxMessage.order_id))
        .where(OutboxMessage.tenant_id == tenant_id)
        .order_by(OutboxMessage.id.desc())
        .limit(constant(limit))
    )
    if status is not None:
        query = query.where(OutboxMessage.status == constant(status))
    return [(row[0], row[1]) for row in db.session.execute(query)]


def list_enqueued_at(
    tenant_id: int, customer_id: UUID, kind: MessageKind, *, since: datetime
) -> Sequence[datetime]:
    """Return when messages of this kind were enqueued since then, for any order of the customer."""
    query = (
        select(OutboxMessage.created_at)
        .join(Order, (Order.tenant_id == OutboxMessage.tenant_id) & (Order.id == OutboxMessage.order_id))
        .where(
            OutboxMessage.tenant_id == tenant_id,
            Order.customer_id == customer_id,
            OutboxMessage.kind == kind,
            OutboxMessage.created_at > since,
        )
    )
    return db.session.execute(query).scalars().all()


def order_numbers(tenant_id: int, message_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Return the number of the order of each of these messages; no query for no messages."""
    if not message_ids:
        return {}
    query = (
        select(OutboxMessage.id, Order.order_number)
        .join(Order, (Order.tenant_id == OutboxMessage.tenant_id) & (Order.id == OutboxMessage.order_id))
        .where(OutboxMessage.tenant_id == tenant_id, OutboxMessage.id == func.any(list(message_ids)))
    )
    return {row.id: row.order_number for row in db.session.execute(query)}


def find(tenant_id: int, message_id: UUID) -> OutboxMessage | None:
    """Return the tenant's message with this id, or `None`."""
    return db.session.get(OutboxMessage, (tenant_id, message_id))


def list_dead_ids(tenant_id: int) -> list[UUID]:
    """List the ids of all messages that were given up, oldest first."""
    return list(
        db.session.execute(
            select(OutboxMessage.id)
            .where(OutboxMessage.tenant_id == tenant_id, OutboxMessage.status == constant(MessageStatus.DEAD))
            .order_by(OutboxMessage.id)
        ).scalars()
    )


def retry(tenant_id: int, message_ids: Sequence[UUID]) -> int:
    """Make these messages due at once, enqueue a job, and return how many there were.

    Sent messages are left unchanged. A message that a worker may be sending now becomes due when its lease ends.
    """
    now = utc_now()
    may_be_leased = (OutboxMessage.status == MessageStatus.PENDING) & (
        OutboxMessage.next_attempt_at <= now + LEASE
    )
    result = db.session.execute(
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
    count = len(result.all())
    if count:
        schedule_relay(tenant_id)
    return count
