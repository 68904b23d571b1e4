"""How long it is until a deadline, in words."""

from datetime import datetime
from zoneinfo import ZoneInfo

from babel.dates import format_timedelta

from lumira.models import Language
from lumira.notifications.formatting import LOCALES
from lumira.pages.dashboard.texts import TEXTS


def remaining(due_at: datetime, now: datetime, zone: ZoneInfo, language: Language) -> str:
    """Return `in 3 days`, `today`, or `3 days ago`; days end at midnight in the zone."""
    days = due_at.astimezone(zone).date() - now.astimezone(zone).date()
    if not days:
        return str(TEXTS[language]["layout"]["today"])
    return str(
        format_timedelta(days, granularity="day", threshold=99, add_direction=True, locale=LOCALES[language])
    )
