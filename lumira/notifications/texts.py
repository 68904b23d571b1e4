"""The texts of messages: a pair of templates, HTML and plain, for each kind and language."""

import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from lumira.models import Language, Tenant
from lumira.notifications.formatting import Wording
from lumira.notifications.theme import theme_of

#: Characters that turn the direction of what follows: an address or a name could be made to read as another.
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def one_line(value: object) -> object:
    """What a template tells, without line breaks or anything invisible that changes what is read.

    What is markup already stays as it is: it is made of values that went through here.
    """
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    kept = (_visible(character) for character in value)
    return re.sub("[ \t]+", " ", "".join(kept))


def _visible(character: str) -> str:
    if character in _TURNING or unicodedata.category(character) == "Cs":
        return ""
    return " " if unicodedata.category(character) in ("Cc", "Zl", "Zp") else character


_environment = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    # Names come from outside: in HTML they are text and never markup.
    autoescape=lambda name: name is not None and name.endswith(".html.jinja"),  # noqa: S701 - plain text is no HTML
    # A misspelt name is an error of ours, and no gap in a letter.
    undefined=StrictUndefined,
    # A name of two lines would make a line of its own in a plain letter.
    finalize=one_line,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True, slots=True)
class Text:
    """One message in words: the line above it, and its body twice."""

    subject: str
    plain: str
    html: str


def render(kind: str, language: Language, tenant: Tenant, facts: dict[str, object]) -> Text:
    """The message of this kind about these facts.

    The plain template holds the subject and the line that mail programs show beside it, so that they stand
    in one place for both.
    """
    wording = Wording(language, ZoneInfo(tenant.time_zone))
    context: dict[str, object] = {
        "brand": tenant.name,
        "language": str(language),
        "theme": theme_of(tenant),
        "amount": wording.amount,
        "day": wording.day,
        "moment": wording.moment,
        **facts,
    }
    plain = _environment.get_template(f"{kind}.{language}.txt.jinja")
    subject = _block(plain, "subject", context)
    told = context | {"subject": subject, "preheader": _block(plain, "preheader", context)}
    html = _environment.get_template(f"{kind}.{language}.html.jinja")
    return Text(subject, plain.render(told).strip() + "\n", html.render(told))


def _block(template: Template, name: str, context: dict[str, object]) -> str:
    """What one block says, in one line."""
    return " ".join("".join(template.blocks[name](template.new_context(context))).split())
