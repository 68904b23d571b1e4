"""Renders the text of messages: a plain and an HTML template for each kind and language."""

import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from lumira.models import Language, Tenant
from lumira.notifications.formatting import Formatter
from lumira.notifications.theme import theme_of

#: Characters that change the text direction: with them, a name or an address can be displayed as another one.
_BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def one_line(value: object) -> object:
    """Return a template value without line breaks and without invisible characters that change its display.

    Markup is returned unchanged: it was built from values that were filtered before.
    """
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    visible = (_visible(character) for character in value)
    return re.sub("[ \t]+", " ", "".join(visible))


def _visible(character: str) -> str:
    if character in _BIDI_CONTROLS or unicodedata.category(character) == "Cs":
        return ""
    return " " if unicodedata.category(character) in ("Cc", "Zl", "Zp") else character


_environment = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    # Names are user input: in HTML they are escaped.
    autoescape=lambda name: name is not None and name.endswith(".html.jinja"),  # noqa: S701 - plain text is no HTML
    # A misspelt variable is an error, not an empty string in an e-mail.
    undefined=StrictUndefined,
    # A name with a line break could imitate a line of the plain text.
    finalize=one_line,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True, slots=True)
class Text:
    """A rendered message: its subject, and its body as plain text and HTML."""

    subject: str
    plain: str
    html: str


def render(kind: str, language: Language, tenant: Tenant, values: dict[str, object]) -> Text:
    """Render the message of this kind with these values.

    The subject and the preheader are defined once, in the plain template, and used by both.
    """
    formatter = Formatter(language, ZoneInfo(tenant.time_zone))
    context: dict[str, object] = {
        "brand": tenant.name,
        "language": str(language),
        "theme": theme_of(tenant),
        "amount": formatter.amount,
        "day": formatter.day,
        "moment": formatter.moment,
        "last_day": formatter.last_day,
        **values,
    }
    plain = _environment.get_template(f"{kind}.{language}.txt.jinja")
    subject = _block(plain, "subject", context)
    context |= {"subject": subject, "preheader": _block(plain, "preheader", context)}
    html = _environment.get_template(f"{kind}.{language}.html.jinja")
    return Text(subject, plain.render(context).strip() + "\n", html.render(context))


def _block(template: Template, name: str, context: dict[str, object]) -> str:
    """Render one block as a single line."""
    return " ".join("".join(template.blocks[name](template.new_context(context))).split())
