"""What one network may take from a shop without paying: reserved stock, and free orders.

Every visitor of a shop has its publishable key. The bounds count what a network has now, so that they hold for a
caller who waits, and they never count what another network has.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from lumira.clock import utc_now
from lumira.errors import RateLimited
from lumira.errors.catalog import OutOfStock
from lumira.models import Order, OrderLine, ReservationState
from lumira.models.customer import mailbox_key
from lumira.repositories.catalog import promotions
from lumira.repositories.idempotency.idempotent_calls import Call
from lumira.repositories.inventory import stock_counts
from lumira.repositories.orders import openers

#: Units of a product that one network may always reserve, whatever its share: a small cart is never refused.
SMALL_CART = 5
#: Unpaid orders of one network that use one promotion code at a time.
USES_OF_CODE = 5
#: Free orders that one network opens for one mailbox in each period: each sends a confirmation.
FREE_ORDERS_PER_MAILBOX = 5


@dataclass(frozen=True, slots=True)
class PublicBounds:
    """The bounds for each network."""

    #: Unpaid orders with reserved stock at one time, and those for one mailbox.
    reservations: int
    reservations_per_email: int
    #: Percent of a product's units on hand that unpaid orders reserve.
    reservation_share: int
    #: Numbers of free orders, each with its period.
    free_orders: Sequence[tuple[int, timedelta]]


_configured: list[PublicBounds] = []


def configure(bounds: PublicBounds | None) -> None:
    """Apply these bounds to public callers; `None` applies none."""
    _configured[:] = [] if bounds is None else [bounds]


def check_reservations(order: Order) -> None:
    """Check that the network that opened the order may reserve its stock, in addition to its other unpaid orders.

    For the network that opened it, whoever calls now, because it is the one for which the units count. An order whose
    units are reserved is not checked. Raises `RateLimited` for too many unpaid orders, and `OutOfStock` for too large
    a share of a product's units.
    """
    if order.opener_network is None or not _is_bounded(order):
        return
    # Calls at the same time wait for each other here: each counts what the others reserve.
    openers.lock_network(order.tenant_id, order.opener_network)
    _check(order, order.opener_network)


def may_reserve_again(order: Order) -> bool:
    """Return whether settling may reserve the order's released units again, for another attempt to pay.

    Never waits: settling a batch may have locked the stock already, and the calls of the network lock it last. If one
    of them runs now, the order is not reserved; the next poll settles it again.
    """
    if order.opener_network is None or not _is_bounded(order):
        return True
    if not openers.try_lock_network(order.tenant_id, order.opener_network):
        return False
    try:
        _check(order, order.opener_network)
    except (OutOfStock, RateLimited):
        return False
    return True


def _is_bounded(order: Order) -> bool:
    has_units = any(item.state is ReservationState.RESERVED for item in order.reservations)
    return bool(_configured) and not has_units and any(line.keeps_stock for line in order.lines)


def _check(order: Order, network: str) -> None:
    [bounds] = _configured
    reserved = openers.list_reserved(order.tenant_id, network)
    _check_number(reserved, bounds.reservations)
    if order.customer_email is not None:
        # By the typed address: the customer that it leads to since a merge would show that there was one.
        typed = mailbox_key(order.customer_email)
        same_mailbox = [units for units in reserved if mailbox_key(units.customer_email or "") == typed]
        _check_number(same_mailbox, bounds.reservations_per_email)
    for line in order.lines:
        if line.keeps_stock:
            _check_share(line, reserved, bounds.reservation_share)


def _check_share(line: OrderLine, reserved: Sequence[openers.ReservedUnits], percent: int) -> None:
    on_hand = stock_counts.find_on_hand(line.tenant_id, line.product_id)
    allowed = max(SMALL_CART, on_hand * percent // 100)
    others = sum(units.quantity for units in reserved if units.product_id == line.product_id)
    if others + line.quantity > allowed:
        raise OutOfStock(
            f"Only {max(allowed - others, 0)} of {line.product_name} can be reserved now, "
            f"{line.quantity} requested.",
            product_id=line.product_id,
        )


def _check_number(reserved: Sequence[openers.ReservedUnits], limit: int) -> None:
    if len({reservation.order_id for reservation in reserved}) >= limit:
        first_end = min(reservation.expires_at for reservation in reserved)
        seconds = int((first_end - utc_now()).total_seconds()) + 1
        raise RateLimited(
            max(seconds, 60), "Too many unpaid orders reserve stock: pay or cancel one, or try again later."
        )


def check_promotion(order: Order) -> None:
    """Check that the network that opened the order may reserve another use of its code; raises `RateLimited`.

    Called once the use is counted: calls at the same time wait for the code's row. Otherwise a stranger could hold all
    uses of a code by orders that are never paid.
    """
    if order.opener_network is None or not _configured:
        return
    if promotions.count_reserved_by_network(order) >= USES_OF_CODE:
        raise RateLimited(
            60, "Too many unpaid orders use this promotion code: pay or cancel one, or try again later."
        )


def check_free_orders(tenant_id: int, call: Call, email: str) -> None:
    """Check that the caller's network may open another free order for this mailbox; raises `RateLimited`."""
    if call.public_network is None or not _configured:
        return
    [bounds] = _configured
    openers.lock_network(tenant_id, call.public_network)
    now, mailbox = utc_now(), mailbox_key(email)
    for limit, period in bounds.free_orders:
        opened = openers.list_free_orders(tenant_id, call.public_network, since=now - period)
        of_mailbox = [order for order in opened if mailbox_key(order.customer_email or "") == mailbox]
        for counted, most in ((opened, limit), (of_mailbox, min(limit, FREE_ORDERS_PER_MAILBOX))):
            if len(counted) >= most:
                ends_at = counted[-most].created_at + period
                raise RateLimited(int((ends_at - now).total_seconds()) + 1)
