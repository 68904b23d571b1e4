"""The terms of a promotion code as an operator enters them, and what is wrong with them."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from lumira.domain.charge_limits import LARGEST_AMOUNT, step
from lumira.domain.promotions import CODE
from lumira.models import PromotionCode

#: More uses than any shop counts.
MAX_USES = 1_000_000
_LARGEST_PERCENT = 100

#: What is wrong with a field, as one sentence.
PROBLEMS = {
    "code": "Must have 3 to 40 letters, digits, hyphens or underscores, and begin with a letter or a digit.",
    "one": "Must be either a percentage or an amount.",
    "percent": "Must be a whole number from 1 to 100.",
    "amount": "Must be an amount above 0, in the smallest unit of the currency that is charged.",
    "period": "Must end after it begins.",
    "products": "Must be ids of products of this shop.",
    "uses": f"Must be a whole number from 1 to {MAX_USES}.",
    "below_uses": "Must not be less than the number of orders that use the code.",
    "taken": "Is that of another promotion code.",
}


@dataclass(frozen=True, slots=True)
class PromotionTerms:
    """What a code takes off, for which orders, and how often; amounts in minor units of the shop's currency."""

    #: As it is stored: `promotions.normalised`.
    code: str
    currency: str
    percent: int | None = None
    amount: int | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    product_ids: tuple[str, ...] = ()
    minimum_amount: int | None = None
    max_uses: int | None = None
    max_uses_per_customer: int | None = None

    @property
    def columns(self) -> dict[str, object]:
        """The values of the row's columns, without the code."""
        has_amount = self.amount is not None or self.minimum_amount is not None
        return {
            "percent": self.percent,
            "amount": self.amount,
            "currency": self.currency if has_amount else None,
            "valid_from": self.valid_from,
            "valid_until": self.valid_until,
            "product_ids": list(self.product_ids),
            "minimum_amount": self.minimum_amount,
            "max_uses": self.max_uses,
            "max_uses_per_customer": self.max_uses_per_customer,
        }


#: The columns that an operator may change.
EDITABLE = tuple(PromotionTerms("", "").columns)


def values_of(promotion: PromotionCode) -> dict[str, object]:
    """Return what an operator may change of a code, as it is stored."""
    return {name: getattr(promotion, name) for name in EDITABLE}


def problems_of(terms: PromotionTerms, *, product_ids: Collection[str], uses: int = 0) -> dict[str, str]:
    """Return the key of a problem for each field that is wrong; `product_ids` are those of the shop."""
    return dict(_problems(terms, product_ids, uses))


def _problems(terms: PromotionTerms, product_ids: Collection[str], uses: int) -> Iterator[tuple[str, str]]:
    if not CODE.fullmatch(terms.code):
        yield "code", "code"
    yield from _problems_of_discount(terms)
    for name, amount in (("amount", terms.amount), ("minimum_amount", terms.minimum_amount)):
        if amount is not None and not _is_amount(amount, terms.currency):
            yield name, "amount"
    if (
        terms.valid_from is not None
        and terms.valid_until is not None
        and terms.valid_from >= terms.valid_until
    ):
        yield "valid_until", "period"
    if not set(terms.product_ids) <= set(product_ids):
        yield "product_ids", "products"
    yield from _problems_of_limits(terms, uses)


def _problems_of_discount(terms: PromotionTerms) -> Iterator[tuple[str, str]]:
    if (terms.percent is None) == (terms.amount is None):
        yield "percent", "one"
    elif terms.percent is not None and not 1 <= terms.percent <= _LARGEST_PERCENT:
        yield "percent", "percent"


def _problems_of_limits(terms: PromotionTerms, uses: int) -> Iterator[tuple[str, str]]:
    limits = {"max_uses": terms.max_uses, "max_uses_per_customer": terms.max_uses_per_customer}
    for name, most in limits.items():
        if most is not None and not 1 <= most <= MAX_USES:
            yield name, "uses"
        elif most is not None and name == "max_uses" and most < uses:
            yield name, "below_uses"


def _is_amount(amount: int, currency: str) -> bool:
    return 0 < amount <= LARGEST_AMOUNT and amount % step(currency) == 0
