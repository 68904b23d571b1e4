"""What is made for one buyer: promised by the lines of an order, worked on in rows of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from lumira.database import db
from lumira.errors import Conflict, NotFound
from lumira.models import AccessGrant, Deliverable, File, Order, OrderLine, Promise
from lumira.models import (
    DeliverableState as DeliverableState,  # also for those who change one  # noqa: PLC0414
)

#: Rows of a list of work that are shown at once.
LONGEST_LIST = 500


@dataclass(frozen=True, slots=True)
class Promised:
    """One thing that an order promises, as it was when the order was opened."""

    id: UUID
    line: OrderLine
    key: str
    title: str


@dataclass(frozen=True, slots=True)
class DeliverableView:
    """One thing that an order promises, how far it is, and its files."""

    id: UUID
    product_id: str
    key: str
    title: str
    state: DeliverableState
    delivered_at: datetime | None
    #: Whether nothing is made of it any more or for now: its money went back, or is disputed.
    withdrawn: bool
    files: tuple[File, ...]


@dataclass(frozen=True, slots=True)
class Work:
    """One deliverable among those of all orders."""

    id: UUID
    order_number: str
    product_id: str
    key: str
    state: DeliverableState
    served_at: datetime
    withdrawn: bool


def promised(order: Order) -> list[Promised]:
    """What an order promises, in the order of its lines and of the catalog. Makes no query."""
    return [_promised(line, promise) for line in order.lines for promise in line.promises]


def _promised(line: OrderLine, promise: Promise) -> Promised:
    return Promised(promise.id, line, promise.key, promise.title)


def find_promised(order: Order, reference: str) -> Promised:
    """One of them by its id, or by its key where that is one line's alone; `NotFound` says what there is."""
    known = promised(order)
    found = [each for each in known if reference in (str(each.id), each.key)]
    if len(found) == 1:
        return found[0]
    what = "several deliverables" if found else "no deliverable"
    told = ", ".join(f"{each.key} ({each.id})" for each in known) or "none"
    raise NotFound(f"The order {order.order_number} has {what} of this name; it promises: {told}.")


def check_workable(order: Order, wanted: Promised) -> None:
    """Refuse with `Conflict` to work for an order that is not paid, or was given back, disputed or erased."""
    if order.erased_at is not None:
        raise Conflict(f"Nothing is made for the order {order.order_number} any more: its buyer was erased.")
    grant = _grant_of(order, wanted)
    if grant is None or not grant.active:
        raise Conflict(f"Nothing is made for the order {order.order_number} now: it is {order.status}.")


def _grant_of(order: Order, wanted: Promised) -> AccessGrant | None:
    return next((grant for grant in order.grants if grant.order_line_id == wanted.line.id), None)


def begin(order: Order, line: OrderLine) -> None:
    """Put down what is to do for a line that is served just now, of a locked order; once in its life."""
    for promise in line.promises:
        db.session.add(_new(order, _promised(line, promise)))


def find_or_begin(order: Order, wanted: Promised) -> Deliverable:
    """The row of one promise of a locked order; made, to do, if there is none."""
    row = db.session.get(Deliverable, (order.tenant_id, wanted.id))
    if row is None:
        row = _new(order, wanted)
        db.session.add(row)
        db.session.flush()
    return row


def _new(order: Order, wanted: Promised) -> Deliverable:
    return Deliverable(
        tenant_id=order.tenant_id,
        id=wanted.id,
        order_id=order.id,
        order_line_id=wanted.line.id,
        key=wanted.key,
        state=DeliverableState.TO_DO,
    )


def rows_of(tenant_id: int, order_ids: Sequence[UUID]) -> dict[UUID, Deliverable]:
    """What is to do, or was done, for these orders, by id."""
    query = select(Deliverable).where(
        Deliverable.tenant_id == tenant_id, Deliverable.order_id == func.any(list(order_ids))
    )
    return {row.id: row for row in db.session.execute(query).scalars()}


def list_work(tenant_id: int, *, state: DeliverableState | None = None, is_open: bool = True) -> list[Work]:
    """Deliverables of all orders, longest waiting first; `is_open` leaves out what is done or withdrawn."""
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
        .limit(LONGEST_LIST)
    )
    if state is not None:
        query = query.where(Deliverable.state == state)
    if is_open:
        query = query.where(Deliverable.state != DeliverableState.DELIVERED, AccessGrant.active)
    return [
        Work(row.id, number, grant.product_id, row.key, row.state, grant.granted_at, not grant.active)
        for row, number, grant in db.session.execute(query)
    ]


def view(
    order: Order,
    wanted: Promised,
    rows: Mapping[UUID, Deliverable],
    known_files: Mapping[UUID, Sequence[File]],
) -> DeliverableView:
    """How far one promise is: to do where there is no row."""
    row, grant = rows.get(wanted.id), _grant_of(order, wanted)
    return DeliverableView(
        id=wanted.id,
        product_id=wanted.line.product_id,
        key=wanted.key,
        title=wanted.title,
        state=row.state if row else DeliverableState.TO_DO,
        delivered_at=row.delivered_at if row else None,
        withdrawn=grant is not None and not grant.active,
        files=tuple(known_files.get(wanted.id, ())),
    )
