"""Formatting of amounts and times in a language."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time
from babel.numbers import format_currency

from lumira.models import Language
from lumira.money import decimals

#: British English: the day before the month and a 24-hour clock, as in French.
#: What Babel calls the languages.
LOCALES = {Language.FRENCH: "fr_FR", Language.ENGLISH: "en_GB"}


@dataclass(frozen=True, slots=True)
class Formatter:
    """Formats values in one language and the tenant's time zone."""

    language: Language
    zone: ZoneInfo

    def amount(self, minor_units: int, currency: str) -> str:
        """Format an amount: `47,00 €` or `€47.00`."""
        value = Decimal(minor_units).scaleb(-decimals(currency))
        return format_currency(value, currency.upper(), locale=LOCALES[self.language])

    def day(self, at: datetime) -> str:
        """Format a date: `21 novembre 2026` or `21 November 2026`."""
        return format_date(at.astimezone(self.zone), "long", locale=LOCALES[self.language])

    def last_day(self, day: date) -> str:
        """Format a date that has no time: `21 novembre 2026` or `21 November 2026`."""
        return format_date(day, "long", locale=LOCALES[self.language])

    def moment(self, at: datetime) -> str:
        """Format a date and time with its time zone: `21 novembre 2026 à 10:30 (Europe/Paris)`."""
        time = format_time(at, "short", tzinfo=self.zone, locale=LOCALES[self.language])
        preposition = "à" if self.language is Language.FRENCH else "at"
        return f"{self.day(at)} {preposition} {time} ({self.zone.key})"
