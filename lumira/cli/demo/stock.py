"""Stock figures of a purchase's products, as `flask stock show` displays them, before and after each step."""

from collections.abc import Mapping, Sequence

from lumira.cli.demo.failure import DemoFailed
from lumira.cli.tenants import tenant_id_of
from lumira.database import atomic
from lumira.models import ReservationState
from lumira.repositories.inventory import stock_counts, stock_proof
from lumira.repositories.inventory.stock_counts import StockFigures
from lumira.services.inventory.correct_stock import adjust_stock

_ACTOR = "demo"
#: Units added to a product that earlier runs of the demo have sold out.
_RESTOCKED_UNITS = 20
#: More than the movements that one run causes.
_MOVEMENTS = 50
#: The sum of an order's stock movements per unit in each state: on hand, reserved, sold.
_EXPECTED_CHANGES = {
    ReservationState.RESERVED: (0, 1, 0),
    ReservationState.SOLD: (-1, 0, 1),
    ReservationState.RELEASED: (0, 0, 0),
}


class StockTracker:
    """The stock of one purchase's products, with the quantity of each. Needs the application's context."""

    def __init__(self, slug: str, quantities: Mapping[str, int]) -> None:
        self._slug = slug
        self._tenant_id = tenant_id_of(slug)
        self._quantities = dict(quantities)
        #: The figures of each product, one for each of the `steps`.
        self.counts: dict[str, list[StockFigures]] = {product_id: [] for product_id in quantities}
        self.steps: list[str] = []

    def restock(self) -> Sequence[str]:
        """Add units where too few are available, as `flask stock adjust` does; return a line for each addition."""
        return [
            self._restock(count)
            for count in self._current_counts()
            if count.available < self._quantities[count.product_id]
        ]

    def _restock(self, count: StockFigures) -> str:
        now = adjust_stock(self._tenant_id, count.product_id, _RESTOCKED_UNITS, actor=_ACTOR).after
        return (
            f"{self._slug} {count.product_id}: only {count.available} available; added {_RESTOCKED_UNITS} units, "
            f"as `flask stock adjust` does: {now.on_hand} on hand."
        )

    def record(self, step: str) -> None:
        """Record the current figures under this name."""
        self.steps.append(step)
        for count in self._current_counts():
            self.counts[count.product_id].append(count)

    def verify(self, order_number: str, state: ReservationState, step: str) -> None:
        """Record the figures; `DemoFailed` unless the order's stock movements are as expected for this state."""
        with atomic(self._tenant_id):
            differences = stock_proof.verify(self._tenant_id)
        for product_id, quantity in self._quantities.items():
            changes = self._changes(product_id, order_number)
            expected = tuple(change * quantity for change in _EXPECTED_CHANGES[state])
            if changes != expected:
                raise DemoFailed(
                    f"{order_number} changed the stock of {product_id} (on hand, reserved, sold) by {changes}, "
                    f"not by {expected}."
                )
        if differences:
            raise DemoFailed(
                f"The stock of {self._slug} does not add up: {'; '.join(map(str, differences))}."
            )
        self.record(step)

    def _changes(self, product_id: str, order_number: str) -> tuple[int, int, int]:
        with atomic(self._tenant_id):
            latest = stock_counts.list_movements(self._tenant_id, product_id, limit=_MOVEMENTS)
        movements = [movement for movement, number in latest if number == order_number]
        return (
            sum(movement.on_hand for movement in movements),
            sum(movement.reserved for movement in movements),
            sum(movement.sold for movement in movements),
        )

    def _current_counts(self) -> list[StockFigures]:
        with atomic(self._tenant_id):
            stock = stock_counts.list_stock(self._tenant_id)
        counts = [count for count in stock if count.product_id in self._quantities]
        if len(counts) < len(self._quantities):
            raise DemoFailed(f"{self._slug} does not track the stock of {', '.join(self._quantities)}.")
        return counts
