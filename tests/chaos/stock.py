"""Pieces: none sold that was not there, none reserved for who is not buying any more, and every figure explained."""

from collections import Counter
from collections.abc import Iterator

from tests.chaos.differences import Difference
from tests.chaos.lumira_side import Records
from tests.chaos.plan import Plan

#: Statuses of an order that somebody may still pay.
_OPEN = ("pending", "processing", "failed")


def compare_stock(plan: Plan, records: Records) -> Iterator[Difference]:
    """The figures of all goods, reserved against what the orders have of them and what there was at the beginning."""
    sold, reserved = count_pieces(records, "sold"), count_pieces(records, "reserved")
    for row in records.stock:
        key = row["tenant"], row["product_id"]
        if row["on_hand"] < 0 or row["reserved"] > row["on_hand"] or sold[key] > plan.stock[key]:
            yield Difference("doubled", f"oversold: of {plan.stock[key]} pieces {sold[key]} are sold, {row}")
        wanted = (plan.stock[key] - sold[key], reserved[key], sold[key])
        if (row["on_hand"], row["reserved"], row["sold"]) != wanted:
            yield Difference("wrong", f"pieces on hand, reserved, sold: {wanted}, found {row}")
    if {(row["tenant"], row["product_id"]) for row in records.stock} != plan.stock.keys():
        yield Difference("lost", f"goods that are counted: {sorted(plan.stock)}, found {records.stock}")
    for order in records.orders:
        states = {row["state"] for row in order.reservations}
        if "reserved" in states and order.row["status"] not in _OPEN:
            yield Difference(
                "stuck", f"pieces reserved for an order that is {order.row['status']}", order.number
            )


def count_pieces(records: Records, state: str) -> Counter[tuple[str, str]]:
    """Pieces that orders have in this state, by tenant and product."""
    pieces: Counter[tuple[str, str]] = Counter()
    for order in records.orders:
        for row in order.reservations:
            if row["state"] == state:
                pieces[order.row["tenant"], row["product_id"]] += row["quantity"]
    return pieces
