"""How a reservation's change of state changes the stock figures of its product."""

from dataclasses import dataclass

from lumira.models import MovementReason, ReservationState


@dataclass(frozen=True, slots=True)
class StockChange:
    """By how much a change of state changes each figure of a product, in units."""

    reason: MovementReason
    on_hand: int
    reserved: int
    sold: int


_RESERVED, _SOLD, _RELEASED = ReservationState.RESERVED, ReservationState.SOLD, ReservationState.RELEASED

#: The change of the figures for one unit, by the state before and the state after. All other changes of state are not
#: made: sold units in particular are never merely reserved again.
STOCK_CHANGES = {
    (_RELEASED, _RESERVED): StockChange(MovementReason.RESERVE, on_hand=0, reserved=1, sold=0),
    (_RESERVED, _SOLD): StockChange(MovementReason.SALE, on_hand=-1, reserved=-1, sold=1),
    (_RESERVED, _RELEASED): StockChange(MovementReason.RELEASE, on_hand=0, reserved=-1, sold=0),
    # The payment arrived after the reservation had been released.
    (_RELEASED, _SOLD): StockChange(MovementReason.SALE, on_hand=-1, reserved=0, sold=1),
    (_SOLD, _RELEASED): StockChange(MovementReason.RETURN, on_hand=1, reserved=0, sold=-1),
}


def change_between(
    before: tuple[ReservationState, int], after: tuple[ReservationState, int], *, quantity: int
) -> StockChange | None:
    """Return what changes for all units of a reservation; `None` if nothing does, or if the change is not made.

    Each side is a state and how many sold units are in stock again.
    """
    (state, restocked), (new_state, newly_restocked) = before, after
    if state is not new_state:
        if (state, new_state) not in STOCK_CHANGES:
            return None
        reason = STOCK_CHANGES[state, new_state].reason
    elif restocked == newly_restocked:
        return None
    else:
        reason = MovementReason.RETURN if newly_restocked > restocked else MovementReason.SALE
    old, new = _figures(state, quantity, restocked), _figures(new_state, quantity, newly_restocked)
    on_hand, reserved, sold = (new[figure] - old[figure] for figure in range(3))
    return StockChange(reason, on_hand=on_hand, reserved=reserved, sold=sold)


def takes_free_units(change: StockChange) -> bool:
    """Whether the change takes units that nobody has reserved, so that they can be missing."""
    return change.on_hand < change.reserved


def _figures(state: ReservationState, quantity: int, restocked: int) -> tuple[int, int, int]:
    """What a reservation adds to the units on hand, reserved and sold."""
    if state is _RESERVED:
        return 0, quantity, 0
    sold = quantity - restocked if state is _SOLD else 0
    return -sold, 0, sold
