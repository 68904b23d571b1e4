"""The text of an alert in one language."""

from dataclasses import dataclass

from lumira.models import Language


@dataclass(frozen=True, slots=True)
class AlertText:
    """The explanation of one kind of alert: a title, what happened, and what to do."""

    title: str
    meaning: str
    remedy: str


Translations = dict[Language, AlertText]


def in_both(french: tuple[str, str, str], english: tuple[str, str, str]) -> Translations:
    """Return the texts of a kind in both languages, each a title, a meaning and a remedy."""
    # French typography: no line break before a semicolon.
    unbroken = (part.replace(" ;", "\u00a0;") for part in french)
    return {Language.FRENCH: AlertText(*unbroken), Language.ENGLISH: AlertText(*english)}
