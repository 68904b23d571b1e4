"""What became of the goods of an order: to ship, shipped, delivered, returned, derived from its facts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from lumira.domain import fraud_warnings
from lumira.domain.goods import parcels
from lumira.domain.order_money import is_refunded_or_being_refunded, money_of
from lumira.domain.refund_lines import units_refunded_by
from lumira.domain.withdrawal import units_of
from lumira.models import (
    Fulfilment,
    GoodsReturn,
    Order,
    OrderLine,
    OrderStatus,
    RefundRequest,
    ReturnCondition,
)

#: Nothing was paid, so that nothing is sent.
_UNPAID = (OrderStatus.PENDING, OrderStatus.PROCESSING, OrderStatus.FAILED, OrderStatus.CANCELLED)


#: Units wait to be shipped.
UNSHIPPED = (Fulfilment.TO_SHIP, Fulfilment.PARTIALLY_SHIPPED)


class NoShipment(StrEnum):
    """Why nothing of an order is shipped."""

    #: It sells no goods, or the customer has them from an earlier order.
    NO_GOODS = "no_goods"
    UNPAID = "unpaid"
    #: The payment differs from the order, and an operator decides.
    REVIEW = "review"
    #: The bank may return the money to the buyer.
    DISPUTED = "disputed"
    #: The card's issuer warned of fraud, and the tenant's policy withholds what was bought.
    FRAUD_WARNING = "fraud_warning"
    #: Or its refund is under way.
    REFUNDED = "refunded"
    #: It was paid with test money, and the shop sells live.
    TEST_ENDED = "test_ended"
    #: The buyer was erased: there is no address.
    ERASED = "erased"
    #: All units were shipped, refunded or withdrawn from.
    NOTHING_LEFT = "nothing_left"


@dataclass(frozen=True, slots=True)
class LineFulfilment:
    """How many units of one order line are where. Delivered units are shipped ones, and returned ones too."""

    line: OrderLine
    to_ship: int
    shipped: int
    delivered: int
    returned: int


@dataclass(frozen=True, slots=True)
class Goods:
    """What became of the goods of an order; `lines` is empty if it has none."""

    fulfilment: Fulfilment
    lines: tuple[LineFulfilment, ...]


NO_GOODS = Goods(Fulfilment.NONE, ())


def goods_state(order: Order, *, is_paid: bool) -> Goods:
    """Return what became of the goods of a loaded order; unpaid goods are never to ship."""
    goods = parcels.goods_of(order)
    if not goods:
        return NO_GOODS
    # An earlier version recorded no shipments: its orders wait for none, unless one is recorded nevertheless.
    is_due = is_paid and (order.tracks_shipments or order.has_parcels) and not _is_over(order)
    lines = tuple(_state_of(order, line, is_due=is_due) for line in goods)
    return Goods(_fulfilment_of(lines), lines)


def _is_over(order: Order) -> bool:
    """Whether nothing is sent any more, whatever was ordered: the buyer has the money again, or the sale ended."""
    money = money_of(order)
    has_ended = order.test_ended_at is not None or order.sold_out_at is not None
    return has_ended or money.is_fully_refunded or money.is_lost


def _state_of(order: Order, line: OrderLine, *, is_due: bool) -> LineFulfilment:
    return LineFulfilment(
        line=line,
        to_ship=remaining_units(order, line) if is_due else 0,
        shipped=parcels.shipped_units(order, line),
        delivered=parcels.delivered_units(order, line),
        returned=parcels.returned_units(order, line),
    )


def remaining_units(order: Order, line: OrderLine) -> int:
    """Return how many units of a line may still be shipped.

    A unit that was refunded or withdrawn from is one that was not shipped, as long as there is one and it had not come
    back before: a shop never sends what the buyer no longer pays for.
    """
    gone = [
        (each.confirmed_at, units_of([each])[line.id]) for each in order.withdrawals if not each.is_refused
    ]
    gone += [
        (request.created_at, units_refunded_by(order, line, request))
        for request in order.refund_requests
        if request.withdrawal_id is None and request.return_id is None
    ]
    unshipped = line.quantity - parcels.shipped_units(order, line)
    return max(unshipped - _not_back_before(order, line, gone), 0)


def _not_back_before(order: Order, line: OrderLine, gone: Iterable[tuple[datetime, int]]) -> int:
    """How many of the units that were refunded at these times had not come back by then without a refund."""
    instead = of_returned = 0
    for at, units in sorted(gone):
        back = sum(_unrefunded_units(order, line, each) for each in order.returns if each.created_at <= at)
        returned = min(units, max(back - of_returned, 0))
        of_returned += returned
        instead += units - returned
    return instead


def _unrefunded_units(order: Order, line: OrderLine, goods_return: GoodsReturn) -> int:
    """How many units of a line came back with this return, those apart that were refunded because of it."""
    units = sum(item.quantity for item in goods_return.lines if item.product_id == line.product_id)
    requests = (request for request in order.refund_requests if request.return_id == goods_return.id)
    return units - sum(units_refunded_by(order, line, request) for request in requests)


def _fulfilment_of(lines: Sequence[LineFulfilment]) -> Fulfilment:
    to_ship = sum(each.to_ship for each in lines)
    shipped = sum(each.shipped for each in lines)
    if shipped == 0:
        return Fulfilment.TO_SHIP if to_ship else Fulfilment.NONE
    if to_ship:
        return Fulfilment.PARTIALLY_SHIPPED
    if all(each.returned >= each.shipped for each in lines):
        return Fulfilment.RETURNED
    if all(max(each.delivered, each.returned) >= each.shipped for each in lines):
        return Fulfilment.DELIVERED
    return Fulfilment.SHIPPED


def why_not_shippable(order: Order) -> NoShipment | None:
    """Return why nothing of a settled order may be shipped now; `None` if something may."""
    goods = parcels.goods_of(order)
    if not goods:
        return NoShipment.NO_GOODS
    if order.review_reason is not None:
        return NoShipment.REVIEW
    if order.status in _UNPAID or order.completed_at is None:
        return NoShipment.UNPAID
    if order.test_ended_at is not None:
        return NoShipment.TEST_ENDED
    if money_of(order).is_fully_refunded or order.status is OrderStatus.REFUNDED:
        return NoShipment.REFUNDED
    if order.status is OrderStatus.DISPUTED:
        return NoShipment.DISPUTED
    if is_refunded_or_being_refunded(order):
        return NoShipment.REFUNDED
    if fraud_warnings.suspends_access(order):
        return NoShipment.FRAUD_WARNING
    if order.erased_at is not None:
        return NoShipment.ERASED
    return None if any(remaining_units(order, line) for line in goods) else NoShipment.NOTHING_LEFT


def has_open_inquiry(order: Order) -> bool:
    """Whether the buyer's bank asks about the payment: the order can be shipped, and may be disputed."""
    return any(dispute.status.is_inquiry and not dispute.status.is_decided for dispute in order.disputes)


def restocked_units(order: Order, line: OrderLine, *, is_fully_refunded: bool) -> int:
    """Return how many units of a fulfilled line are in stock again.

    What was shipped is in stock once it came back and can be sold again; what was not, once it is refunded by name, or
    the whole order is.
    """
    if not line.restock_on_refund:
        return 0
    returned = parcels.returned_units(order, line, ReturnCondition.RESTOCKABLE)
    unshipped = line.quantity - parcels.shipped_units(order, line)
    return returned + (unshipped if is_fully_refunded else min(_refunded_instead(order, line), unshipped))


def _refunded_instead(order: Order, line: OrderLine) -> int:
    """How many units were refunded by name and had not come back: they were not shipped, as long as one is left."""
    # Orders of earlier versions: what was sent of them is not known.
    if not order.tracks_shipments:
        return 0
    # By refunds that have succeeded, and did not fail later.
    made = {each.stripe_refund_id for each in order.refunds if each.has_succeeded and each.is_live}
    return _not_back_before(
        order,
        line,
        (
            (_decided_at(order, request), units_refunded_by(order, line, request))
            for request in order.refund_requests
            if request.return_id is None and request.stripe_refund_id in made
        ),
    )


def _decided_at(order: Order, request: RefundRequest) -> datetime:
    """When the buyer withdrew from the units of a request, or an operator decided it."""
    withdrawn_at = (each.confirmed_at for each in order.withdrawals if each.id == request.withdrawal_id)
    return next(withdrawn_at, request.created_at)
