"""The texts of the dashboard exist in both languages, with the same names and the same places for values."""

import re
from pathlib import Path
from string import Formatter
from typing import Any

import pytest

from lumira import pages
from lumira.domain.operators import Role
from lumira.domain.waiting import Repair
from lumira.models import AlertKind, GrantReason, Language, MessageKind
from lumira.pages.dashboard.frame import NAVIGATION, Group
from lumira.pages.dashboard.rendering import alert_text
from lumira.pages.dashboard.texts import ERRORS, TEXTS


def leaves(texts: Any, path: str = "") -> dict[str, str]:
    """Every text by the names that lead to it."""
    if isinstance(texts, str):
        return {path: texts}
    pairs = texts.items() if isinstance(texts, dict) else enumerate(texts)
    return {name: text for key, value in pairs for name, text in leaves(value, f"{path}.{key}").items()}


def places(text: str) -> list[str]:
    return sorted(name for _, name, _, _ in Formatter().parse(text) if name is not None)


def test_both_languages_have_the_same_texts_with_the_same_places() -> None:
    french, english = (leaves(TEXTS[language]) for language in (Language.FRENCH, Language.ENGLISH))
    assert set(french) == set(english)
    assert len(french) > 100
    for name, text in french.items():
        assert places(text) == places(english[name]), name


def test_french_explains_every_error_that_english_explains() -> None:
    # An error's own message is English, so English needs a text only where that message is not for operators.
    assert set(ERRORS[Language.ENGLISH]) <= set(ERRORS[Language.FRENCH])


@pytest.mark.parametrize("language", Language)
def test_every_page_and_group_of_the_navigation_and_every_role_has_a_name(language: Language) -> None:
    layout = TEXTS[language]["layout"]
    assert {entry.name for entry in NAVIGATION} <= set(layout["pages"])
    assert set(layout["groups"]) == {str(group) for group in Group}
    assert set(layout["roles"]) == set(layout["role_hints"]) == {str(role) for role in Role}


@pytest.mark.parametrize("language", Language)
def test_everything_that_an_order_can_have_has_a_word(language: Language) -> None:
    words = TEXTS[language]["order"]
    assert {str(repair) for repair in Repair} == set(words["repairs"])
    assert {str(kind) for kind in MessageKind} <= set(words["kinds"])
    assert {str(reason) for reason in GrantReason} <= set(words["reasons_of_access"])


def test_no_text_is_empty_and_french_has_its_own_apostrophe() -> None:
    for name, text in leaves(TEXTS[Language.FRENCH]).items():
        assert text.strip(), name
        assert not re.search(r"\w'\w", text), (name, text)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("kind", AlertKind)
def test_every_alert_says_what_it_means_and_what_to_do_without_a_command_for_an_operator(
    kind: AlertKind, language: Language
) -> None:
    text = alert_text(kind, language)

    assert text.meaning
    assert text.meaning != kind
    assert text.remedy
    if "flask" in text.remedy:
        # What only the server's administrator can do.
        assert re.search("serveur|administrator", text.remedy)


def test_no_template_shows_a_method_of_a_dictionary_instead_of_a_text() -> None:
    # `words.copy` is the method of the dictionary; `words["copy"]` is the text.
    methods = "|".join(name for name in dir(dict) if not name.startswith("_"))
    shown = re.compile(rf"\b(?:words|texts(?:\.\w+)?)\.(?:{methods})\b(?!\()")
    templates = list((Path(pages.__file__).parent / "templates").rglob("*.jinja"))
    assert templates
    for template in templates:
        assert not shown.search(template.read_text()), template.name
