"""An operator sends a message of an order again."""

from uuid import UUID

from lumira.clock import utc_now
from lumira.database import atomic, retried
from lumira.domain import messages
from lumira.errors import NotFound
from lumira.errors.orders import BuyerUnknown, MessageBeingSent, MessageOutdated
from lumira.models import AlertKind, MessageStatus, Order, OutboxMessage
from lumira.repositories.alerts import alerts
from lumira.repositories.audit import audit
from lumira.repositories.messages import message_claims, outbox
from lumira.repositories.orders import orders


@retried
def resend_message(tenant_id: int, order_id: UUID, message_id: UUID, *, actor: str) -> OutboxMessage:
    """Make a message of the order due now, also if it was sent; returns it.

    Its row is used again, so that nothing automatic is enqueued twice; one that was sent gets another `Message-ID`,
    because mail servers discard a second message with the same one. Raises `OrderNotFound`, `NotFound`,
    `MessageOutdated`, `MessageBeingSent`, and `BuyerUnknown`.
    """
    with atomic(tenant_id):
        order = orders.lock_order(tenant_id, order_id)
        message = next((message for message in order.messages if message.id == message_id), None)
        if message is None:
            raise NotFound(f"The order {order.order_number} has no such message.")
        message = outbox.lock(tenant_id, message.id)
        _check_sendable(order, message)
        outbox.send_once_more(message)
        alerts.resolve(tenant_id, kind=AlertKind.MESSAGE_DEAD, subject=str(message.id))
        audit.record(
            tenant_id,
            actor=actor,
            action="message_resent",
            subject=f"order:{order.id}",
            message=str(message.kind),
        )
        return message


def _check_sendable(order: Order, message: OutboxMessage) -> None:
    if messages.is_being_sent(message, utc_now(), message_claims.LEASE):
        raise MessageBeingSent("The message is being sent: look again in half a minute.")
    if not messages.is_for_team(message.kind) and order.customer_email is None:
        raise BuyerUnknown(f"The order {order.order_number} has no e-mail address: set one first.")
    if not messages.is_current(order, message.kind, message.subject):
        raise MessageOutdated("The message is no longer true of the order, and is not sent.")
    if message.status is MessageStatus.SENT and messages.is_once_a_day(message.kind):
        raise MessageOutdated("A buyer gets one message of this kind a day: it is not sent again.")
