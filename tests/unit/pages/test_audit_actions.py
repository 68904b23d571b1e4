"""Each action of the audit log has a name in both languages, so that no page shows only its code."""

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from config.settings import ROOT
from lumira.models import DeliverableState, Language, OrderStatus, WithdrawalDecision
from lumira.pages.dashboard.audit_page import EntriesPage
from lumira.pages.dashboard.texts import TEXTS
from lumira.repositories.catalog.catalog_products import Change
from tests.support.audited_actions import written_actions

#: The actions whose code ends with a state, by what the source code writes.
_COMPOSED: dict[str, Iterable[str]] = {
    "order_{outcome.status}": OrderStatus,
    "product_{product.change}": Change,
    "deliverable_{state}": DeliverableState,
    "withdrawal_{decision}": WithdrawalDecision,
}


def every_action() -> set[str]:
    """The actions that any command, route, job or webhook writes."""
    actions, composed = written_actions(), set()
    for file in Path(ROOT, "lumira").rglob("*.py"):
        if "sandbox" in file.parts:
            continue
        for is_composed, code in re.findall(r'\baction=(f?)"([^"]+)"', file.read_text()):
            (composed if is_composed else actions).add(code)
    assert composed == set(_COMPOSED)
    return actions | {
        f"{code.partition('{')[0]}{state}" for code, states in _COMPOSED.items() for state in states
    }


@pytest.mark.parametrize("language", Language)
def test_every_action_of_the_audit_log_has_a_name_of_its_own(language: Language) -> None:
    names = TEXTS[language]["audit"]["actions"]
    assert set(names) == every_action()
    assert len(set(names.values())) == len(names)
    assert not [name for name in names.values() if "_" in name]


def test_actions_are_listed_by_name_with_accents_beside_their_letter() -> None:
    page = EntriesPage(found=None, language=Language.FRENCH)  # type: ignore[arg-type] - no entry is needed
    listed = [name for _, name in page.actions("")]
    assert listed[0] == "Accès ouvert"
    assert listed.index("Événement traité de nouveau") < listed.index("Image ajoutée")
    assert page.actions("tested")[-1] == ("tested", "tested")
