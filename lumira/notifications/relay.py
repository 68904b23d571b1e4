"""Sends pending messages: claimed and composed in transactions, sent outside any, each marked in another.

One thread claims, composes and marks the messages of a tenant. Others render their receipts and wait for the mail
server, so that several messages are sent at a time, and a sent message is marked at once.
"""

import threading
import time
import traceback
from collections.abc import Callable, Collection
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from functools import partial
from types import TracebackType
from typing import Any, Self
from uuid import UUID

import structlog
from sqlalchemy import text

from lumira import metrics
from lumira.clock import utc_now
from lumira.database import atomic, db
from lumira.database_failures import retry_while_lost
from lumira.domain import messages
from lumira.domain.retries import retry_delay
from lumira.models import AlertKind, MessageStatus, OutboxMessage, Receipt
from lumira.notifications import attachments, compose, delivery, emails
from lumira.notifications.addresses import Undeliverable
from lumira.notifications.draft import Draft, Postponed
from lumira.repositories.alerts import alerts
from lumira.repositories.messages import message_claims, outbox
from lumira.webhooks import process

log = structlog.get_logger()

#: Messages of one tenant that are sent at a time, each over a connection of its own.
AT_A_TIME = 8
#: Seconds after each message in the first minutes of a backlog of events, in all of which messages are sent one at a
#: time: a message takes the processor eight times as long as an order.
_PAUSE, _PAUSES_FOR = 0.25, 120.0
#: Seconds after which further messages are looked for while the mail server does not reply.
_LOOK_EVERY = 2.0
#: Seconds between attempts to mark a sent message while the database restarts or fails over: less than its lease.
_MARK_PAUSES = (0.5, 1.5, 3.0, 5.0)
#: Wait for the mail server; a worker process sends the messages of two tenants at a time (`tasks.queue`).
_senders = ThreadPoolExecutor(2 * AT_A_TIME, thread_name_prefix="mail")
#: Building e-mails uses the processor: one at a time, so that settling gets its share.
_building = threading.Lock()


@dataclass(slots=True)
class _Outgoing:
    """A message that is being sent."""

    id: UUID
    order_number: str
    lease: datetime
    draft: Draft
    receipt: Receipt | None
    email: EmailMessage | None = None


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
    with _Sending(tenant_id) as sending:
        while True:
            begun = 0 if is_stopping() else sending.begin()
            if sending.in_flight:
                sending.finish(timeout=_LOOK_EVERY)
            elif not begun:
                return sending.processed
            if process.has_recent_backlog(_PAUSES_FOR):
                time.sleep(_PAUSE)


class _Sending:
    """The messages of one tenant that are being sent."""

    def __init__(self, tenant_id: int) -> None:
        self._tenant_id = tenant_id
        self.in_flight: dict[Future[bool], _Outgoing] = {}
        self.processed = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # After an error too: a message that is accepted and not marked would be sent again.
        while self.in_flight:
            for future in self._wait(None):
                message_id = self.in_flight[future].id
                try:
                    # Alone: one that cannot be recorded must not stop the others.
                    self._record_results([future])
                except Exception:
                    self.in_flight.pop(future, None)
                    log.exception("message_not_recorded", message_id=str(message_id))

    def begin(self) -> int:
        """Claim as many due messages as may be in flight, begin to send them, and return how many there were."""
        # Paid orders first: a message takes the processor much longer than an order that is settled.
        at_a_time = 1 if process.has_backlog() else AT_A_TIME
        free = at_a_time - len(self.in_flight)
        if free <= 0:
            return 0
        with atomic(self._tenant_id):
            claims = message_claims.claim_due(self._tenant_id, free)
        self.processed += len(claims)
        for claim, composed in compose.compose_all(self._tenant_id, claims):
            if isinstance(composed, Exception):
                with structlog.contextvars.bound_contextvars(message_id=str(claim.message_id)):
                    self._record(claim.message_id, composed)
            elif composed.draft is None:
                _mark(self._tenant_id, {claim.message_id: composed.order_number}, MessageStatus.SUPERSEDED)
            elif isinstance(composed.draft, Postponed):
                with atomic(self._tenant_id):
                    message_claims.postpone(self._tenant_id, claim, composed.draft.until)
            else:
                self._submit(
                    _Outgoing(
                        claim.message_id,
                        composed.order_number,
                        claim.lease,
                        composed.draft,
                        composed.receipt,
                    )
                )
        return len(claims)

    def _submit(self, outgoing: _Outgoing) -> None:
        with _bound(outgoing.id, outgoing.order_number):
            context = structlog.contextvars.get_contextvars()
        # The log's context alone: in that of the application, the thread could use this thread's session.
        self.in_flight[_senders.submit(_send, outgoing, context)] = outgoing

    def finish(self, *, timeout: float | None) -> None:
        """Wait until a message is sent or has failed, and record that."""
        self._record_results(self._wait(timeout))

    def _wait(self, timeout: float | None) -> set[Future[bool]]:
        return wait(self.in_flight, timeout, return_when=FIRST_COMPLETED).done

    def _record_results(self, done: Collection[Future[bool]]) -> None:
        """Record what became of these messages. After an error, those that were not recorded are still in flight."""
        sent = {
            self.in_flight[future].id: self.in_flight[future].order_number
            for future in done
            if future.exception() is None and future.result()
        }
        if sent:
            mark = partial(_mark, self._tenant_id, sent, MessageStatus.SENT)
            retry_while_lost(mark, pauses=_MARK_PAUSES)
        for future in done:
            outgoing = self.in_flight.pop(future)
            with _bound(outgoing.id, outgoing.order_number):
                error = future.exception()
                if error is not None:
                    self._record(outgoing.id, error)
                elif not future.result():
                    self._renew(outgoing)

    def _renew(self, outgoing: _Outgoing) -> None:
        """Send a message that took long to build, if this worker still holds it."""
        with atomic(self._tenant_id):
            lease = message_claims.renew(self._tenant_id, outgoing.id, outgoing.lease)
        if lease is None:
            log.warning("message_lease_lost")
            return
        outgoing.lease = lease
        self._submit(outgoing)

    def _record(self, message_id: UUID, error: BaseException) -> None:
        """Record why a message was not sent. One message that fails must not stop the others."""
        if isinstance(error, Undeliverable):
            # The reason is stored in the row and not logged: it quotes an e-mail address.
            log.warning("message_undeliverable")
            _give_up(self._tenant_id, message_id, str(error))
        else:
            log.error("message_not_sent", exc_info=error)
            _record_failure(self._tenant_id, message_id, "".join(traceback.format_exception(error)))


def _send(outgoing: _Outgoing, context: dict[str, Any]) -> bool:
    """Build and send one message; `False` if its lease may end before it is sent."""
    with structlog.contextvars.bound_contextvars(**context):
        if outgoing.email is None:
            receipt = attachments.render_receipt(outgoing.receipt, locale=str(outgoing.draft.language))
            with _building:
                outgoing.email = emails.build(outgoing.draft, receipt)
        if not message_claims.covers_sending(outgoing.lease, utc_now()):
            return False
        delivery.deliver(outgoing.email, name=str(outgoing.id))
    return True


def _bound(message_id: UUID, order_number: str) -> AbstractContextManager[None]:
    return structlog.contextvars.bound_contextvars(message_id=str(message_id), order_number=order_number)


def _mark(tenant_id: int, order_numbers: dict[UUID, str], status: MessageStatus) -> None:
    """Mark messages, given with their order's number, as sent or superseded.

    In one transaction: each commit waits for the disk.
    """
    with atomic(tenant_id):
        # A message that another worker sent after this worker's lease ended stays sent.
        marked = [
            message
            for message in outbox.lock_all(tenant_id, list(order_numbers))
            if message.status is not MessageStatus.SENT
        ]
        for message in marked:
            message.status = status
            message.last_error = None
            if status is MessageStatus.SENT:
                message.sent_at = utc_now()
    for message in marked:
        _count(message, str(status))
        with _bound(message.id, order_numbers[message.id]):
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
    _count(message, "retried" if message.status is MessageStatus.PENDING else str(message.status))


def _give_up(tenant_id: int, message_id: UUID, reason: str) -> None:
    """Mark an undeliverable message as dead at once: a day of further attempts would only delay the alert."""
    with atomic(tenant_id):
        message = outbox.lock(tenant_id, message_id)
        if message.status is not MessageStatus.PENDING:
            return
        message.last_error = _storable(reason)
        _mark_dead(message, reason="undeliverable")
    _count(message, str(message.status))


def _count(message: OutboxMessage, result: str) -> None:
    metrics.MESSAGES.count(str(message.kind), result)


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
