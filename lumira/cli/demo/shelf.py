"""Pieces of a brand's goods, as an operator reads them with `flask stock show`, before and after a purchase."""

from collections.abc import Mapping, Sequence

from lumira.cli.demo.failure import DemoFailed
from lumira.cli.tenants import tenant_id_of
from lumira.database import atomic
from lumira.models import ReservationState
from lumira.repositories import stock_counts, stock_proof
from lumira.repositories.stock_counts import Count
from lumira.services.inventory.count_stock import adjust_stock

_ACTOR = "demo"
#: Pieces that are put on a shelf which other starts of the same demo have emptied.
_RESTOCKED = 20
#: More than the movements that one start causes.
_LATEST = 50
#: What an order has moved in all, for each of its pieces: on hand, reserved, sold.
_MOVED = {
    ReservationState.RESERVED: (0, 1, 0),
    ReservationState.SOLD: (-1, 0, 1),
    ReservationState.RELEASED: (0, 0, 0),
}


class Shelf:
    """The goods of one purchase: for each product how many are wanted. Needs the application's context."""

    def __init__(self, slug: str, wanted: Mapping[str, int]) -> None:
        self._slug = slug
        self._tenant_id = tenant_id_of(slug)
        self._wanted = dict(wanted)
        #: The figures of each product, in the order in which they were noted.
        self.noted: dict[str, list[Count]] = {product_id: [] for product_id in wanted}
        self.moments: list[str] = []

    def restock(self) -> Sequence[str]:
        """Put pieces on the shelf where too few are left, as `flask stock adjust` does; what was done, in words."""
        return [
            self._restock(count)
            for count in self._counts()
            if count.available < self._wanted[count.product_id]
        ]

    def _restock(self, count: Count) -> str:
        now = adjust_stock(self._tenant_id, count.product_id, _RESTOCKED, actor=_ACTOR).now
        return (
            f"{self._slug} {count.product_id}: only {count.available} available, so {_RESTOCKED} more were put down, "
            f"as with `flask stock adjust`: {now.on_hand} on hand."
        )

    def note(self, moment: str) -> None:
        """Remember the figures as they are now, under this name."""
        self.moments.append(moment)
        for count in self._counts():
            self.noted[count.product_id].append(count)

    def prove(self, order_number: str, state: ReservationState, moment: str) -> None:
        """Note the figures; `DemoFailed` unless the order has moved what it should, and all figures add up."""
        with atomic(self._tenant_id):
            disagreements = stock_proof.verify(self._tenant_id)
        for product_id, quantity in self._wanted.items():
            moved = self._moved(product_id, order_number)
            due = tuple(figure * quantity for figure in _MOVED[state])
            if moved != due:
                raise DemoFailed(
                    f"{order_number} moved {moved} pieces of {product_id} (on hand, reserved, sold), not {due}."
                )
        if disagreements:
            raise DemoFailed(
                f"The stock of {self._slug} does not add up: {'; '.join(map(str, disagreements))}."
            )
        self.note(moment)

    def _moved(self, product_id: str, order_number: str) -> tuple[int, int, int]:
        with atomic(self._tenant_id):
            latest = stock_counts.list_movements(self._tenant_id, product_id, limit=_LATEST)
        own = [movement for movement, number in latest if number == order_number]
        return (
            sum(each.on_hand for each in own),
            sum(each.reserved for each in own),
            sum(each.sold for each in own),
        )

    def _counts(self) -> list[Count]:
        with atomic(self._tenant_id):
            found = stock_counts.list_stock(self._tenant_id)
        counts = [count for count in found if count.product_id in self._wanted]
        if len(counts) < len(self._wanted):
            raise DemoFailed(f"{self._slug} does not count {', '.join(self._wanted)}.")
        return counts
