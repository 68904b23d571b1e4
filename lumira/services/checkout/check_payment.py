"""The check immediately before a buyer confirms a payment on Lumira's page."""

from lumira.clock import utc_now
from lumira.database import atomic, retried
from lumira.domain.cart_price import price_of
from lumira.domain.commands import CheckoutItem
from lumira.domain.goods import addresses
from lumira.domain.goods.shipping import postage_of
from lumira.errors.catalog import PriceChanged
from lumira.models import Order
from lumira.repositories.inventory import stock
from lumira.repositories.orders import order_polls, orders
from lumira.repositories.tenants import tenants
from lumira.services.checkout.begin_checkout import reserve_stock
from lumira.services.checkout.cart import find_products
from lumira.services.checkout.view_opened import PAYABLE, Progress, progress_of


@retried
def check_payment(tenant_id: int, order_number: str) -> Progress:
    """Return how far the order's payment is, and keep its units reserved while the buyer confirms it.

    Raises before anything can be charged: `ProductNotFound` or `LevelNotFound` if a product is no longer on sale,
    `PriceChanged` if it has another price now, `CountryNotServed` if it is no longer sent there, and `OutOfStock`,
    `RateLimited` or `InvalidPromotionCode` if the reservation has ended and the units, or the use of the code, are not
    there again.
    """
    with atomic(tenant_id):
        found = orders.get_order_of_payment(tenant_id, order_number)
        order = orders.lock_order(tenant_id, found.id)
        progress = progress_of(order)
        if progress in PAYABLE:
            _check_offer(tenant_id, order)
            reserve_stock(order, until=utc_now() + stock.PAYMENT_RESERVATION)
            order_polls.schedule(order, utc_now())
        return progress


def _check_offer(tenant_id: int, order: Order) -> None:
    items = [CheckoutItem(line.product_id, line.quantity) for line in order.lines]
    found = find_products(tenant_id, items)
    address = addresses.read(order.shipping_address)
    postage = postage_of(tenants.get(tenant_id), found, address.country if address else None)
    # Before the discount, whose use is reserved: a code that has ended since still counts for this order.
    price = price_of(found, postage=postage)
    if (price.amount, price.currency) != (order.amount + order.discount_amount, order.currency):
        raise PriceChanged("The price has changed: show the new price to the buyer.")
