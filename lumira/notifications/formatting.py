"""How amounts and times are written in the reader's language."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time
from babel.numbers import format_currency

from lumira.models import Language
from lumira.money import decimals

#: Day before month in both, and the day's hours counted to 24.
_REGION = {Language.FRENCH: "fr_FR", Language.ENGLISH: "en_GB"}


@dataclass(frozen=True, slots=True)
class Wording:
    """One language and the tenant's time zone."""

    language: Language
    zone: ZoneInfo

    def amount(self, minor_units: int, currency: str) -> str:
        """47,00 € or €47.00."""
        value = Decimal(minor_units).scaleb(-decimals(currency))
        return format_currency(value, currency.upper(), locale=_REGION[self.language])

    def day(self, at: datetime) -> str:
        """21 novembre 2026 or 21 November 2026."""
        return format_date(at.astimezone(self.zone), "long", locale=_REGION[self.language])

    def moment(self, at: datetime) -> str:
        """The day, the time and whose time it is."""
        time = format_time(at, "short", tzinfo=self.zone, locale=_REGION[self.language])
        joint = "à" if self.language is Language.FRENCH else "at"
        return f"{self.day(at)} {joint} {time} ({self.zone.key})"
