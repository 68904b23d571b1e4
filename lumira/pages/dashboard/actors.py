"""Who acted, as the team knows them."""

from collections.abc import Mapping

from lumira.models import Language
from lumira.pages.dashboard.texts import TEXTS


def name_of(actor: str, operators: Mapping[str, str], language: Language) -> str:
    """Return the name of an actor of the audit log: an operator's address, or what acts by itself.

    `operators` has the addresses of the team, also of those who left it, by their names in the audit log.
    """
    if actor in operators:
        return operators[actor]
    words: Mapping[str, str] = TEXTS[language]["layout"]["actors"]
    kind, _, detail = actor.partition(":")
    return words["removed"] if kind == "operator" and detail else words.get(kind, actor)
