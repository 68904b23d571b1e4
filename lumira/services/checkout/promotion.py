"""The promotion code of a checkout: whether it counts, and the use of it that an order takes."""

from collections.abc import Sequence
from datetime import datetime

from lumira.clock import utc_now
from lumira.domain.cart_price import CartPrice
from lumira.domain.charge_limits import smallest_charge
from lumira.domain.promotions import CODE, WhyNot, normalised, why_not
from lumira.errors.orders import InvalidPromotionCode
from lumira.models import Order, Product, PromotionCode, PromotionUse
from lumira.money import format_amount
from lumira.repositories.catalog import promotions
from lumira.settlement import public_bounds

#: What the caller of the API reads. That a customer has used a code reads as if everybody had: whoever enters the
#: address of another buyer must not learn from the message that they are a customer.
_SENTENCES = {
    WhyNot.UNKNOWN: "This promotion code does not exist.",
    WhyNot.ENDED: "This promotion code is not valid any more.",
    WhyNot.USED_UP: "This promotion code has been used as often as it may be.",
    WhyNot.USED_BY_CUSTOMER: "This promotion code has been used as often as it may be.",
    WhyNot.OTHER_PRODUCTS: "This promotion code does not count for these products.",
    WhyNot.NEEDS_EMAIL: "This promotion code needs the buyer's e-mail address: set customerEmail.",
}


def find_promotion(
    tenant_id: int, code: str | None, items: Sequence[tuple[Product, int]], *, has_email: bool
) -> PromotionCode | None:
    """Return the promotion code that the buyer entered; `None`, and no query, if they entered none.

    Raises `InvalidPromotionCode` if it does not count for these products now. Whether a use is left is decided when it
    is reserved.
    """
    if code is None:
        return None
    stored = normalised(code)
    promotion = promotions.find_by_code(tenant_id, stored) if CODE.fullmatch(stored) else None
    reason = why_not(promotion, items, has_email=has_email, now=utc_now())
    if promotion is None or reason is not None:
        raise _invalid(reason or WhyNot.UNKNOWN, promotion)
    return promotion


def check_charge(price: CartPrice) -> None:
    """Raise `InvalidPromotionCode` if the discount leaves an amount that Stripe does not charge."""
    smallest = smallest_charge(price.currency)
    if price.discount and 0 < price.amount < smallest:
        raise InvalidPromotionCode(
            f"With this promotion code {format_amount(price.amount, price.currency)} would be left to pay, and the "
            f"smallest payment is {format_amount(smallest, price.currency)}: add a product, or leave out the code.",
            fields={"promotionCode": ["Leaves too little to pay."]},
            why=str(WhyNot.TOO_LITTLE_LEFT),
        )


def check_uses_left(promotion: PromotionCode | None) -> None:
    """Raise `InvalidPromotionCode` if all uses are taken now: for a page that shows a price and reserves nothing."""
    if promotion is not None and promotion.max_uses is not None and promotion.uses >= promotion.max_uses:
        raise _invalid(WhyNot.USED_UP, promotion)


def reserve_use(order: Order, *, until: datetime) -> None:
    """Reserve the use of the order's code until then, after its stock; safe to repeat.

    Raises `InvalidPromotionCode` if the code, or the customer, has no use left, and `RateLimited` if the network that
    opened the order holds too many: the caller's transaction must end with it.
    """
    if order.promotion_use is None:
        return
    if order.promotion_use is PromotionUse.RELEASED:
        order.promotion_reserved_until = until
        if not promotions.move(order, PromotionUse.RESERVED):
            raise _invalid(WhyNot.USED_UP, None)
        public_bounds.check_promotion(order)
        if promotions.is_used_up_by(order):
            raise _invalid(WhyNot.USED_BY_CUSTOMER, None)
    elif order.promotion_use is PromotionUse.RESERVED and (order.promotion_reserved_until or until) < until:
        order.promotion_reserved_until = until


def _invalid(reason: WhyNot, promotion: PromotionCode | None) -> InvalidPromotionCode:
    sentence = _SENTENCES.get(reason) or _below_minimum(promotion)
    minimum = promotion.minimum_amount if promotion is not None and reason is WhyNot.BELOW_MINIMUM else None
    # The code itself is in no log: it is as good as money.
    return InvalidPromotionCode(
        sentence, fields={"promotionCode": [sentence]}, why=str(reason), minimum=minimum
    )


def _below_minimum(promotion: PromotionCode | None) -> str:
    if promotion is None or promotion.minimum_amount is None or promotion.currency is None:
        return _SENTENCES[WhyNot.UNKNOWN]
    smallest = format_amount(promotion.minimum_amount, promotion.currency)
    return f"This promotion code counts from {smallest} of the products that it makes cheaper."
