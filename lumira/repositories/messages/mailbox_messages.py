"""The messages of which a mailbox gets one a day: whether it got one, or may still get an older one."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from lumira.clock import utc_now
from lumira.database import db
from lumira.domain import messages
from lumira.models import MessageStatus, Order, OutboxMessage
from lumira.models.customer import mailbox_key


@dataclass(frozen=True, slots=True)
class MailboxMessages:
    """The other messages of one kind to the buyer's mailbox."""

    #: Whether one was sent within `messages.FAILED_PAYMENT_PAUSE`.
    is_notified: bool = False
    #: When the last older one that is pending for another order is attempted next; `None` if none is pending.
    older_due_at: datetime | None = None


def find_others(order: Order, message: OutboxMessage) -> MailboxMessages:
    """Return what the buyer's mailbox got, and may still get, besides this message of its order.

    An older pending message comes first: of several that are composed at the same time, the oldest is sent. It may
    also be superseded or given up, so it only delays this one.
    """
    if order.email_key is None:
        return MailboxMessages()
    # The key is that of the customer's own address, which messages are sent to.
    mailbox = mailbox_key(order.email_key)
    now = utc_now()
    # No message is sent long after it is given up, so older ones need not be read.
    oldest = now - messages.FAILED_PAYMENT_PAUSE - 2 * messages.GIVE_UP_AFTER
    is_older_and_pending = (
        (OutboxMessage.status == MessageStatus.PENDING)
        & (OutboxMessage.id < message.id)
        & (OutboxMessage.order_id != order.id)
    )
    # One query: a message that is sent between two would be missed by both.
    others = (
        select(Order.email_key, OutboxMessage.status, OutboxMessage.next_attempt_at)
        .join(
            OutboxMessage, (OutboxMessage.tenant_id == Order.tenant_id) & (OutboxMessage.order_id == Order.id)
        )
        .where(
            OutboxMessage.tenant_id == order.tenant_id,
            OutboxMessage.kind == message.kind,
            OutboxMessage.created_at > oldest,
            OutboxMessage.id != message.id,
            (OutboxMessage.sent_at > now - messages.FAILED_PAYMENT_PAUSE) | is_older_and_pending,
            # Most others are excluded here; `mailbox_key` decides.
            Order.email_key.startswith(mailbox.rpartition("@")[0], autoescape=True),
        )
    )
    found = [
        (status, next_attempt_at)
        for key, status, next_attempt_at in db.session.execute(others)
        if key is not None and mailbox_key(key) == mailbox
    ]
    pending = [due_at for status, due_at in found if status is MessageStatus.PENDING]
    return MailboxMessages(is_notified=len(pending) < len(found), older_due_at=max(pending, default=None))
