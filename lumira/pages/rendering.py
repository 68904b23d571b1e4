"""How a page is drawn: one template, one language, one brand."""

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel.numbers import format_decimal
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from lumira.models import Language, Tenant
from lumira.notifications.formatting import Formatter
from lumira.notifications.theme import theme_of
from lumira.pages.texts import TEXTS

_environment = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    # Names of products and files come from outside: they are text and never markup.
    autoescape=True,
    # A misspelt name is an error of ours, and no gap in a page.
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)

#: What a page is drawn for where nobody knows whose it is.
_NOBODY = Tenant(name="", time_zone="Europe/Paris")


def draw(template: str, *, tenant: Tenant | None, language: Language, nonce: str, **facts: Any) -> str:
    """The page as HTML. Its one style element bears `nonce`, which the page's policy has to name."""
    brand = tenant or _NOBODY
    formatter = Formatter(language, ZoneInfo(brand.time_zone))
    return _environment.get_template(template).render(
        brand=brand.name,
        theme=theme_of(brand),
        language=str(language),
        say=TEXTS[language],
        amount=formatter.amount,
        day=formatter.day,
        size=lambda length: _size(length, language),
        nonce=nonce,
        **facts,
    )


def _size(length: int, language: Language) -> str:
    """A file's length as people say it: 1,2 Mo or 1.2 MB."""
    units = ("o", "ko", "Mo") if language is Language.FRENCH else ("B", "kB", "MB")
    shown, power = float(length), 0
    while shown >= 1000 and power < len(units) - 1:  # noqa: PLR2004 - what kilo means
        shown, power = shown / 1000, power + 1
    number = format_decimal(round(shown, 1 if power and shown < 10 else 0), locale=str(language))  # noqa: PLR2004
    # It never breaks between number and unit.
    return f"{number}\N{NO-BREAK SPACE}{units[power]}"
