"""Promotion codes: for which orders a code counts, what it takes off, and whether an order uses it up.

Makes no query and changes nothing.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from lumira.domain.charge_limits import step
from lumira.domain.shares import split
from lumira.models import Product, PromotionCode, PromotionUse

#: What a code consists of, in its stored form.
CODE = re.compile(r"[A-Z0-9][A-Z0-9_-]{2,39}")
#: What people write between the groups of a code, or copy with it.
_SEPARATORS = str.maketrans("", "", " \t\u00a0\u202f")
_PERCENT = 100

#: By how much a change of an order's use changes the code's numbers of reserved and of redeemed orders. Changes that
#: are not here follow from no fact: nothing is reserved again, except by the checkout.
USE_CHANGES = {
    (PromotionUse.RELEASED, PromotionUse.RESERVED): (1, 0),
    (PromotionUse.RESERVED, PromotionUse.RELEASED): (-1, 0),
    (PromotionUse.RESERVED, PromotionUse.REDEEMED): (-1, 1),
    (PromotionUse.RELEASED, PromotionUse.REDEEMED): (0, 1),
    (PromotionUse.REDEEMED, PromotionUse.RELEASED): (0, -1),
    (PromotionUse.BEYOND_LIMIT, PromotionUse.RELEASED): (0, 0),
}


class WhyNot(StrEnum):
    """Why a code does not count for an order. Buyers learn all but which of the first group it is."""

    UNKNOWN = "unknown"
    ENDED = "ended"
    USED_UP = "used_up"
    OTHER_PRODUCTS = "other_products"
    BELOW_MINIMUM = "below_minimum"
    NEEDS_EMAIL = "needs_email"
    #: The customer has used it as often as one may.
    USED_BY_CUSTOMER = "used_by_customer"
    #: So little would be left to pay that Stripe does not charge it.
    TOO_LITTLE_LEFT = "too_little_left"


def normalised(code: str) -> str:
    """Return the form in which a code is stored: in upper case, without spaces."""
    return code.translate(_SEPARATORS).upper()


def why_not(
    promotion: PromotionCode | None, items: Sequence[tuple[Product, int]], *, has_email: bool, now: datetime
) -> WhyNot | None:
    """Return why the code does not count for these products now; `None` if it does.

    Whether the last use is taken is decided by the database, when the use is reserved. One that is not valid yet looks
    like one that does not exist.
    """
    if promotion is None or not promotion.active or _begins_later(promotion, now):
        return WhyNot.UNKNOWN
    if promotion.valid_until is not None and promotion.valid_until <= now:
        return WhyNot.ENDED
    cheaper = sum(_prices(promotion, items))
    if cheaper == 0 or promotion.currency not in (None, items[0][0].currency):
        return WhyNot.OTHER_PRODUCTS
    if promotion.minimum_amount is not None and cheaper < promotion.minimum_amount:
        return WhyNot.BELOW_MINIMUM
    if promotion.max_uses_per_customer is not None and not has_email:
        return WhyNot.NEEDS_EMAIL
    return None


def _begins_later(promotion: PromotionCode, now: datetime) -> bool:
    return promotion.valid_from is not None and promotion.valid_from > now


def discounts(promotion: PromotionCode, items: Sequence[tuple[Product, int]]) -> list[int]:
    """Return what the code takes off each item, in minor units; together never more than the items cost.

    A percentage is taken of the sum and rounded half up, so that it is what a buyer computes.
    """
    prices = _prices(promotion, items)
    whole, smallest = sum(prices), step(items[0][0].currency)
    if promotion.percent is not None:
        taken = (2 * whole * promotion.percent + _PERCENT * smallest) // (2 * _PERCENT * smallest) * smallest
    else:
        taken = promotion.amount or 0
    return split(min(taken, whole), prices, step=smallest)


def _prices(promotion: PromotionCode, items: Sequence[tuple[Product, int]]) -> list[int]:
    """The price of each item that the code makes cheaper; 0 for the others."""
    return [
        product.amount * quantity if not promotion.product_ids or product.id in promotion.product_ids else 0
        for product, quantity in items
    ]
