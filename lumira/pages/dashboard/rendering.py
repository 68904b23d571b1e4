"""Renders the pages of the dashboard: one template in one language, in the shop's time zone."""

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from lumira.clock import utc_now
from lumira.domain.operators import Role
from lumira.errors import LumiraError
from lumira.models import AlertKind, Language
from lumira.notifications.alert_text import AlertText
from lumira.notifications.alert_texts import text_for
from lumira.notifications.formatting import LOCALES, Formatter
from lumira.pages.dashboard import chart
from lumira.pages.dashboard.browsers import browser_name
from lumira.pages.dashboard.due_dates import remaining
from lumira.pages.dashboard.frame import Frame, Message, navigation_for
from lumira.pages.dashboard.texts import ERRORS, TEXTS
from lumira.pages.rendering import format_size

_environment = Environment(
    loader=FileSystemLoader(Path(__file__).parents[1] / "templates" / "dashboard"),
    # Names, addresses and metadata are the input of strangers: they are escaped.
    autoescape=True,
    # A misspelt variable is an error, not an empty string on a page.
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_DEFAULT_ZONE = "Europe/Paris"


def render(template: str, frame: Frame, *, assets: dict[str, str], **values: Any) -> str:
    """Return a page as HTML; `assets` are the URLs of the style sheets and the script by their names."""
    zone = ZoneInfo(frame.shop.time_zone if frame.shop else _DEFAULT_ZONE)
    formatter, written = Formatter(frame.language, zone), written_in(frame.language, zone)
    return _environment.get_template(template).render(
        frame=frame,
        assets=assets,
        language=str(frame.language),
        languages=tuple(Language),
        texts=TEXTS[frame.language],
        navigation=navigation_for(frame.shop) if frame.shop else {},
        Role=Role,
        texts_of_errors=ERRORS[frame.language],
        alert_text=lambda kind: alert_text(kind, frame.language),
        alert_title=lambda kind: alert_title(kind, frame.language),
        messages=[
            (describe(message, frame.language, written), message.is_failure) for message in frame.messages
        ],
        browser_name=browser_name,
        amount=formatter.amount,
        day=formatter.day,
        figure=lambda value: format_decimal(value, locale=str(frame.language)),
        size=lambda length: format_size(length, frame.language),
        moment=formatter.moment,
        short_moment=lambda at: _short_moment(at, zone, frame.language),
        written=written,
        remaining=lambda at: remaining(at, utc_now(), zone, frame.language),
        last_day=formatter.last_day,
        short_day=lambda at: f"{at:%d/%m}",
        chart_size=(chart.WIDTH, chart.HEIGHT),
        **values,
    )


def _short_moment(at: datetime, zone: ZoneInfo, language: Language) -> str:
    """Format a date and time for a table: `27/11/2026 23:05`."""
    return str(format_datetime(at.astimezone(zone), "dd/MM/yyyy HH:mm", locale=LOCALES[language]))


def written_in(language: Language, zone: ZoneInfo) -> Callable[[object], object]:
    """Return what writes a time, a day or a number of a text as the language does, and leaves all else as it is."""

    def write(value: object) -> object:
        if isinstance(value, datetime):
            return _short_moment(value, zone, language)
        if isinstance(value, date):
            return format_date(value, "dd/MM/yyyy", locale=LOCALES[language])
        if isinstance(value, int):
            return format_decimal(value, locale=str(language))
        return value

    return write


def describe(message: Message, language: Language, written: Callable[[object], object]) -> str:
    """Return the text of a message: `page.name` is the entry `name` of the messages of `page`."""
    page, _, name = message.key.partition(".")
    template: str = TEXTS[language][page]["messages"][name]
    return template.format(**{name: written(value) for name, value in message.values.items()})


def alert_title(kind: AlertKind, language: Language) -> str:
    """Return what a kind of alert is about, also for one that is never sent by e-mail."""
    titles: dict[str, str] = TEXTS[language]["alerts"]["titles"]
    title = titles.get(kind) or text_for(kind, language).title
    return title[:1].upper() + title[1:]


def alert_text(kind: AlertKind, language: Language) -> AlertText:
    """Return what a kind of alert means, and what an operator does about it in the dashboard."""
    words, sent = TEXTS[language]["alerts"], text_for(kind, language)
    meaning = words["meanings"].get(kind, sent.meaning)
    return AlertText(sent.title, meaning, words["steps"].get(kind, sent.remedy))


def explain(error: LumiraError, language: Language) -> str:
    """Return what is wrong, and what to do, in the operator's language; the error's own message if none is written."""
    for kind in type(error).__mro__:
        text = ERRORS[language].get(kind.__name__)
        if text is not None:
            return text.format(**error.details)
    return error.message
