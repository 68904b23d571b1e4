"""Renders pages: one template in one language and one brand's theme."""

from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel.numbers import format_decimal
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from lumira.domain.goods.addresses import lines_of
from lumira.link_tokens import withdrawal_path
from lumira.models import Language, Tenant
from lumira.notifications.formatting import Formatter
from lumira.notifications.theme import theme_of
from lumira.pages.texts import TEXTS

_environment = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    # Names of products and files are user input: they are escaped.
    autoescape=True,
    # A misspelt variable is an error, not an empty string on a page.
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)

#: The default theme, for a page whose tenant is unknown.
_UNBRANDED = Tenant(name="", time_zone="Europe/Paris")


def render_page(
    template: str, *, tenant: Tenant | None, language: Language, nonce: str, **values: Any
) -> str:
    """Return the page as HTML. Its style element has `nonce`, which the Content-Security-Policy must allow."""
    brand = tenant or _UNBRANDED
    formatter = Formatter(language, ZoneInfo(brand.time_zone))
    return _environment.get_template(template).render(
        brand=brand.name,
        theme=theme_of(brand),
        language=str(language),
        texts=TEXTS[language],
        amount=formatter.amount,
        day=formatter.day,
        last_day=formatter.last_day,
        moment=formatter.moment,
        address_lines=partial(lines_of, language=str(language)),
        withdrawal_path=None if tenant is None else withdrawal_path(brand.slug, language),
        size=lambda length: format_size(length, language),
        nonce=nonce,
        **values,
    )


def format_size(length: int, language: Language) -> str:
    """Format a file size in bytes: `1,2 Mo` or `1.2 MB`."""
    units = ("o", "ko", "Mo") if language is Language.FRENCH else ("B", "kB", "MB")
    value, power = float(length), 0
    while value >= 1000 and power < len(units) - 1:  # noqa: PLR2004 - decimal units
        value, power = value / 1000, power + 1
    number = format_decimal(round(value, 1 if power and value < 10 else 0), locale=str(language))  # noqa: PLR2004
    # No line break between number and unit.
    return f"{number}\N{NO-BREAK SPACE}{units[power]}"
