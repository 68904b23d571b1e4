"""Processing the inbox: events become facts on their orders, and the orders are settled.

A batch locks its events, then its orders, and commits once. If anything in a batch fails, the batch is rolled back
and its events are processed one by one, so that a failing event affects only itself.
"""

import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from uuid import UUID

import structlog
from sqlalchemy import text

from lumira import metrics
from lumira.clock import utc_now
from lumira.database import atomic, db, retried
from lumira.error_reports import id_of, is_expected
from lumira.models import EventStatus, Order, WebhookEvent
from lumira.repositories import batches
from lumira.repositories.events import webhook_events
from lumira.repositories.tenants import tenants
from lumira.settlement.settle_orders import settle_orders
from lumira.webhooks.apply_event import apply_event
from lumira.webhooks.balance_facts import BalanceFacts
from lumira.webhooks.event_states import retry_later
from lumira.webhooks.find_orders import lock_orders_of
from lumira.webhooks.parsed_event import parse_event
from lumira.webhooks.redact import redact_erased
from lumira.webhooks.registry import counted_as

log = structlog.get_logger()

BATCH = 50
#: Seconds without a backlog after which another one begins: between the turns of two tenants there is none.
_INTERRUPTION = 15.0


class _Backlog:
    """How many threads of this process work through more than one batch."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._threads = 0
        self._since, self._ended = 0.0, -_INTERRUPTION

    @property
    def seconds(self) -> float | None:
        """For how long threads have done so, interruptions of some seconds included; `None` if none does."""
        with self._lock:
            return time.monotonic() - self._since if self._threads else None

    @contextmanager
    def begun(self) -> Iterator[None]:
        with self._lock:
            now = time.monotonic()
            if not self._threads and now - self._ended > _INTERRUPTION:
                self._since = now
            self._threads += 1
        try:
            yield
        finally:
            with self._lock:
                self._threads -= 1
                self._ended = time.monotonic()


_backlog = _Backlog()
_ACTOR = "stripe"


def wait_for_open_inserts(tenant_id: int) -> None:
    """Return once every event that relies on the running job is committed (see `lumira_enqueue_job`)."""
    with atomic(tenant_id):
        db.session.execute(
            text("SELECT pg_advisory_xact_lock(hashtext('process_events'), :tenant_id)"),
            {"tenant_id": tenant_id},
        )


def process_events(tenant_id: int, *, is_stopping: Callable[[], bool] = lambda: False) -> int:
    """Process every event of the tenant that is due; returns how many. When stopping, ends after the current batch."""
    wait_for_open_inserts(tenant_id)
    if is_stopping():
        return 0
    processed = process_batch(tenant_id)
    if processed < BATCH:
        return processed
    with _backlog.begun():
        while not is_stopping():
            batch = process_batch(tenant_id)
            processed += batch
            if batch < BATCH:
                break
    return processed


def has_backlog() -> bool:
    """Whether this process works through more events than one batch holds, of any tenant."""
    return _backlog.seconds is not None


def has_recent_backlog(seconds: float) -> bool:
    """Whether it does so, and for less than so many seconds."""
    since = _backlog.seconds
    return since is not None and since < seconds


def process_batch(tenant_id: int) -> int:
    """Process up to one batch of due events; returns how many there were."""
    event_ids: list[UUID] = []
    try:
        _process_due(tenant_id, event_ids)
    except Exception:
        log.exception("event_batch_failed", events=len(event_ids))
        # If the rows cannot even be loaded, the batch is taken by ids: one row must not block all others.
        event_ids = event_ids or _list_due_ids(tenant_id)
        if not event_ids:
            raise
        for event_id in event_ids:
            _process_alone(tenant_id, event_id)
    return len(event_ids)


@retried
def _process_due(tenant_id: int, event_ids: list[UUID]) -> None:
    """Process one batch; fills `event_ids` with the events of the batch, also if it fails."""
    started = time.perf_counter()
    with atomic(tenant_id):
        events = webhook_events.claim_due(tenant_id, limit=BATCH)
        event_ids[:] = [event.id for event in events]
        _process(tenant_id, events)
    if events:
        metrics.BATCH_SECONDS.observe(time.perf_counter() - started)
    _count(events)


def _list_due_ids(tenant_id: int) -> list[UUID]:
    with atomic(tenant_id):
        return webhook_events.list_due_ids(tenant_id, limit=BATCH)


def _process_alone(tenant_id: int, event_id: UUID) -> None:
    structlog.contextvars.bind_contextvars(event_row=str(event_id))
    try:
        _redact_one(tenant_id, event_id)
        _process_one(tenant_id, event_id)
    except Exception as error:
        log.exception("event_failed")
        error_id = None if is_expected(error) else id_of(error)
        _record_error(tenant_id, event_id, traceback.format_exc(), error_id)
    finally:
        structlog.contextvars.unbind_contextvars("event_row")


@retried
def _redact_one(tenant_id: int, event_id: UUID) -> None:
    """Remove erased buyers from an event in a transaction of its own, so that a later error does not undo it."""
    with atomic(tenant_id):
        events = webhook_events.claim_due(tenant_id, limit=1, event_id=event_id)
        if not events:
            return
        tenant = tenants.get(tenant_id)
        if tenant.last_erasure_at is not None:
            parsed = {event.id: parse_event(event) for event in events}
            redact_erased(tenant, events, parsed, lock_orders_of(tenant, parsed.values()))


@retried
def _process_one(tenant_id: int, event_id: UUID) -> None:
    with atomic(tenant_id):
        events = webhook_events.claim_due(tenant_id, limit=1, event_id=event_id)
        _process(tenant_id, events)
    _count(events)


@retried
def _record_error(tenant_id: int, event_id: UUID, error: str, error_id: UUID | None) -> None:
    """Record the error after the rollback that it caused."""
    with atomic(tenant_id):
        events = webhook_events.claim_due(tenant_id, limit=1, event_id=event_id, with_payload=False)
        for event in events:
            retry_later(event, error, error_id=error_id)
    _count(events)


def _count(events: Iterable[WebhookEvent]) -> None:
    """Count what became of these events, once that is committed."""
    for event in events:
        # An event that failed by an error of Lumira and is retried is received still.
        result = "retried" if event.status is EventStatus.RECEIVED else event.status.value
        metrics.EVENTS_PROCESSED.count(counted_as(event.type), result)
        if event.processed_at is not None:
            metrics.EVENT_SECONDS.observe((event.processed_at - event.received_at).total_seconds())


def _process(tenant_id: int, events: list[WebhookEvent]) -> None:
    """Apply the events to their orders and settle the orders, inside the caller's transaction."""
    if not events:
        return
    tenant = tenants.get(tenant_id)
    now = utc_now()
    parsed = {event.id: parse_event(event) for event in events}
    order_of = lock_orders_of(tenant, parsed.values())
    payments_before = _payments_of(order_of.values())
    redacted = redact_erased(tenant, events, parsed, order_of)
    # Alerts are raised after the orders are locked: two batches that raise the same alert must not deadlock.
    touched: dict[UUID, Order] = {}
    balance = BalanceFacts()
    for event in events:
        order = order_of.get(event.id)
        is_changed = apply_event(tenant, event, redacted[event.id], order, now=now, balance=balance)
        if is_changed and order is not None:
            touched[order.id] = order
    balance.record(tenant, now)
    settle_orders(tenant_id, touched.values(), actor=_ACTOR)
    batches.write_and_forget()
    attached = _payments_of(touched.values()) - payments_before
    if attached and webhook_events.unpark(tenant_id, attached):
        webhook_events.schedule_processing(tenant_id)


def _payments_of(orders: Iterable[Order]) -> set[str]:
    return {payment.stripe_payment_intent_id for order in orders for payment in order.payments}
