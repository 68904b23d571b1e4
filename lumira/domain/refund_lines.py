"""Refunds of order lines: what they amount to, and that no unit is refunded twice."""

from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from lumira.domain.charge_limits import step
from lumira.domain.commands import RefundLine
from lumira.domain.goods.parcels import shipped_units
from lumira.domain.shares import cost_of_units
from lumira.errors.orders import NotRefundable
from lumira.models import Order, OrderLine, Payment, RefundRequest, RequestState


def freeze_lines(order: Order, payment: Payment, wanted: Sequence[RefundLine]) -> list[dict[str, Any]]:
    """Return the lines as a refund request stores them.

    Raises `NotRefundable` for a unit that was refunded before, for lines that cost nothing, and if the payment has
    another currency than the order.
    """
    if payment.currency != order.currency:
        raise NotRefundable("The payment has another currency than the order: refund an amount.", left=0)
    units = Counter[str]()
    for item in wanted:
        units[item.product_id] += item.quantity
    frozen = []
    for product_id, quantity in units.items():
        line = _find_line(order, product_id)
        remaining = refundable_quantity(order, line)
        if not 1 <= quantity <= remaining:
            raise NotRefundable(
                f"{remaining} of {line.quantity} units of {product_id} can be refunded, {quantity} were requested.",
                left=remaining,
            )
        frozen.append({"line_id": str(line.id), "quantity": quantity})
    if amount_of(order, frozen) == 0:
        # An amount of 0 must never become a full refund.
        raise NotRefundable("These lines cost nothing: there is nothing to refund.", left=0)
    return frozen


def amount_of(order: Order, lines: Sequence[dict[str, Any]], *, others: Sequence[dict[str, Any]] = ()) -> int:
    """Return what frozen lines, which no refund has refunded, cost when the order was opened, in minor units.

    With a discount, units of one line may differ by a minor unit: they are counted after those that were refunded, and
    after `others`, so that the refunds of all units together amount to what the line cost.
    """
    units = {UUID(line["line_id"]): int(line["quantity"]) for line in lines}
    return sum(
        cost_of_units(
            sold.amount,
            sold.quantity,
            before=sold.quantity - refundable_quantity(order, sold, others=others),
            units=units[sold.id],
            step=step(order.currency),
        )
        for sold in order.lines
        if sold.id in units
    )


def refundable_postage(order: Order) -> int:
    """Return the postage that no refund names, in minor units. A refund of an amount names none."""
    if order.shipping_zone is None:
        return 0
    requests = (request for request in order.refund_requests if _counts(order, request))
    return order.shipping_amount - sum(request.shipping_amount for request in requests)


def refundable_quantity(order: Order, line: OrderLine, *, others: Sequence[dict[str, Any]] = ()) -> int:
    """Return how many units no refund of this line has refunded, less those of `others`, which are about to be.

    A refund of an amount names no line.
    """
    decided = sum(int(item["quantity"]) for item in others if item["line_id"] == str(line.id))
    return line.quantity - _refunded_units(order, line, order.refund_requests) - decided


def refunded_otherwise(order: Order, line: OrderLine) -> int:
    """Return how many units were refunded for another reason than a withdrawal."""
    return _refunded_units(
        order, line, [request for request in order.refund_requests if request.withdrawal_id is None]
    )


def refunded_as_returned(order: Order, line: OrderLine) -> int:
    """Return how many units were refunded because they came back, withdrawals apart."""
    return _refunded_units(
        order, line, [request for request in order.refund_requests if request.return_id is not None]
    )


def units_refunded_by(order: Order, line: OrderLine, request: RefundRequest) -> int:
    """Return how many units of a line a request refunds, or is about to."""
    return _refunded_units(order, line, [request])


def unshipped_units(order: Order, line: OrderLine) -> int:
    """Return how many units were neither shipped nor refunded instead: a withdrawal is from these first."""
    instead = refunded_otherwise(order, line) - refunded_as_returned(order, line)
    return max(line.quantity - shipped_units(order, line) - instead, 0)


def _refunded_units(order: Order, line: OrderLine, requests: Sequence[RefundRequest]) -> int:
    return sum(
        int(item["quantity"])
        for request in requests
        if _counts(order, request)
        for item in request.lines or ()
        if item["line_id"] == str(line.id)
    )


def products_of(order: Order, request: RefundRequest) -> list[tuple[str, int]]:
    """Return the product and the units of each line that a request refunds, in the order of the request."""
    names = {str(line.id): line.product_id for line in order.lines}
    return [(names[item["line_id"]], int(item["quantity"])) for item in request.lines or ()]


def _counts(order: Order, request: RefundRequest) -> bool:
    """Whether a request refunds its lines: not if Stripe refused it, or if its refund failed later."""
    made = [
        refund
        for refund in order.refunds
        if request.stripe_refund_id is not None and refund.stripe_refund_id == request.stripe_refund_id
    ]
    return request.state is not RequestState.REFUSED and all(refund.is_live for refund in made)


def _find_line(order: Order, product_id: str) -> OrderLine:
    line = next((line for line in order.lines if line.product_id == product_id), None)
    if line is None:
        raise NotRefundable(f"The order {order.order_number} has no product {product_id}.", left=0)
    return line
