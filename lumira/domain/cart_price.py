"""What a cart costs: the one place that sums the amount of an order."""

from collections.abc import Sequence
from dataclasses import dataclass

from lumira.domain.goods.shipping import Postage
from lumira.domain.promotions import discounts
from lumira.models import Product, PromotionCode


@dataclass(frozen=True, slots=True)
class CartPrice:
    """The price of a cart, in minor units."""

    currency: str
    #: What each item costs before a discount, and what a promotion code takes off it, in the order of the items.
    prices: tuple[int, ...]
    discounts: tuple[int, ...]
    #: What sending the goods costs; `None` if nothing is sent, or the shop asks no address.
    postage: Postage | None = None

    @property
    def discount(self) -> int:
        return sum(self.discounts)

    @property
    def amount(self) -> int:
        """What the buyer pays: no discount lowers the postage."""
        return sum(self.prices) - self.discount + (self.postage.amount if self.postage else 0)


def price_of(
    items: Sequence[tuple[Product, int]],
    promotion: PromotionCode | None = None,
    postage: Postage | None = None,
) -> CartPrice:
    """Return what the products cost in these quantities, sent for this postage; the promotion code counts for them."""
    return CartPrice(
        currency=items[0][0].currency,
        prices=tuple(product.amount * quantity for product, quantity in items),
        discounts=tuple(discounts(promotion, items)) if promotion is not None else (0,) * len(items),
        postage=postage,
    )
