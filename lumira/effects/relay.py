"""Sending what is owed: a message is taken in one transaction, sent in none, marked in another."""

import traceback
from collections.abc import Callable
from email.message import EmailMessage
from uuid import UUID

import structlog
from sqlalchemy import text

from lumira.clock import utc_now
from lumira.database import atomic, db
from lumira.effects import (
    buyer_messages,  # noqa: F401 - importing the composers registers them
    delivery,
    team_messages,  # noqa: F401 - see above
)
from lumira.effects.registry import get_composer
from lumira.models import MessageStatus
from lumira.services import alerts, orders, outbox, tenants

log = structlog.get_logger()


def relay(tenant_id: int, *, is_stopping: Callable[[], bool] = lambda: False) -> int:
    """Send every message of the tenant that is due; how many there were. Ends after the one in hand when stopping."""
    with atomic(tenant_id):
        # Every message that counted on the running wake-up is committed now (see `lumira_wake`).
        db.session.execute(
            text("SELECT pg_advisory_xact_lock(hashtext('relay_outbox'), :tenant_id)"),
            {"tenant_id": tenant_id},
        )
    taken = 0
    while not is_stopping() and relay_next(tenant_id):
        taken += 1
    return taken


def relay_next(tenant_id: int) -> bool:
    """Send the message that is due longest; `False` if there is none."""
    with atomic(tenant_id):
        message = outbox.take_next(tenant_id)
        message_id = None if message is None else message.id
    if message_id is None:
        return False
    with structlog.contextvars.bound_contextvars(message_id=str(message_id)):
        try:
            letter = _compose(tenant_id, message_id)
            if letter is not None:
                delivery.deliver(letter, name=str(message_id))
        except Exception:
            # Whatever is wrong with one message, the others still leave.
            log.exception("message_not_sent")
            _record_failure(tenant_id, message_id, traceback.format_exc())
        else:
            _mark(tenant_id, message_id, MessageStatus.SUPERSEDED if letter is None else MessageStatus.SENT)
    return True


def _compose(tenant_id: int, message_id: UUID) -> EmailMessage | None:
    """The message as it is true now, or `None` if it no longer is."""
    with atomic(tenant_id):
        message = outbox.lock(tenant_id, message_id)
        order = orders.lock_order(tenant_id, message.order_id)
        structlog.contextvars.bind_contextvars(order_number=order.order_number)
        return get_composer(message.kind)(tenants.get(tenant_id), order, message)


def _mark(tenant_id: int, message_id: UUID, status: MessageStatus) -> None:
    with atomic(tenant_id):
        message = outbox.lock(tenant_id, message_id)
        if message.status is MessageStatus.SENT:
            # Another worker sent it after our lease ended: what is said is said.
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
        # A traceback may quote what was to be sent, and a text of the database cannot hold NUL.
        message.last_error = trace.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
        now = utc_now()
        if outbox.is_hopeless(message, now):
            message.status = MessageStatus.DEAD
            alerts.raise_alert(
                tenant_id, kind="message_dead", subject=str(message_id), message=str(message.kind)
            )
        else:
            message.next_try_at = now + outbox.retry_delay(message.tries)
