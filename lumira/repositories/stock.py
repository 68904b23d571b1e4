"""Pieces: taken by one conditional update, so that none is promised twice; every change leaves its movement."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import make_transient_to_detached
from sqlalchemy.orm.attributes import set_committed_value

from lumira.clock import utc_now
from lumira.database import db
from lumira.errors import OutOfStock
from lumira.models import (
    MovementReason,
    Order,
    OrderLine,
    ReservationState,
    StockItem,
    StockMovement,
    StockReservation,
)
from lumira.models.columns import uuid7

#: How long a buyer has for a payment in the brand's own page, before its PaymentIntent is closed.
PAYMENT_RESERVATION = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class _Change:
    """By how much a move changes each figure of a product, for one piece."""

    reason: MovementReason
    on_hand: int
    reserved: int
    sold: int


_HELD, _SOLD, _RELEASED = ReservationState.RESERVED, ReservationState.SOLD, ReservationState.RELEASED
_CHANGES = {
    (_RELEASED, _HELD): _Change(MovementReason.RESERVE, 0, 1, 0),
    (_HELD, _SOLD): _Change(MovementReason.SALE, -1, -1, 1),
    (_HELD, _RELEASED): _Change(MovementReason.RELEASE, 0, -1, 0),
    # Paid after its hold had ended, and there are pieces left.
    (_RELEASED, _SOLD): _Change(MovementReason.SALE, -1, 0, 1),
    (_SOLD, _RELEASED): _Change(MovementReason.RETURN, 1, 0, -1),
}


class _Missing(Exception):
    """There are not enough pieces; what was taken of other products is put back."""

    def __init__(self, product_id: str) -> None:
        self.product_id = product_id


#: Pieces are promised by this one statement: the figures change only where enough is left, and with them, or not
#: at all, come the reservation and the movement. As the driver has it, because a hot product is locked from here
#: to the commit: what SQLAlchemy would make of it is always the same.
_TAKE = """
    WITH taken AS (
        UPDATE stock_items SET reserved = reserved + %(quantity)s, updated_at = %(now)s
        WHERE tenant_id = %(tenant_id)s AND product_id = %(product_id)s AND on_hand >= reserved + %(quantity)s
        RETURNING product_id
    ), moved AS (
        INSERT INTO stock_movements
            (tenant_id, id, product_id, order_id, reason, on_hand, reserved, sold, actor, created_at)
        SELECT %(tenant_id)s, %(movement_id)s, product_id, %(order_id)s, 'reserve', 0, %(quantity)s, 0,
            %(actor)s, %(now)s
        FROM taken
    )
    INSERT INTO stock_reservations
        (tenant_id, id, order_id, product_id, quantity, state, expires_at, created_at, updated_at)
    SELECT %(tenant_id)s, %(id)s, %(order_id)s, product_id, %(quantity)s, 'reserved', %(until)s, %(now)s, %(now)s
    FROM taken
    ON CONFLICT (tenant_id, order_id, product_id)
        DO UPDATE SET state = excluded.state, expires_at = excluded.expires_at, updated_at = excluded.updated_at
    RETURNING id
"""


def reserve(order: Order, *, until: datetime, actor: str) -> None:
    """Keep the pieces of all lines for this order, or of none; safe to repeat.

    `OutOfStock` if any are missing: the caller's transaction must end with it.
    """
    known = {reservation.product_id: reservation for reservation in order.reservations}
    # Everything else is written first: a hot product is locked for as short as it can be.
    db.session.flush()
    # Always in this order, so that two carts with the same products never wait for each other crosswise.
    for line in sorted(order.lines, key=lambda line: line.product_id):
        reservation = known.get(line.product_id)
        if not line.keeps_stock or (reservation is not None and reservation.state is _SOLD):
            continue
        if reservation is not None and reservation.state is _HELD:
            reservation.expires_at = max(reservation.expires_at, until)
            continue
        taken = reserve_units(
            order.tenant_id, order.id, line.product_id, quantity=line.quantity, until=until, actor=actor
        )
        if taken is None:
            raise _out_of_stock(order, line)
        _remember(order, line, reservation, taken, until)


def reserve_units(
    tenant_id: int, order_id: UUID, product_id: str, *, quantity: int, until: datetime, actor: str
) -> UUID | None:
    """Keep pieces of one product for an order that has none of it; `None` if there are not enough.

    Returns the id of the reservation.
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
    taken: UUID | None = db.session.connection().exec_driver_sql(_TAKE, values).scalar()
    return taken


def _remember(
    order: Order, line: OrderLine, known: StockReservation | None, reservation_id: UUID, until: datetime
) -> None:
    """Let the loaded order know what the statement has written."""
    reservation = known
    if reservation is None:
        reservation = StockReservation(
            tenant_id=order.tenant_id,
            id=reservation_id,
            order_id=order.id,
            product_id=line.product_id,
            quantity=line.quantity,
        )
        make_transient_to_detached(reservation)
        db.session.add(reservation)
        set_committed_value(order, "reservations", [*order.reservations, reservation])
    set_committed_value(reservation, "state", _HELD)
    set_committed_value(reservation, "expires_at", until)


def _out_of_stock(order: Order, line: OrderLine) -> OutOfStock:
    # Read in the same transaction: what others took meanwhile may have come back by now.
    item = db.session.get(StockItem, (order.tenant_id, line.product_id), populate_existing=True)
    left = item.available if item is not None else 0
    if left <= 0:
        message = f"{line.product_name} is sold out."
    else:
        message = f"Only {left} of {line.product_name} left, {line.quantity} wanted."
    return OutOfStock(message, product_id=line.product_id, left=left)


def move(order: Order, wanted: Mapping[str, ReservationState], *, actor: str) -> bool:
    """Bring the reservations of a locked order to the state that is wanted for each product.

    All or none: `False` if pieces are missing for that. What is sold is never merely reserved again. Safe to repeat.
    """
    _reserve_missing(order, wanted)
    moving = {
        reservation.product_id: wanted[reservation.product_id]
        for reservation in order.reservations
        if (reservation.state, wanted.get(reservation.product_id)) in _CHANGES
    }
    if not moving:
        return True
    if not any(each.state is _RELEASED for each in order.reservations):
        # Given back, or sold out of what is reserved: pieces cannot be missing.
        _move(order, moving, actor=actor)
        return True
    try:
        with db.session.begin_nested():
            _move(order, moving, actor=actor)
    except _Missing:
        return False
    return True


def _reserve_missing(order: Order, wanted: Mapping[str, ReservationState]) -> None:
    """Whatever it was opened by, an order that is paid takes its pieces like any other."""
    known = {reservation.product_id for reservation in order.reservations}
    for line in order.lines:
        if wanted.get(line.product_id) is _SOLD and line.product_id not in known:
            order.reservations.append(
                StockReservation(
                    id=uuid7(),
                    tenant_id=order.tenant_id,
                    product_id=line.product_id,
                    quantity=line.quantity,
                    state=_RELEASED,
                    expires_at=utc_now(),
                )
            )


def _move(order: Order, wanted: Mapping[str, ReservationState], *, actor: str) -> None:
    now = utc_now()
    # Always in this order, so that two carts with the same products never wait for each other crosswise.
    ordered = sorted(
        (each for each in order.reservations if each.product_id in wanted), key=lambda each: each.product_id
    )
    changes = [_CHANGES[each.state, wanted[each.product_id]] for each in ordered]
    for reservation, change in zip(ordered, changes, strict=True):
        _note(reservation, change, order, actor=actor, now=now)
        reservation.state = wanted[reservation.product_id]
    # Everything else is written first: a hot product is locked for as short as it can be.
    db.session.flush()
    for reservation, change in zip(ordered, changes, strict=True):
        if not _change(reservation, change, now):
            raise _Missing(reservation.product_id)


def _note(reservation: StockReservation, change: _Change, order: Order, *, actor: str, now: datetime) -> None:
    db.session.add(
        StockMovement(
            id=uuid7(),
            tenant_id=order.tenant_id,
            product_id=reservation.product_id,
            order_id=order.id,
            reason=change.reason,
            on_hand=change.on_hand * reservation.quantity,
            reserved=change.reserved * reservation.quantity,
            sold=change.sold * reservation.quantity,
            actor=actor,
            created_at=now,
        )
    )


def _change(reservation: StockReservation, change: _Change, now: datetime) -> bool:
    """Change a product's figures, unless more would be promised than is there; whether it was done."""
    quantity = reservation.quantity
    on_hand = StockItem.on_hand + change.on_hand * quantity
    reserved = StockItem.reserved + change.reserved * quantity
    changed = db.session.execute(
        update(StockItem)
        .where(
            StockItem.tenant_id == reservation.tenant_id,
            StockItem.product_id == reservation.product_id,
            on_hand >= reserved,
        )
        .values(
            on_hand=on_hand, reserved=reserved, sold=StockItem.sold + change.sold * quantity, updated_at=now
        )
        .returning(StockItem.product_id)
        .execution_options(synchronize_session=False)
    )
    return changed.first() is not None


def lock_products(tenant_id: int, product_ids: Iterable[str]) -> None:
    """Lock the figures of several orders' products, always in the same order, before the orders are settled."""
    db.session.execute(
        select(StockItem.product_id)
        .where(StockItem.tenant_id == tenant_id, StockItem.product_id.in_(set(product_ids)))
        .order_by(StockItem.product_id)
        # Not the key: whoever writes a movement only needs the row to stay, and must not be waited for.
        .with_for_update(key_share=True)
    ).all()


def available(tenant_id: int) -> dict[str, int]:
    """For each product that is counted the pieces that can be bought now."""
    rows = db.session.execute(
        select(StockItem.product_id, StockItem.on_hand - StockItem.reserved).where(
            StockItem.tenant_id == tenant_id
        )
    )
    return {row[0]: row[1] for row in rows}
