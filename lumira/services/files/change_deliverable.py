"""Change the state of a deliverable; delivering it notifies the buyer."""

from dataclasses import asdict, dataclass
from datetime import datetime

from lumira.clock import utc_now
from lumira.database import atomic, retried
from lumira.errors.files import AlreadyDelivered, NoFileYet
from lumira.models import Deliverable, DeliverableState, MessageKind, Order
from lumira.repositories.audit import audit
from lumira.repositories.fulfilment import deliverables, files
from lumira.repositories.fulfilment.deliverables import LinePromise
from lumira.repositories.idempotency import idempotency
from lumira.repositories.idempotency.idempotency import StoredReply
from lumira.repositories.idempotency.idempotent_calls import Call
from lumira.repositories.messages import outbox
from lumira.repositories.orders import orders
from lumira.services.idempotency.reply import Reply


@dataclass(frozen=True, slots=True)
class DeliverableChanged:
    """One deliverable and its new state; `delivered_at` in UTC as ISO 8601."""

    id: str
    product_id: str
    key: str
    title: str
    state: str
    delivered_at: str | None


@retried
def change_deliverable(
    tenant_id: int, reference: str, deliverable: str, state: DeliverableState, *, call: Call
) -> Reply[DeliverableChanged]:
    """Set the state of a deliverable, given by its id or key; setting the same state changes nothing.

    Delivery enqueues the buyer's message in the same transaction. Raises `OrderNotFound` and `NotFound`;
    `Conflict` if no work is due, no file was uploaded, or it is delivered already; `IdempotencyInProgress` and
    `IdempotencyMismatch`.
    """
    with atomic(tenant_id):
        claim = idempotency.claim(tenant_id, call)
        if claim.reply is not None:
            return Reply(DeliverableChanged(**claim.reply.body), replayed=True)
        order = orders.lock_order(tenant_id, orders.get_order(tenant_id, reference).id)
        idempotency.renew(tenant_id, claim, order_id=order.id)
        promise = deliverables.get_promise(order, deliverable)
        deliverables.require_workable(order, promise)
        row = deliverables.get_or_create(order, promise)
        _change(order, row, state, actor=call.actor)
        changed = _changed(promise, row)
        idempotency.finish(tenant_id, claim, StoredReply(200, asdict(changed)))
        return Reply(changed)


def _change(order: Order, row: Deliverable, state: DeliverableState, *, actor: str) -> None:
    """Write the state; enqueue the buyer's message when it is delivered."""
    if row.state is state:
        return
    if row.state is DeliverableState.DELIVERED:
        raise AlreadyDelivered(
            "The deliverable is delivered and its buyer notified; to correct it, upload its files again."
        )
    if state is DeliverableState.DELIVERED and not files.by_deliverable(order.tenant_id, [row.id]):
        raise NoFileYet("The deliverable has no file yet: upload one before you deliver it.")
    before, row.state = row.state, state
    row.delivered_at = utc_now() if state is DeliverableState.DELIVERED else None
    audit.record(
        order.tenant_id,
        actor=actor,
        action=f"deliverable_{state}",
        subject=f"order:{order.id}",
        deliverable=row.key,
        before=str(before),
    )
    # An order without an e-mail address has no messages: its shop passes on the portal link.
    if state is DeliverableState.DELIVERED and order.customer_email is not None:
        outbox.enqueue(order, MessageKind.DELIVERABLE_READY, str(row.id))


def _moment(at: datetime | None) -> str | None:
    # The reply is stored as it is sent: with milliseconds and `Z`, like every other time in the API.
    return None if at is None else at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _changed(promise: LinePromise, row: Deliverable) -> DeliverableChanged:
    return DeliverableChanged(
        id=str(row.id),
        product_id=promise.line.product_id,
        key=row.key,
        title=promise.title,
        state=str(row.state),
        delivered_at=_moment(row.delivered_at),
    )
