"""Messages owed: written with the change that owes them, sent afterwards."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select, text

from lumira.clock import utc_now
from lumira.database import db
from lumira.models import MessageKind, MessageStatus, Order, OutboxMessage

#: How long a message belongs to the process that took it: longer than any sending may take.
LEASE = timedelta(seconds=25)
#: A message that could not be sent in a day is a person's to look at.
GIVE_UP_AFTER = timedelta(hours=24)


def owe(order: Order, kind: MessageKind, subject: str = "") -> bool:
    """Owe the buyer one message about `subject`; `False` if it was owed already."""
    if any(known.kind is kind and known.subject == subject for known in order.messages):
        return False
    order.messages.append(OutboxMessage(kind=kind, subject=subject))
    return True


def wake(tenant_id: int) -> None:
    """Let a worker send what is owed; the last statement of its transaction, for the lock that it takes."""
    db.session.flush()
    db.session.execute(text("SELECT lumira_wake('relay_outbox', :tenant_id)"), {"tenant_id": tenant_id})


def take_next(tenant_id: int) -> OutboxMessage | None:
    """The message that is due longest, leased to the caller, or `None`.

    After a crash between sending and marking it falls due again when the lease ends.
    """
    now = utc_now()
    message = db.session.execute(
        select(OutboxMessage)
        .where(
            OutboxMessage.tenant_id == tenant_id,
            OutboxMessage.status == MessageStatus.PENDING,
            OutboxMessage.next_try_at <= now,
        )
        .order_by(OutboxMessage.next_try_at, OutboxMessage.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).scalar_one_or_none()
    if message is not None:
        message.tries += 1
        message.next_try_at = now + LEASE
    return message


def lock(tenant_id: int, message_id: UUID) -> OutboxMessage:
    """One message, locked until the transaction ends."""
    return db.session.execute(
        select(OutboxMessage)
        .where(OutboxMessage.tenant_id == tenant_id, OutboxMessage.id == message_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar_one()


def retry_delay(tries: int) -> timedelta:
    """How long to wait after so many tries: half a minute, doubling, an hour at most."""
    doublings = min(tries - 1, 10)
    return min(timedelta(seconds=30 * 2**doublings), timedelta(hours=1))
