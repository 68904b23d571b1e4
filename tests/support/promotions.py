"""The proof that the figures of promotion codes are the numbers of their orders."""

from collections import Counter

from sqlalchemy import select

from lumira.database import atomic, db
from lumira.models import Order, PromotionCode, PromotionUse
from tests.support.factories import Brand


def check_codes(brand: Brand) -> None:
    """Check that each code counts the orders that use it, and none beyond its limit."""
    with atomic(brand.id):
        codes = list(
            db.session.execute(select(PromotionCode).where(PromotionCode.tenant_id == brand.id)).scalars()
        )
        used = Counter(
            db.session.execute(
                select(Order.promotion_code_id, Order.promotion_use).where(
                    Order.tenant_id == brand.id, Order.promotion_code_id.is_not(None)
                )
            ).tuples()
        )
    for code in codes:
        counted = (used[code.id, PromotionUse.RESERVED], used[code.id, PromotionUse.REDEEMED])
        assert (code.reserved, code.redeemed) == counted, code.code
        assert code.max_uses is None or sum(counted) <= code.max_uses
