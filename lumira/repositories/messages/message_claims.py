"""Claims of pending messages: each is leased to one worker, which sends it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select, update

from lumira.clock import utc_now
from lumira.database import db
from lumira.models import MessageStatus, OutboxMessage

#: The clock of the process that enqueued a message may be ahead of the one that sends it.
_CLOCK_SKEW = timedelta(seconds=3)
#: How long composing a message usually takes at most: afterwards its lease is renewed before it is sent.
_COMPOSING = timedelta(seconds=3)
#: How long a claimed message is reserved for its worker: longer than composing and sending it (`smtp.SEND_TIMEOUT`)
#: take, the difference of two clocks, and marking it.
LEASE = timedelta(seconds=25)
#: How many times more messages are looked at if those that are due first all wait for another one of their order.
_FURTHER = 16


@dataclass(frozen=True, slots=True)
class Claim:
    """A message that the caller alone may send until its lease ends."""

    message_id: UUID
    lease: datetime


def claim_due(tenant_id: int, limit: int) -> list[Claim]:
    """Claim the messages that are due longest, leased to the caller, each of another order.

    The messages of one order are sent one after another, because some depend on whether an earlier one was sent.
    After a crash between sending and marking, a message is due again when its lease ends.
    """
    now = utc_now()
    claimable: list[OutboxMessage] = []
    # Many that are due first may wait for another message of their order.
    for number in (limit, _FURTHER * limit):
        due = _lock_due(tenant_id, now, number)
        claimable = _without_waiting(tenant_id, due, now)[:limit]
        if claimable or len(due) < number:
            break
    for message in claimable:
        message.attempts += 1
        message.next_attempt_at = now + LEASE
    return [Claim(message.id, message.next_attempt_at) for message in claimable]


def _lock_due(tenant_id: int, now: datetime, limit: int) -> Sequence[OutboxMessage]:
    query = (
        select(OutboxMessage)
        .where(
            OutboxMessage.tenant_id == tenant_id,
            OutboxMessage.status == MessageStatus.PENDING,
            OutboxMessage.next_attempt_at <= now + _CLOCK_SKEW,
        )
        .order_by(OutboxMessage.next_attempt_at, OutboxMessage.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return db.session.execute(query).scalars().all()


def _without_waiting(tenant_id: int, due: Sequence[OutboxMessage], now: datetime) -> list[OutboxMessage]:
    """Return those of which no other message of the order is due earlier, or is being sent.

    A condition of the query that finds what is due would read all pending messages each time.
    """
    if not due:
        return []
    others = db.session.execute(
        select(
            OutboxMessage.id,
            OutboxMessage.order_id,
            OutboxMessage.attempts,
            OutboxMessage.next_attempt_at,
        ).where(
            OutboxMessage.tenant_id == tenant_id,
            OutboxMessage.order_id == func.any([message.order_id for message in due]),
            OutboxMessage.status == MessageStatus.PENDING,
        )
    ).all()

    def waits(message: OutboxMessage) -> bool:
        place = (message.next_attempt_at, message.id)
        return any(
            (other.next_attempt_at, other.id) < place
            or (other.attempts > 0 and now + _CLOCK_SKEW < other.next_attempt_at <= now + LEASE)
            for other in others
            if other.order_id == message.order_id and other.id != message.id
        )

    return [message for message in due if not waits(message)]


def covers_sending(lease: datetime, now: datetime) -> bool:
    """Whether a lease that ends at `lease` lasts until a message is sent, also by another process's clock."""
    return lease - now >= LEASE - _COMPOSING


def renew(tenant_id: int, message_id: UUID, lease: datetime) -> datetime | None:
    """Renew the lease that ends at `lease`, and return its new end; `None` if another worker has claimed the message.

    A lease that has ended can be renewed as long as no other worker has claimed the message.
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
        .returning(OutboxMessage.next_attempt_at)
    )
    return renewed.scalar_one_or_none()


def postpone(tenant_id: int, claim: Claim, until: datetime) -> None:
    """End a claim, which then counts as no attempt: the message is due at that time, but not at once.

    Nothing is changed if another worker has claimed the message.
    """
    # What the message waits for may be due itself, and not be claimed yet.
    due_at = max(until, utc_now() + LEASE)
    db.session.execute(
        update(OutboxMessage)
        .where(
            OutboxMessage.tenant_id == tenant_id,
            OutboxMessage.id == claim.message_id,
            OutboxMessage.status == MessageStatus.PENDING,
            OutboxMessage.next_attempt_at == claim.lease,
        )
        .values(next_attempt_at=due_at, attempts=func.greatest(OutboxMessage.attempts - 1, 0))
    )
