"""What an operator does about an alert agrees with whether the alert resolves itself."""

import re

import pytest

from config.settings import ROOT
from lumira.models import AlertKind, Language
from lumira.notifications.alert_texts import TEXTS
from lumira.pages.dashboard.texts.alert_steps import ENGLISH_STEPS, FRENCH_STEPS

_ROW = re.compile(r"^\| `([a-z_]+)` \| (.*) \| (.*) \|$", re.MULTILINE)
_RESOLVES = re.compile("alerts resolve|as resolved|comme résolue")


def _rows() -> dict[str, tuple[str, str]]:
    section = (ROOT / "docs" / "operations.md").read_text().partition("\n## Alerts\n")[2]
    return {row[1]: (row[2], row[3]) for row in _ROW.finditer(section) if row[1] in set(AlertKind)}


@pytest.mark.parametrize("kind", AlertKind)
def test_no_one_is_asked_to_resolve_an_alert_that_resolves_itself(kind: AlertKind) -> None:
    meaning, remedy = _rows()[kind]
    texts = [TEXTS[kind][language].remedy for language in Language] if kind in TEXTS else []
    steps = [steps[kind] for steps in (FRENCH_STEPS, ENGLISH_STEPS) if kind in steps]
    asked = [text for text in (remedy, *texts, *steps) if _RESOLVES.search(text)]
    assert not (re.search("Resolves itself|Resolved (when|by)", meaning) and asked)
