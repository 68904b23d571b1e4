"""Promotion codes of a tenant: what each takes off the price, for which orders, and how often."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, String, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from lumira.database import Base
from lumira.models.columns import Identified, MinorUnits, Timestamped


class PromotionUse(StrEnum):
    """Whether an order counts as a use of its promotion code."""

    #: The order is being paid.
    RESERVED = "reserved"
    #: The order was paid, or completed free; also after a refund.
    REDEEMED = "redeemed"
    #: The order counts no use: it ended unpaid, or its first transaction has not counted it yet.
    RELEASED = "released"
    #: The order was paid after its use had been released and others had taken the last one: its price stays, and it
    #: counts no use.
    BEYOND_LIMIT = "beyond_limit"


class PromotionCode(Identified, Timestamped, Base):
    """A code that lowers the price of an order by a percentage or by an amount.

    `reserved` and `redeemed` are the numbers of the orders in that state. The constraint prevents that a code is used
    more often than it may be, however many buyers enter it at the same time.
    """

    __tablename__ = "promotion_codes"
    __table_args__ = (
        UniqueConstraint("tenant_id", "code"),
        CheckConstraint("code ~ '^[A-Z0-9][A-Z0-9_-]{2,39}$'", name="code_is_normalised"),
        CheckConstraint("percent BETWEEN 1 AND 100", name="percent_is_a_share"),
        CheckConstraint("amount BETWEEN 1 AND 999999999999", name="amount_fits_stripe"),
        CheckConstraint("(percent IS NULL) <> (amount IS NULL)", name="takes_off_one_thing"),
        CheckConstraint("currency ~ '^[a-z]{3}$'", name="currency_is_iso"),
        CheckConstraint("minimum_amount BETWEEN 1 AND 999999999999", name="minimum_fits_stripe"),
        CheckConstraint(
            "(currency IS NULL) = (amount IS NULL AND minimum_amount IS NULL)", name="amounts_have_a_currency"
        ),
        CheckConstraint("valid_from < valid_until", name="validity_begins_first"),
        CheckConstraint("max_uses > 0", name="uses_are_positive"),
        CheckConstraint("max_uses_per_customer > 0", name="uses_of_customer_are_positive"),
        CheckConstraint("reserved >= 0 AND redeemed >= 0", name="uses_are_not_negative"),
        CheckConstraint("reserved + redeemed <= max_uses", name="nothing_is_used_too_often"),
    )

    #: In upper case: buyers may enter it in any case.
    code: Mapped[str]
    #: What it takes off: either a percentage from 1 to 100, or an amount in minor units.
    percent: Mapped[int | None]
    amount: Mapped[MinorUnits | None]
    #: Of `amount` and `minimum_amount`; `None` if the code has neither, and applies in each currency.
    currency: Mapped[str | None] = mapped_column(String(3))
    #: Counted from this time, and until this time, which is not included; `None` for no bound.
    valid_from: Mapped[datetime | None]
    valid_until: Mapped[datetime | None]
    #: The ids of the products that it makes cheaper; none for all products.
    product_ids: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    #: What these products have to cost together, in minor units, before the discount.
    minimum_amount: Mapped[MinorUnits | None]
    #: How many orders may use it, and how many of one customer; `None` for no limit.
    max_uses: Mapped[int | None]
    max_uses_per_customer: Mapped[int | None]
    active: Mapped[bool] = mapped_column(default=True)
    #: The numbers of orders that use it and are being paid, and of those that are paid.
    reserved: Mapped[int] = mapped_column(default=0)
    redeemed: Mapped[int] = mapped_column(default=0)

    @property
    def uses(self) -> int:
        """The orders that count, those being paid included."""
        return self.reserved + self.redeemed
