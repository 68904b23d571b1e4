"""Amounts, dates and rates as a language writes them."""

from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel.dates import format_date
from babel.numbers import format_currency, format_decimal

from lumira.models import Language
from lumira.money import decimals


def amount_in(language: Language, amount: int, currency: str) -> str:
    """Minor units as a buyer reads them: 4700 eur is `47,00 €` in French."""
    value = Decimal(amount).scaleb(-decimals(currency))
    # Stripe counts decimals of a few currencies that nobody writes: none of them is rounded away.
    return format_currency(value, currency.upper(), locale=language, decimal_quantization=False)


def day_in(language: Language, at: datetime, time_zone: str) -> str:
    """The day on which something happened, by the calendar of a time zone."""
    return format_date(at.astimezone(ZoneInfo(time_zone)).date(), format="long", locale=language)


def rate_in(language: Language, rate: str) -> str:
    """Percent, without zeros that say nothing."""
    number = format_decimal(Decimal(rate).normalize(), locale=language, decimal_quantization=False)
    return f"{number}\N{NO-BREAK SPACE}%" if language is Language.FRENCH else f"{number}%"
