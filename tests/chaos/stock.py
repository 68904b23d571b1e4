"""Stock: nothing is oversold, nothing is reserved for a closed order, and the figures match the orders."""

from collections import Counter
from collections.abc import Iterator

from tests.chaos.differences import Difference
from tests.chaos.lumira_side import LumiraState
from tests.chaos.plan import Plan

#: Statuses of an order that can still be paid.
_OPEN = ("pending", "processing", "failed")


def compare_stock(plan: Plan, lumira: LumiraState) -> Iterator[Difference]:
    """Compare the stock of all physical products with the orders and with the initial stock."""
    sold, reserved = count_units(lumira, "sold"), count_units(lumira, "reserved")
    for row in lumira.stock:
        key = row["tenant"], row["product_id"]
        if row["on_hand"] < 0 or row["reserved"] > row["on_hand"] or sold[key] > plan.stock[key]:
            yield Difference("doubled", f"oversold: of {plan.stock[key]} units {sold[key]} are sold, {row}")
        expected = (plan.stock[key] - sold[key], reserved[key], sold[key])
        if (row["on_hand"], row["reserved"], row["sold"]) != expected:
            yield Difference("wrong", f"units on hand, reserved, sold: {expected}, found {row}")
    if {(row["tenant"], row["product_id"]) for row in lumira.stock} != plan.stock.keys():
        yield Difference("lost", f"stocked products {sorted(plan.stock)}, found {lumira.stock}")
    for order in lumira.orders:
        states = {row["state"] for row in order.reservations}
        if "reserved" in states and order.row["status"] not in _OPEN:
            yield Difference(
                "stuck", f"units reserved for an order that is {order.row['status']}", order.number
            )


def count_units(lumira: LumiraState, state: str) -> Counter[tuple[str, str]]:
    """Return the units that orders have in this state, by tenant and product."""
    units: Counter[tuple[str, str]] = Counter()
    for order in lumira.orders:
        for row in order.reservations:
            if row["state"] == state:
                # Of sold units, those that came back are in stock again.
                units[order.row["tenant"], row["product_id"]] += row["quantity"] - row["restocked"]
    return units
