"""Sends pending messages: claimed in one transaction, sent outside any, marked in another."""

import traceback
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy import text

from lumira.clock import utc_now
from lumira.database import atomic, db, retried
from lumira.domain import messages
from lumira.domain.retries import retry_delay
from lumira.models import (
    AlertKind,
    Customer,
    Language,
    MessageStatus,
    Order,
    OutboxMessage,
    Receipt,
)
from lumira.notifications import (
    attachments,
    buyer_messages,  # noqa: F401 - importing the composers registers them
    delivery,
    emails,
    link_messages,  # noqa: F401 - see above
    team_messages,  # noqa: F401 - see above
)
from lumira.notifications.addresses import Undeliverable
from lumira.notifications.composers import MessageContext, get_composer
from lumira.notifications.draft import Draft
from lumira.repositories import alerts, customers, orders, outbox, tenants

log = structlog.get_logger()


def relay(tenant_id: int, *, is_stopping: Callable[[], bool] = lambda: False) -> int:
    """Send every message of the tenant that is due; return how many were processed.

    Once `is_stopping` returns true, no further message is begun.
    """
    with atomic(tenant_id):
        # Waits for transactions that relied on this job being enqueued already (see `lumira_enqueue_job`).
        db.session.execute(
            text("SELECT pg_advisory_xact_lock(hashtext('relay_outbox'), :tenant_id)"),
            {"tenant_id": tenant_id},
        )
    processed = 0
    while not is_stopping() and relay_next(tenant_id):
        processed += 1
    return processed


def relay_next(tenant_id: int) -> bool:
    """Send the message that is due longest; `False` if none is due."""
    with atomic(tenant_id):
        message = outbox.claim_next(tenant_id)
        claim = None if message is None else (message.id, message.next_attempt_at)
    if claim is None:
        return False
    message_id, lease = claim
    with structlog.contextvars.bound_contextvars(message_id=str(message_id)):
        try:
            status = _send(tenant_id, message_id, lease)
        except Undeliverable as error:
            # The reason is stored in the row and not logged: it quotes an e-mail address.
            log.warning("message_undeliverable")
            _give_up(tenant_id, message_id, str(error))
        except Exception:
            # One message that fails must not stop the others.
            log.exception("message_not_sent")
            _record_failure(tenant_id, message_id, traceback.format_exc())
        else:
            if status is not None:
                _mark(tenant_id, message_id, status)
    return True


def _send(tenant_id: int, message_id: UUID, lease: datetime) -> MessageStatus | None:
    """Compose and send one claimed message; `None` if another worker has claimed it meanwhile."""
    draft, receipt = _compose(tenant_id, message_id)
    if draft is None:
        return MessageStatus.SUPERSEDED
    email = emails.build(draft, attachments.render_receipt(receipt, locale=str(draft.language)))
    if not _renew(tenant_id, message_id, lease):
        # Rendering the PDF took longer than the lease: only the worker that holds the message sends it.
        log.warning("message_lease_lost")
        return None
    delivery.deliver(email, name=str(message_id))
    return MessageStatus.SENT


@retried
def _compose(tenant_id: int, message_id: UUID) -> tuple[Draft | None, Receipt | None]:
    """Compose the message from its order's current state, `None` if it is superseded; and find its receipt."""
    with atomic(tenant_id):
        message = outbox.lock(tenant_id, message_id)
        order = orders.lock_order(tenant_id, message.order_id)
        structlog.contextvars.bind_contextvars(order_number=order.order_number)
        customer = _find_customer(order)
        language = _language(customer, message)
        context = MessageContext(tenants.get(tenant_id), order, message, customer, language)
        draft = get_composer(message.kind)(context)
        return draft, None if draft is None else attachments.find_receipt(order, message)


def _renew(tenant_id: int, message_id: UUID, lease: datetime) -> bool:
    with atomic(tenant_id):
        return outbox.renew(tenant_id, message_id, lease)


def _find_customer(order: Order) -> Customer | None:
    """Return the customer that the order belongs to now; `None` if no e-mail address is known."""
    if order.customer_id is None:
        return None
    return customers.get_current(order.tenant_id, str(order.customer_id))


def _language(customer: Customer | None, message: OutboxMessage) -> Language:
    """Return the recipient's language: the buyer's, or the team's."""
    if customer is None or messages.is_for_team(message.kind):
        return Language.FRENCH
    return Language.of(customer.locale)


def _mark(tenant_id: int, message_id: UUID, status: MessageStatus) -> None:
    with atomic(tenant_id):
        message = outbox.lock(tenant_id, message_id)
        if message.status is MessageStatus.SENT:
            # Another worker sent it after this worker's lease ended: a sent message stays sent.
            return
        message.status = status
        message.last_error = None
        if status is MessageStatus.SENT:
            message.sent_at = utc_now()
        log.info("message_done", kind=str(message.kind), status=str(status))


def _record_failure(tenant_id: int, message_id: UUID, trace: str) -> None:
    with atomic(tenant_id):
        message = outbox.lock(tenant_id, message_id)
        if message.status is not MessageStatus.PENDING:
            return
        message.last_error = _storable(trace)
        now = utc_now()
        if messages.is_given_up(attempts=message.attempts, age=now - message.created_at):
            _mark_dead(message, reason="not_sent")
        else:
            message.next_attempt_at = now + retry_delay(message.attempts)


def _give_up(tenant_id: int, message_id: UUID, reason: str) -> None:
    """Mark an undeliverable message as dead at once: a day of further attempts would only delay the alert."""
    with atomic(tenant_id):
        message = outbox.lock(tenant_id, message_id)
        if message.status is MessageStatus.PENDING:
            message.last_error = _storable(reason)
            _mark_dead(message, reason="undeliverable")


def _mark_dead(message: OutboxMessage, *, reason: str) -> None:
    message.status = MessageStatus.DEAD
    alerts.raise_alert(
        message.tenant_id,
        kind=AlertKind.MESSAGE_DEAD,
        subject=str(message.id),
        message=str(message.kind),
        reason=reason,
    )


def _storable(error: str) -> str:
    # A traceback may quote the message, and PostgreSQL's text cannot contain NUL.
    return error.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
