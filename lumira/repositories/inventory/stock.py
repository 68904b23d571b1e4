"""Stock of products: units are reserved, sold and released by conditional updates, each with its movement."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import make_transient_to_detached
from sqlalchemy.orm.attributes import set_committed_value

from lumira.clock import utc_now
from lumira.database import db
from lumira.domain.stock_changes import StockChange, change_between, takes_free_units
from lumira.errors.catalog import OutOfStock
from lumira.models import Order, OrderLine, ReservationState, StockItem, StockMovement, StockReservation
from lumira.models.columns import uuid7

#: How long units stay reserved for a payment on the tenant's own page, before its PaymentIntent is canceled.
PAYMENT_RESERVATION = timedelta(minutes=30)

#: Written for the driver, because SQLAlchemy would compile the same text each time.
_RESERVE_UNITS = (
    "SELECT lumira_reserve_units(%(tenant_id)s, %(order_id)s, %(product_id)s, %(quantity)s, %(until)s, %(actor)s, "
    "%(now)s, %(movement_id)s, %(id)s)"
)


class _UnitsMissing(Exception):
    """Too few units are available; the savepoint undoes the changes of the order's other products."""


def reserve(order: Order, *, until: datetime, actor: str) -> None:
    """Reserve the units of all lines of an order until a time, or of none; safe to repeat.

    Raises `OutOfStock` if units are missing: the caller's transaction must end with it.
    """
    reservations = {reservation.product_id: reservation for reservation in order.reservations}
    # All other rows are written first, so that the rows of popular products are locked as briefly as possible.
    db.session.flush()
    # By product id, so that two carts with the same products cannot deadlock.
    for line in sorted(order.lines, key=lambda line: line.product_id):
        reservation = reservations.get(line.product_id)
        if not line.keeps_stock or (reservation is not None and reservation.state is ReservationState.SOLD):
            continue
        if reservation is not None and reservation.state is ReservationState.RESERVED:
            reservation.expires_at = max(reservation.expires_at, until)
            continue
        reservation_id = reserve_units(
            order.tenant_id, order.id, line.product_id, quantity=line.quantity, until=until, actor=actor
        )
        if reservation_id is None:
            raise _out_of_stock(order, line)
        _attach_reservation(order, line, reservation, reservation_id, until)


def check_repeated_lines(order: Order) -> None:
    """Raise `OutOfStock` where a new customer's order could not reserve its units; repeated lines reserve none.

    Otherwise the reply for a product that is sold out would show that the customer has it.
    """
    available_units = available(order.tenant_id) if any(line.is_repeated for line in order.lines) else {}
    for line in order.lines:
        if line.is_repeated and available_units.get(line.product_id, line.quantity) < line.quantity:
            raise _out_of_stock(order, line)


def reserve_units(
    tenant_id: int, order_id: UUID, product_id: str, *, quantity: int, until: datetime, actor: str
) -> UUID | None:
    """Reserve units of one product for an order that has no units of it, and return the reservation's id.

    Returns `None` if too few units are available: the caller's transaction must end then.
    """
    values = {
        "tenant_id": tenant_id,
        "order_id": order_id,
        "product_id": product_id,
        "quantity": quantity,
        "until": until,
        "actor": actor,
        "now": utc_now(),
        "movement_id": uuid7(),
        "id": uuid7(),
    }
    reservation_id: UUID | None = db.session.connection().exec_driver_sql(_RESERVE_UNITS, values).scalar()
    return reservation_id


def _attach_reservation(
    order: Order, line: OrderLine, existing: StockReservation | None, reservation_id: UUID, until: datetime
) -> None:
    """Bring the loaded order up to date with the reservation that the statement has written."""
    reservation = existing
    if reservation is None:
        reservation = StockReservation(
            tenant_id=order.tenant_id,
            id=reservation_id,
            order_id=order.id,
            product_id=line.product_id,
            quantity=line.quantity,
            restocked=0,
        )
        make_transient_to_detached(reservation)
        db.session.add(reservation)
        set_committed_value(order, "reservations", [*order.reservations, reservation])
    set_committed_value(reservation, "state", ReservationState.RESERVED)
    set_committed_value(reservation, "expires_at", until)


def _out_of_stock(order: Order, line: OrderLine) -> OutOfStock:
    # Read after the failed update, so units may have been released since: the number is only informative.
    item = db.session.get(StockItem, (order.tenant_id, line.product_id), populate_existing=True)
    units = item.available if item is not None else 0
    if units <= 0:
        message = f"{line.product_name} is sold out."
    else:
        message = f"Only {units} of {line.product_name} available, {line.quantity} requested."
    return OutOfStock(message, product_id=line.product_id, left=units)


def move(
    order: Order,
    targets: Mapping[str, ReservationState],
    *,
    restocked: Mapping[str, int] | None = None,
    actor: str,
) -> bool:
    """Bring the reservations of a locked order to the target state of each product, all or none; safe to repeat.

    `restocked` says how many units of products that stay sold are in stock again. Returns `False`, and changes
    nothing, if units are missing.
    """
    _add_missing_reservations(order, targets)
    moves = _list_moves(order, targets, restocked or {})
    if not moves:
        return True
    if not any(takes_free_units(each.change) for each in moves):
        # Reserved units are sold, or units are released: none can be missing.
        _apply(order, moves, actor=actor)
        return True
    try:
        with db.session.begin_nested():
            _apply(order, moves, actor=actor)
    except _UnitsMissing:
        return False
    return True


@dataclass(frozen=True, slots=True)
class _Move:
    """A reservation, the state and the restocked units that it gets, and what that changes."""

    reservation: StockReservation
    state: ReservationState
    restocked: int
    change: StockChange


def _list_moves(
    order: Order, targets: Mapping[str, ReservationState], restocked: Mapping[str, int]
) -> list[_Move]:
    moves = []
    # By product id, so that two carts with the same products cannot deadlock.
    for reservation in sorted(order.reservations, key=lambda reservation: reservation.product_id):
        state = targets.get(reservation.product_id)
        if state is None:
            continue
        units = restocked.get(reservation.product_id, 0)
        before = (reservation.state, reservation.restocked)
        change = change_between(before, (state, units), quantity=reservation.quantity)
        if change is not None:
            moves.append(_Move(reservation, state, units, change))
    return moves


def _add_missing_reservations(order: Order, targets: Mapping[str, ReservationState]) -> None:
    """Add a released reservation for each line that is to be sold and has none, so that it takes units as well."""
    reserved = {reservation.product_id for reservation in order.reservations}
    for line in order.lines:
        if targets.get(line.product_id) is ReservationState.SOLD and line.product_id not in reserved:
            order.reservations.append(
                StockReservation(
                    id=uuid7(),
                    tenant_id=order.tenant_id,
                    product_id=line.product_id,
                    quantity=line.quantity,
                    state=ReservationState.RELEASED,
                    restocked=0,
                    expires_at=utc_now(),
                )
            )


def _apply(order: Order, moves: Sequence[_Move], *, actor: str) -> None:
    now = utc_now()
    for each in moves:
        reservation = each.reservation
        _record_movement(each, order, actor=actor, now=now)
        reservation.state, reservation.restocked = each.state, each.restocked
        if reservation.state is ReservationState.RESERVED:
            # The buyer tries again: the time of the first attempt, which may be over, does not count for this one.
            reservation.expires_at = max(reservation.expires_at, now + PAYMENT_RESERVATION)
    # All other rows are written first, so that the rows of popular products are locked as briefly as possible.
    db.session.flush()
    for each in moves:
        if not _update_figures(each, now):
            raise _UnitsMissing


def _record_movement(each: _Move, order: Order, *, actor: str, now: datetime) -> None:
    db.session.add(
        StockMovement(
            id=uuid7(),
            tenant_id=order.tenant_id,
            product_id=each.reservation.product_id,
            order_id=order.id,
            reason=each.change.reason,
            on_hand=each.change.on_hand,
            reserved=each.change.reserved,
            sold=each.change.sold,
            actor=actor,
            created_at=now,
        )
    )


def _update_figures(each: _Move, now: datetime) -> bool:
    """Change a product's figures, unless more units would be reserved than are on hand; return whether it changed."""
    on_hand = StockItem.on_hand + each.change.on_hand
    reserved = StockItem.reserved + each.change.reserved
    updated = db.session.execute(
        update(StockItem)
        .where(
            StockItem.tenant_id == each.reservation.tenant_id,
            StockItem.product_id == each.reservation.product_id,
            on_hand >= reserved,
        )
        .values(on_hand=on_hand, reserved=reserved, sold=StockItem.sold + each.change.sold, updated_at=now)
        .returning(StockItem.product_id)
        .execution_options(synchronize_session=False)
    )
    return updated.first() is not None


def lock_products(tenant_id: int, product_ids: Iterable[str]) -> None:
    """Lock the stock items of several orders' products by product id, before the orders are settled."""
    db.session.execute(
        select(StockItem.product_id)
        .where(StockItem.tenant_id == tenant_id, StockItem.product_id.in_(set(product_ids)))
        .order_by(StockItem.product_id)
        # Without the key: inserting a movement needs the row only to exist, and must not wait for this lock.
        .with_for_update(key_share=True)
    ).all()


_AVAILABLE = select(StockItem.product_id, StockItem.on_hand - StockItem.reserved).where(
    StockItem.tenant_id == bindparam("of_tenant")
)


def available(tenant_id: int) -> dict[str, int]:
    """Return the units that can be bought now, by product id, for each product with a stock item."""
    rows = db.session.connection().execute(_AVAILABLE, {"of_tenant": tenant_id})
    return {row[0]: row[1] for row in rows}
