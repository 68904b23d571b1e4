"""The expert says how far a deliverable is; once it is delivered, its buyer is told."""

from dataclasses import asdict, dataclass
from datetime import datetime

from lumira.clock import utc_now
from lumira.database import atomic, retried
from lumira.errors import Conflict
from lumira.models import Deliverable, DeliverableState, MessageKind, Order
from lumira.repositories import audit, deliverables, files, idempotency, orders, outbox
from lumira.repositories.deliverables import Promised
from lumira.repositories.idempotency import Call, StoredReply
from lumira.services.idempotency.reply import Reply


@dataclass(frozen=True, slots=True)
class DeliverableChanged:
    """How far one deliverable is; `delivered_at` in UTC as ISO 8601 has it."""

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
    """Put a deliverable, named by its id or its key, into this state; again changes nothing.

    Delivered, its buyer is owed a message, in the same transaction. `OrderNotFound`, `NotFound`; `Conflict`
    if nothing is made for the order now, nothing was uploaded yet, or it is delivered already;
    `IdempotencyInProgress`, `IdempotencyMismatch`.
    """
    with atomic(tenant_id):
        claim = idempotency.claim(tenant_id, call)
        if claim.reply is not None:
            return Reply(DeliverableChanged(**claim.reply.body), replayed=True)
        order = orders.lock_order(tenant_id, orders.get_order(tenant_id, reference).id)
        idempotency.renew(tenant_id, claim, order_id=order.id)
        wanted = deliverables.find_promised(order, deliverable)
        deliverables.check_workable(order, wanted)
        row = deliverables.find_or_begin(order, wanted)
        _change(order, row, state, actor=call.actor)
        changed = _told(wanted, row)
        idempotency.finish(tenant_id, claim, StoredReply(200, asdict(changed)))
        return Reply(changed)


def _change(order: Order, row: Deliverable, state: DeliverableState, *, actor: str) -> None:
    """Write the state, and enqueue the buyer's message once it is delivered."""
    if row.state is state:
        return
    if row.state is DeliverableState.DELIVERED:
        raise Conflict("It is delivered, and its buyer knows; what was wrong with it is uploaded anew.")
    if state is DeliverableState.DELIVERED and not files.of_deliverables(order.tenant_id, [row.id]):
        raise Conflict("Nothing was uploaded for it yet, so there is nothing to deliver.")
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
    # An order without an address gets no message: its shop hands the page's link on.
    if state is DeliverableState.DELIVERED and order.customer_email is not None:
        outbox.enqueue(order, MessageKind.DELIVERABLE_READY, str(row.id))


def _moment(at: datetime | None) -> str | None:
    # The reply is stored as it is sent: with milliseconds and `Z`, as every other moment.
    return None if at is None else at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _told(wanted: Promised, row: Deliverable) -> DeliverableChanged:
    return DeliverableChanged(
        id=str(row.id),
        product_id=wanted.line.product_id,
        key=row.key,
        title=wanted.title,
        state=str(row.state),
        delivered_at=_moment(row.delivered_at),
    )
