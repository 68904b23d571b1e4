"""Sending what is owed: a message is taken in one transaction, sent in none, marked in another."""

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
from lumira.notifications.composers import Occasion, get_composer
from lumira.notifications.emails import Draft
from lumira.repositories import alerts, orders, outbox, tenants

log = structlog.get_logger()


def relay(tenant_id: int, *, is_stopping: Callable[[], bool] = lambda: False) -> int:
    """Send every message of the tenant that is due; how many there were. Ends after the one in hand when stopping."""
    with atomic(tenant_id):
        # Every message that counted on the running wake-up is committed now (see `lumira_enqueue_job`).
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
        message = outbox.claim_next(tenant_id)
        taken = None if message is None else (message.id, message.next_attempt_at)
    if taken is None:
        return False
    message_id, lease = taken
    with structlog.contextvars.bound_contextvars(message_id=str(message_id)):
        try:
            draft, paper = _compose(tenant_id, message_id)
            if draft is not None:
                letter = emails.write(draft, attachments.draw_paper(paper, locale=str(draft.language)))
                if not _renew(tenant_id, message_id, lease):
                    # Drawing took so long that another worker has the message: of two, one sends it.
                    log.warning("message_taken_by_another")
                    return True
                delivery.deliver(letter, name=str(message_id))
        except Undeliverable as error:
            # Why is kept in the row and not in the log: it quotes an address.
            log.warning("message_undeliverable")
            _give_up(tenant_id, message_id, str(error))
        except Exception:
            # Whatever is wrong with one message, the others still leave.
            log.exception("message_not_sent")
            _record_failure(tenant_id, message_id, traceback.format_exc())
        else:
            _mark(tenant_id, message_id, MessageStatus.SUPERSEDED if draft is None else MessageStatus.SENT)
    return True


@retried
def _compose(tenant_id: int, message_id: UUID) -> tuple[Draft | None, Receipt | None]:
    """What the message says as it is true now, or `None` if it no longer is; and the paper that goes with it."""
    with atomic(tenant_id):
        message = outbox.lock(tenant_id, message_id)
        order = orders.lock_order(tenant_id, message.order_id)
        structlog.contextvars.bind_contextvars(order_number=order.order_number)
        language = _language(order, message)
        draft = get_composer(message.kind)(Occasion(tenants.get(tenant_id), order, message, language))
        return draft, None if draft is None else attachments.find_paper(order, message)


def _renew(tenant_id: int, message_id: UUID, lease: datetime) -> bool:
    with atomic(tenant_id):
        return outbox.renew(tenant_id, message_id, lease)


def _language(order: Order, message: OutboxMessage) -> Language:
    """The reader's: the buyer's, or that of the team."""
    if messages.is_for_team(message.kind) or order.customer_id is None:
        return Language.FRENCH
    customer = db.session.get(Customer, (order.tenant_id, order.customer_id))
    return Language.of(None if customer is None else customer.locale)


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
        message.last_error = _storable(trace)
        now = utc_now()
        if messages.is_given_up(attempts=message.attempts, age=now - message.created_at):
            _bury(message, reason="not_sent")
        else:
            message.next_attempt_at = now + retry_delay(message.attempts)


def _give_up(tenant_id: int, message_id: UUID, reason: str) -> None:
    """A message that can never arrive is a person's to look at now, and not after a day of tries."""
    with atomic(tenant_id):
        message = outbox.lock(tenant_id, message_id)
        if message.status is MessageStatus.PENDING:
            message.last_error = _storable(reason)
            _bury(message, reason="undeliverable")


def _bury(message: OutboxMessage, *, reason: str) -> None:
    message.status = MessageStatus.DEAD
    alerts.raise_alert(
        message.tenant_id,
        kind=AlertKind.MESSAGE_DEAD,
        subject=str(message.id),
        message=str(message.kind),
        reason=reason,
    )


def _storable(error: str) -> str:
    # A traceback may quote what was to be sent, and a text of the database cannot hold NUL.
    return error.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
