"""The form of a promotion code: what is written in it, and the terms that it describes."""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Self
from zoneinfo import ZoneInfo

from flask import request

from lumira.blueprints.pages.dashboard.paging import read_day, sent_in_form
from lumira.domain.days import begin_of, end_of
from lumira.domain.promotion_terms import PromotionTerms
from lumira.domain.promotions import normalised
from lumira.money import parse_amount, plain_amount
from lumira.pages.dashboard.frame import Shop
from lumira.services.promotions.view_promotions import PromotionDetails

_WHOLE = re.compile(r"[0-9]{1,9}", re.ASCII)
_NUMBERS = ("percent", "max_uses", "max_uses_per_customer")
_AMOUNTS = ("amount", "minimum_amount")
_DAYS = ("first_day", "last_day")
#: Products that one code can be for.
_MOST_PRODUCTS = 500


@dataclass
class PromotionForm:
    """What is written in the form, and the key of a text for each field that is wrong."""

    values: dict[str, str]
    product_ids: tuple[str, ...] = ()
    errors: dict[str, str] = field(default_factory=dict)
    #: The fingerprint of the terms that the operator saw, of an existing code.
    seen: str = ""

    @classmethod
    def empty(cls) -> Self:
        """The form of a new code."""
        return cls(dict.fromkeys(("code", *_NUMBERS, *_AMOUNTS, *_DAYS), ""))

    @classmethod
    def sent(cls) -> Self:
        """The form as the request has it."""
        values = {name: sent_in_form(name) for name in ("code", *_NUMBERS, *_AMOUNTS, *_DAYS)}
        product_ids = tuple(request.form.getlist("products")[:_MOST_PRODUCTS])
        return cls(values, product_ids, seen=sent_in_form("seen"))

    @classmethod
    def of(cls, details: PromotionDetails, shop: Shop, *, comma: bool) -> Self:
        """The form with the terms of a code; `comma` if the language writes decimals with a comma."""
        promotion, zone = details.promotion, ZoneInfo(shop.time_zone)
        form = cls.empty()
        form.values["code"] = promotion.code
        for name in _NUMBERS:
            form.values[name] = str(getattr(promotion, name) or "")
        for name in _AMOUNTS:
            amount = getattr(promotion, name)
            form.values[name] = "" if amount is None else plain_amount(amount, shop.currency, comma=comma)
        form.values["first_day"] = _day(promotion.valid_from, zone)
        # Until the midnight that ends the last day.
        last = promotion.valid_until - timedelta(microseconds=1) if promotion.valid_until else None
        form.values["last_day"] = _day(last, zone)
        form.product_ids, form.seen = tuple(promotion.product_ids), details.fingerprint
        return form

    def read(self, shop: Shop, *, code: str | None = None) -> PromotionTerms | None:
        """Return the terms, of an existing `code` or of a new one; `None` with `errors` for what is no number or day.

        Whether they make sense is for the use case to say.
        """
        numbers = {name: self._number(name) for name in _NUMBERS}
        amounts = {name: self._amount(name, shop.currency) for name in _AMOUNTS}
        first, last = (read_day(self.values[name]) for name in _DAYS)
        for name, day in zip(_DAYS, (first, last), strict=True):
            if self.values[name] and day is None:
                self.errors[name] = "day"
        if self.errors:
            return None
        zone = ZoneInfo(shop.time_zone)
        return PromotionTerms(
            code=code or normalised(self.values["code"]),
            currency=shop.currency,
            valid_from=begin_of(first, zone) if first else None,
            valid_until=end_of(last, zone) if last else None,
            product_ids=self.product_ids,
            **numbers,
            **amounts,
        )

    def refuse(self, problems: dict[str, str]) -> None:
        """Show the problems that the use case has found beside the fields."""
        self.errors |= {_FIELDS.get(name, name): problem for name, problem in problems.items()}

    def _number(self, name: str) -> int | None:
        text = self.values[name].removesuffix("%").strip()
        if text and not _WHOLE.fullmatch(text):
            self.errors[name] = "percent" if name == "percent" else "uses"
            return None
        return int(text) if text else None

    def _amount(self, name: str, currency: str) -> int | None:
        text = self.values[name]
        try:
            return parse_amount(text[:40], currency) if text else None
        except ValueError:
            self.errors[name] = "amount"
            return None


#: The field that shows a problem of a term.
_FIELDS = {"valid_from": "first_day", "valid_until": "last_day", "product_ids": "products"}


def _day(at: datetime | None, zone: ZoneInfo) -> str:
    return "" if at is None else at.astimezone(zone).date().isoformat()
