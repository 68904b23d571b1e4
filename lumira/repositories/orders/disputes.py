"""Disputes: listed for operators. An order is loaded with its own."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, bindparam, func, select, tuple_

from lumira.database import constant, db
from lumira.domain.list_position import Position
from lumira.models import Dispute, Order
from lumira.models.dispute import DECIDED, DisputeStatus
from lumira.repositories.orders import orders, sale_mode

#: Written into the statement, as `constant` does, so that the partial indexes are used.
_DECIDED: BindParameter[list[DisputeStatus]] = bindparam(
    None, list(DECIDED), expanding=True, literal_execute=True
)


@dataclass(frozen=True, slots=True)
class ListedDispute:
    """A dispute with its order, whose lines and grants are loaded."""

    dispute: Dispute
    order: Order


def is_undecided() -> ColumnElement[bool]:
    """Return the condition that an inquiry or dispute is not decided, in the words of the index of these."""
    return Dispute.status.not_in(_DECIDED)


def list_ids_of_order(tenant_id: int, order_id: UUID) -> set[str]:
    """Return Stripe's ids of an order's disputes."""
    query = select(Dispute.stripe_dispute_id).where(
        Dispute.tenant_id == tenant_id, Dispute.order_id == order_id
    )
    return set(db.session.execute(query).scalars())


def find_order_id(tenant_id: int, stripe_dispute_id: str) -> UUID | None:
    """Return the id of the order of a dispute, by Stripe's id; `None` if there is no such dispute."""
    query = select(Dispute.order_id).where(
        Dispute.tenant_id == tenant_id, Dispute.stripe_dispute_id == stripe_dispute_id
    )
    return db.session.execute(query).scalar_one_or_none()


def list_page(tenant_id: int, *, is_closed: bool, after: Position | None, limit: int) -> list[ListedDispute]:
    """List the open ones, the nearest due date first, or the closed ones, the last change first.

    One without a due date counts from when it was recorded, so that it comes early.
    """
    query = (
        select(Dispute, Order)
        .join(Order, (Order.tenant_id == Dispute.tenant_id) & (Order.id == Dispute.order_id))
        .where(Dispute.tenant_id == tenant_id, sale_mode.counts(tenant_id))
        .limit(constant(limit))
    )
    if is_closed:
        query = query.where(Dispute.status.in_(_DECIDED))
        if after is not None:
            query = query.where(tuple_(Dispute.updated_at, Dispute.id) < tuple_(after.at, after.id))
        query = query.order_by(Dispute.updated_at.desc(), Dispute.id.desc())
    else:
        due_at = func.coalesce(Dispute.due_at, Dispute.created_at)
        query = query.where(is_undecided())
        if after is not None:
            query = query.where(tuple_(due_at, Dispute.id) > tuple_(after.at, after.id))
        query = query.order_by(due_at, Dispute.id)
    listed = [ListedDispute(row[0], row[1]) for row in db.session.execute(query)]
    found = list({each.order.id: each.order for each in listed}.values())
    orders.load_rows(tenant_id, found, (Order.lines, Order.grants))
    return listed


def position_of(listed: ListedDispute, *, is_closed: bool) -> Position:
    """Return where the page after this dispute begins."""
    dispute = listed.dispute
    return Position(dispute.updated_at if is_closed else dispute.due_at or dispute.created_at, dispute.id)
