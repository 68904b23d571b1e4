"""Draining the inbox: events become facts on their orders, and the orders are settled.

A batch locks its events, then its orders, and commits once. If anything in it fails, it is rolled back and
its events are taken one by one, so that a poisonous one harms only itself.
"""

import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, or_, select, text
from sqlalchemy.orm import defer

from lumira.clients.stripe_client import API_VERSION
from lumira.clock import utc_now
from lumira.database import atomic, db, retried
from lumira.domain.checkout_sessions import SessionMismatch
from lumira.domain.payments import PaymentMismatch
from lumira.domain.stripe_objects import MalformedObject
from lumira.models import AlertKind, EventStatus, Order, Tenant, WebhookEvent
from lumira.repositories import alerts, erasure_registry, orders, tenants, webhook_events
from lumira.settlement.settle_orders import settle_orders
from lumira.webhooks import handlers  # noqa: F401 - importing the handlers registers them
from lumira.webhooks.references import Reference, reference_of
from lumira.webhooks.registry import EventObject, Handler, find_handler

log = structlog.get_logger()

BATCH = 50
_ACTOR = "stripe"
#: How often an event that fails for a reason of ours is tried again before a person has to look.
MAXIMUM_TRIES = 8
#: How long an event waits for an order that is not known yet, try by try (product's contract).
PARKED_FOR = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=12),
    timedelta(hours=24),
)


def wait_for_open_inserts(tenant_id: int) -> None:
    """Return once every event that counted on the running wake-up is committed (see `lumira_enqueue_job`)."""
    with atomic(tenant_id):
        db.session.execute(
            text("SELECT pg_advisory_xact_lock(hashtext('process_events'), :tenant_id)"),
            {"tenant_id": tenant_id},
        )


def process_events(tenant_id: int, *, is_stopping: Callable[[], bool] = lambda: False) -> int:
    """Handle every event of the tenant that is due; how many. Ends after the batch in hand when stopping."""
    wait_for_open_inserts(tenant_id)
    handled = 0
    while not is_stopping():
        batch = process_batch(tenant_id)
        handled += batch
        if batch < BATCH:
            break
    return handled


def process_batch(tenant_id: int) -> int:
    """Handle up to one batch of due events; how many there were."""
    taken: list[UUID] = []
    try:
        _handle_due(tenant_id, taken)
    except Exception:
        log.exception("event_batch_failed", events=len(taken))
        # A batch that cannot even be read is taken by its ids: one row must not stand in the way of all.
        taken = taken or _due_ids(tenant_id)
        if not taken:
            raise
        for event_id in taken:
            _handle_alone(tenant_id, event_id)
    return len(taken)


@retried
def _handle_due(tenant_id: int, taken: list[UUID]) -> None:
    """Handle one batch; `taken` tells what was in it, also when it fails."""
    with atomic(tenant_id):
        events = _take(tenant_id, limit=BATCH)
        taken[:] = [event.id for event in events]
        _handle(tenant_id, events)


def _is_due(tenant_id: int) -> tuple[ColumnElement[bool], ...]:
    return (
        WebhookEvent.tenant_id == tenant_id,
        WebhookEvent.status.in_((EventStatus.RECEIVED, EventStatus.PARKED)),
        # What was never tried is due whatever the clock of the process that received it.
        or_(WebhookEvent.next_attempt_at <= utc_now(), WebhookEvent.attempts == 0),
    )


def _due_ids(tenant_id: int) -> list[UUID]:
    with atomic(tenant_id):
        due = select(WebhookEvent.id).where(*_is_due(tenant_id)).order_by(WebhookEvent.next_attempt_at)
        return list(db.session.execute(due.limit(BATCH)).scalars())


def _take(
    tenant_id: int, *, limit: int, only: UUID | None = None, unread: bool = False
) -> list[WebhookEvent]:
    """Due events, locked; without their payloads if they are to stay unread."""
    query = (
        select(WebhookEvent)
        .where(*_is_due(tenant_id))
        .options(*([defer(WebhookEvent.payload, raiseload=True)] if unread else []))
        .order_by(WebhookEvent.next_attempt_at, WebhookEvent.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    if only is not None:
        query = query.where(WebhookEvent.id == only)
    return list(db.session.execute(query).scalars())


def _handle_alone(tenant_id: int, event_id: UUID) -> None:
    structlog.contextvars.bind_contextvars(event_row=str(event_id))
    try:
        _forget_alone(tenant_id, event_id)
        _handle_one(tenant_id, event_id)
    except Exception:
        log.exception("event_failed")
        _record_failure(tenant_id, event_id, traceback.format_exc())
    finally:
        structlog.contextvars.unbind_contextvars("event_row")


@retried
def _forget_alone(tenant_id: int, event_id: UUID) -> None:
    """Take erased buyers out of an event in a transaction of its own: a failure in handling it undoes only that."""
    with atomic(tenant_id):
        events = _take(tenant_id, limit=1, only=event_id)
        if events and tenants.get(tenant_id).last_erasure_at is not None:
            order_of = _find_orders(tenant_id, events)
            _forget_erased(tenant_id, events, order_of, orders.lock_orders(tenant_id, set(order_of.values())))


@retried
def _handle_one(tenant_id: int, event_id: UUID) -> None:
    with atomic(tenant_id):
        _handle(tenant_id, _take(tenant_id, limit=1, only=event_id))


@retried
def _record_failure(tenant_id: int, event_id: UUID, trace: str) -> None:
    """Note the failure after the rollback that it caused; the last one becomes an alert."""
    with atomic(tenant_id):
        for event in _take(tenant_id, limit=1, only=event_id, unread=True):
            event.attempts += 1
            # A traceback may quote a payload, and a text of the database cannot hold NUL.
            event.last_error = trace.replace("\x00", "�").encode("utf-8", "replace").decode()
            if event.attempts >= MAXIMUM_TRIES:
                _fail(event, "error")
            else:
                event.next_attempt_at = utc_now() + timedelta(seconds=5) * 2**event.attempts


def _handle(tenant_id: int, events: list[WebhookEvent]) -> None:
    if not events:
        return
    tenant = tenants.get(tenant_id)
    now = utc_now()
    order_of = _find_orders(tenant_id, events)
    # Alerts and facts come after the locks: two batches that raise the same alert must not wait crosswise.
    loaded = orders.lock_orders(tenant_id, set(order_of.values()))
    known = {payment.stripe_payment_intent_id for order in loaded.values() for payment in order.payments}
    touched: dict[UUID, Order] = {}
    # The order says it too, where it was erased between the look at the tenant and its own lock.
    if tenant.last_erasure_at is not None or any(order.erased_at for order in loaded.values()):
        _forget_erased(tenant_id, events, order_of, loaded)
    for event in events:
        order = loaded.get(order_of[event.id]) if event.id in order_of else None
        if _record(tenant, event, order, now) and order is not None:
            touched[order.id] = order
    settle_orders(tenant_id, touched.values(), actor=_ACTOR)
    db.session.flush()
    met = {payment.stripe_payment_intent_id for order in touched.values() for payment in order.payments}
    if met - known and webhook_events.unpark(tenant_id, met - known):
        webhook_events.schedule_processing(tenant_id)


def _forget_erased(
    tenant_id: int, events: list[WebhookEvent], order_of: Mapping[UUID, UUID], loaded: Mapping[UUID, Order]
) -> None:
    of_event = {event_id: loaded.get(order_id) for event_id, order_id in order_of.items()}
    erasure_registry.redact_events(tenant_id, events, of_event)


def _find_orders(tenant_id: int, events: list[WebhookEvent]) -> dict[UUID, UUID]:
    """For each event that acts and has one the id of its order: by its payment, else by the number it names."""
    references: dict[UUID, Reference] = {}
    for event in events:
        if find_handler(event.type) is not None:
            with suppress(MalformedObject):
                references[event.id] = reference_of(_object_of(event))
    if not references:
        return {}
    by_payment = _look_up(
        orders.ids_by_payment, tenant_id, [r.payment_intent_id for r in references.values()]
    )
    by_session = _look_up(orders.ids_by_session, tenant_id, [r.session_id for r in references.values()])
    known = {
        event_id: by_payment.get(reference.payment_intent_id) or by_session.get(reference.session_id)
        for event_id, reference in references.items()
    }
    unknown = [references[event_id].order_number for event_id, order_id in known.items() if order_id is None]
    by_number = _look_up(orders.ids_by_number, tenant_id, unknown)
    found = {
        event_id: order_id or by_number.get(references[event_id].order_number)
        for event_id, order_id in known.items()
    }
    return {event_id: order_id for event_id, order_id in found.items() if order_id is not None}


def _look_up(
    find: Callable[[int, Sequence[str]], dict[str, UUID]], tenant_id: int, names: Iterable[str | None]
) -> Mapping[str | None, UUID]:
    """What `find` finds of these names; nothing is asked where there are none."""
    given = [name for name in names if name is not None]
    found: dict[str | None, UUID] = {}
    found.update((find(tenant_id, given) if given else {}).items())
    return found


def _object_of(event: WebhookEvent) -> dict[str, object]:
    data = event.payload.get("data")
    stripe_object = data.get("object") if isinstance(data, dict) else None
    if not isinstance(stripe_object, dict):
        raise MalformedObject("data.object")
    if event.livemode is None:
        raise MalformedObject("livemode")
    return stripe_object


def _record(tenant: Tenant, event: WebhookEvent, order: Order | None, now: datetime) -> bool:
    """Note the event's facts on its order; `False` where it touches none, and its row says why."""
    handler = find_handler(event.type)
    if handler is None:
        _close(event, EventStatus.IGNORED, "type", now)
        return False
    if event.stripe_account != tenant.stripe_account:
        _close(event, EventStatus.IGNORED, "other_account", now)
        alerts.raise_alert(
            tenant.id, kind=AlertKind.OTHER_ACCOUNT, subject=event.stripe_event_id, type=event.type
        )
        return False
    if event.api_version != API_VERSION:
        alerts.raise_alert(
            tenant.id, kind=AlertKind.API_VERSION, subject=str(event.api_version), expected=API_VERSION
        )
    try:
        told = EventObject(_object_of(event), event.stripe_created_at)
        reference = reference_of(told.object)
        if order is not None:
            return _note(event, order, handler, told, now)
    except MalformedObject as error:
        event.last_error = f"The object lacks a usable {error}."
        _fail(event, "malformed")
        return False
    if not reference.is_ours_to_find:
        _close(event, EventStatus.FOREIGN, "foreign", now)
    else:
        event.stripe_payment_intent_id = reference.payment_intent_id
        _park(event, now, reason="order_unknown")
    return False


def _note(event: WebhookEvent, order: Order, handler: Handler, told: EventObject, now: datetime) -> bool:
    # An object says its mode too, and must not be believed where it differs from its event.
    if {event.livemode, told.object.get("livemode", event.livemode)} != {order.livemode}:
        event.order_id = order.id
        _close(event, EventStatus.IGNORED, "other_mode", now)
        alerts.raise_alert(
            order.tenant_id,
            kind=AlertKind.OTHER_MODE,
            subject=event.stripe_event_id,
            order_number=order.order_number,
        )
        return False
    try:
        handler(order, told)
    except (PaymentMismatch, SessionMismatch):
        # It names an order of ours and asks for something else: it is not that order's payment.
        _park(event, now, reason="mismatch")
        return False
    event.order_id = order.id
    _close(event, EventStatus.PROCESSED, None, now)
    return True


def _close(event: WebhookEvent, status: EventStatus, reason: str | None, now: datetime) -> None:
    event.status = status
    event.reason = reason
    event.attempts += 1
    event.processed_at = now
    log.info(
        "event_processed",
        event_id=event.stripe_event_id,
        event_type=event.type,
        status=str(status),
        reason=reason,
        order_id=str(event.order_id) if event.order_id else None,
    )


def _park(event: WebhookEvent, now: datetime, *, reason: str) -> None:
    """Let the event wait for its order; one that waited in vain becomes an alert."""
    if event.attempts >= len(PARKED_FOR):
        _fail(event, reason)
        return
    event.next_attempt_at = now + PARKED_FOR[event.attempts]
    event.attempts += 1
    event.status = EventStatus.PARKED
    event.reason = reason
    log.warning("event_parked", event_id=event.stripe_event_id, event_type=event.type, reason=reason)


def _fail(event: WebhookEvent, reason: str) -> None:
    event.status = EventStatus.FAILED
    event.reason = reason
    event.processed_at = utc_now()
    alerts.raise_alert(
        event.tenant_id,
        kind=AlertKind.EVENT_FAILED,
        subject=event.stripe_event_id,
        type=event.type,
        reason=reason,
    )
