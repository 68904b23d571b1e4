"""How a reservation's change of state changes the stock figures of its product."""

from dataclasses import dataclass

from lumira.models import MovementReason, ReservationState


@dataclass(frozen=True, slots=True)
class StockChange:
    """By how much one change of state changes each figure of a product, for one unit."""

    reason: MovementReason
    on_hand: int
    reserved: int
    sold: int


_RESERVED, _SOLD, _RELEASED = ReservationState.RESERVED, ReservationState.SOLD, ReservationState.RELEASED

#: The change of the figures by the state before and the state after. All other changes of state are not made:
#: sold units in particular are never merely reserved again.
STOCK_CHANGES = {
    (_RELEASED, _RESERVED): StockChange(MovementReason.RESERVE, on_hand=0, reserved=1, sold=0),
    (_RESERVED, _SOLD): StockChange(MovementReason.SALE, on_hand=-1, reserved=-1, sold=1),
    (_RESERVED, _RELEASED): StockChange(MovementReason.RELEASE, on_hand=0, reserved=-1, sold=0),
    # The payment arrived after the reservation had been released.
    (_RELEASED, _SOLD): StockChange(MovementReason.SALE, on_hand=-1, reserved=0, sold=1),
    (_SOLD, _RELEASED): StockChange(MovementReason.RETURN, on_hand=1, reserved=0, sold=-1),
}
