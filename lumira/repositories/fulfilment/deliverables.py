"""Deliverables: promised by the lines of an order, each with a row for the progress of its work."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from lumira.database import db
from lumira.errors import NotFound
from lumira.errors.files import NoWorkDue
from lumira.models import AccessGrant, Deliverable, File, Order, OrderLine, Promise
from lumira.models import (
    DeliverableState as DeliverableState,  # re-exported for blueprints, which do not import models  # noqa: PLC0414
)
from lumira.repositories.orders import sale_mode

#: Maximum number of rows of a task list.
MAX_TASKS = 500


@dataclass(frozen=True, slots=True)
class LinePromise:
    """One deliverable that an order line promises, frozen when the order was opened."""

    id: UUID
    line: OrderLine
    key: str
    title: str


@dataclass(frozen=True, slots=True)
class DeliverableView:
    """One promised deliverable, its state and its files."""

    id: UUID
    product_id: str
    key: str
    title: str
    state: DeliverableState
    delivered_at: datetime | None
    #: Whether no work is due: the order is refunded or disputed.
    withdrawn: bool
    files: tuple[File, ...]


@dataclass(frozen=True, slots=True)
class DeliverableTask:
    """One deliverable in the list of all orders' deliverables."""

    id: UUID
    order_number: str
    product_id: str
    key: str
    state: DeliverableState
    fulfilled_at: datetime
    withdrawn: bool


def list_promises(order: Order) -> list[LinePromise]:
    """List what an order promises, in the order of its lines and of the catalog. Makes no query."""
    return [_line_promise(line, promise) for line in order.lines for promise in line.promises]


def _line_promise(line: OrderLine, promise: Promise) -> LinePromise:
    return LinePromise(promise.id, line, promise.key, promise.title)


def get_promise(order: Order, reference: str) -> LinePromise:
    """Return a promise by its id, or by its key if only one line has it. Raises `NotFound`."""
    promises = list_promises(order)
    matches = [promise for promise in promises if reference in (str(promise.id), promise.key)]
    if len(matches) == 1:
        return matches[0]
    problem = "several deliverables" if matches else "no deliverable"
    available = ", ".join(f"{promise.key} ({promise.id})" for promise in promises) or "none"
    raise NotFound(f"The order {order.order_number} has {problem} of this name; it promises: {available}.")


def require_workable(order: Order, promise: LinePromise) -> None:
    """Raise `NoWorkDue` if no work is due: the order is unpaid, refunded, disputed or erased."""
    if order.erased_at is not None:
        raise NoWorkDue(
            f"The order {order.order_number} has no deliverables any more: its buyer's data was erased."
        )
    grant = _grant_of(order, promise)
    if grant is None or not grant.active:
        raise NoWorkDue(f"No work is due for the order {order.order_number}: it is {order.status}.")


def _grant_of(order: Order, promise: LinePromise) -> AccessGrant | None:
    return next((grant for grant in order.grants if grant.order_line_id == promise.line.id), None)


def create_for_line(order: Order, line: OrderLine) -> None:
    """Create the deliverables of a line of a locked order, when the line is fulfilled for the first time."""
    for promise in line.promises:
        db.session.add(_new(order, _line_promise(line, promise)))


def get_or_create(order: Order, promise: LinePromise) -> Deliverable:
    """Return the deliverable of one promise of a locked order; create it in state `to_do` if there is none."""
    row = db.session.get(Deliverable, (order.tenant_id, promise.id))
    if row is None:
        row = _new(order, promise)
        db.session.add(row)
        db.session.flush()
    return row


def _new(order: Order, promise: LinePromise) -> Deliverable:
    return Deliverable(
        tenant_id=order.tenant_id,
        id=promise.id,
        order_id=order.id,
        order_line_id=promise.line.id,
        key=promise.key,
        state=DeliverableState.TO_DO,
    )


def find_of_file(file: File) -> Deliverable | None:
    """Return the deliverable that the file belongs to; `None` for another kind of file."""
    if file.deliverable_id is None:
        return None
    return db.session.get_one(Deliverable, (file.tenant_id, file.deliverable_id))


def list_by_order(tenant_id: int, order_ids: Sequence[UUID]) -> dict[UUID, Deliverable]:
    """Return the deliverables of these orders by their ids."""
    query = select(Deliverable).where(
        Deliverable.tenant_id == tenant_id, Deliverable.order_id == func.any(list(order_ids))
    )
    return {row.id: row for row in db.session.execute(query).scalars()}


def list_tasks(
    tenant_id: int, *, state: DeliverableState | None = None, is_open: bool = True
) -> list[DeliverableTask]:
    """List the deliverables of all orders, oldest order first; `is_open` omits delivered and withdrawn ones."""
    query = (
        select(Deliverable, Order.order_number, AccessGrant)
        .join(Order, (Order.tenant_id == Deliverable.tenant_id) & (Order.id == Deliverable.order_id))
        .join(
            AccessGrant,
            (AccessGrant.tenant_id == Deliverable.tenant_id)
            & (AccessGrant.order_line_id == Deliverable.order_line_id),
        )
        .where(Deliverable.tenant_id == tenant_id)
        .order_by(AccessGrant.granted_at, Order.order_number, Deliverable.key)
        .limit(MAX_TASKS)
    )
    if state is not None:
        query = query.where(Deliverable.state == state)
    if is_open:
        query = query.where(
            Deliverable.state != DeliverableState.DELIVERED, AccessGrant.active, sale_mode.counts(tenant_id)
        )
    return [
        DeliverableTask(
            row.id, number, grant.product_id, row.key, row.state, grant.granted_at, not grant.active
        )
        for row, number, grant in db.session.execute(query)
    ]


def view(
    order: Order,
    promise: LinePromise,
    rows: Mapping[UUID, Deliverable],
    files_of: Mapping[UUID, Sequence[File]],
) -> DeliverableView:
    """Return the view of one promise; its state is `to_do` if there is no row."""
    row, grant = rows.get(promise.id), _grant_of(order, promise)
    return DeliverableView(
        id=promise.id,
        product_id=promise.line.product_id,
        key=promise.key,
        title=promise.title,
        state=row.state if row else DeliverableState.TO_DO,
        delivered_at=row.delivered_at if row else None,
        withdrawn=grant is not None and not grant.active,
        files=tuple(files_of.get(promise.id, ())),
    )
