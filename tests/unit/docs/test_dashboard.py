"""The shopkeeper's manual names every page, and what is written on the buttons."""

import re
from typing import Any

import pytest

from config.settings import ROOT
from lumira.models import Language
from lumira.pages.dashboard.frame import NAVIGATION, Group
from lumira.pages.dashboard.texts import TEXTS

_MANUAL = (ROOT / "docs" / "dashboard.md").read_text()
_BOLD = re.compile(r"\*\*(.+?)\*\*", re.DOTALL)


def _texts(texts: Any) -> set[str]:
    if isinstance(texts, str):
        return {texts.lower()}
    values = texts.values() if isinstance(texts, dict) else texts
    return {text for value in values for text in _texts(value)}


def test_the_manual_has_a_row_for_each_page_with_its_name_in_both_languages() -> None:
    english, french = (TEXTS[language]["layout"]["pages"] for language in (Language.ENGLISH, Language.FRENCH))
    for entry in NAVIGATION:
        assert f"\n| {english[entry.name]} | {french[entry.name]} | " in _MANUAL


@pytest.mark.parametrize("group", Group)
def test_the_manual_names_the_pages_of_each_group(group: Group) -> None:
    layout = TEXTS[Language.ENGLISH]["layout"]
    pages = ", ".join(layout["pages"][entry.name] for entry in NAVIGATION if entry.group is group)
    assert f"**{layout['groups'][group]}** ({pages})" in " ".join(_MANUAL.split())


def test_what_the_manual_quotes_is_written_on_the_pages() -> None:
    shown = _texts(TEXTS[Language.ENGLISH])
    quoted = [" ".join(text.split()) for text in _BOLD.findall(_MANUAL) if text != "bold"]
    assert len(quoted) > 15
    for text in quoted:
        assert text.lower() in shown, text
