"""Amounts, dates and rates in the format of a language."""

from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel.dates import format_date
from babel.numbers import format_currency, format_decimal

from lumira.models import Language
from lumira.money import decimals


def amount_in(language: Language, amount: int, currency: str) -> str:
    """Format minor units: 4700 eur is `47,00 €` in French."""
    value = Decimal(amount).scaleb(-decimals(currency))
    # Stripe counts decimals of a few currencies that are not in use: none of them is rounded away.
    return format_currency(value, currency.upper(), locale=language, decimal_quantization=False)


def day_in(language: Language, at: datetime, time_zone: str) -> str:
    """Format the date of a time in a time zone."""
    return format_date(at.astimezone(ZoneInfo(time_zone)).date(), format="long", locale=language)


def rate_in(language: Language, rate: str) -> str:
    """Format a rate in percent, without trailing zeros."""
    number = format_decimal(Decimal(rate).normalize(), locale=language, decimal_quantization=False)
    return f"{number}\N{NO-BREAK SPACE}%" if language is Language.FRENCH else f"{number}%"
