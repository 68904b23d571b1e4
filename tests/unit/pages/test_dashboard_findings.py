"""The set-up page says in the operator's language what `flask doctor` found, by the code of the finding."""

import ast
import inspect
import pkgutil
import re
from datetime import UTC, datetime
from importlib import import_module
from string import Formatter
from zoneinfo import ZoneInfo

import pytest

from lumira.domain.stripe.permissions import PERMISSIONS
from lumira.models import Language
from lumira.pages.dashboard.installation_page import shown_findings
from lumira.pages.dashboard.rendering import written_in
from lumira.pages.dashboard.texts import TEXTS
from lumira.services import installation
from lumira.services.installation.finding_texts import FINDINGS
from lumira.services.installation.findings import fault, ok, warning
from lumira.services.tenants import set_up_webhooks
from lumira.services.tenants.setup_steps import STEPS


def places(text: str | None) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text or "") if name is not None}


def strings(module) -> set[str]:
    """The texts in a module's source."""
    nodes = ast.walk(ast.parse(inspect.getsource(module)))
    return {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def codes(module) -> set[str]:
    """The codes of the findings that a module makes."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in {"ok", "warning", "fault"}
        ):
            code = node.args[1]
            written = [code.body, code.orelse] if isinstance(code, ast.IfExp) else [code]
            found |= {each.value for each in written if isinstance(each, ast.Constant)}
    return found


@pytest.mark.parametrize("language", Language)
def test_every_code_of_a_finding_has_a_text_with_the_same_values(language: Language) -> None:
    texts = TEXTS[language]["installation"]
    assert set(texts["findings"]) == set(FINDINGS)
    assert set(texts["remedies"]) == {code for code, (_, remedy) in FINDINGS.items() if remedy}
    for code, (message, remedy) in FINDINGS.items():
        assert places(texts["findings"][code]) == places(message), code
        assert places(texts["remedies"].get(code)) == places(remedy), code


def test_every_code_that_a_check_produces_has_sentences_and_none_is_left_over() -> None:
    modules = [
        import_module(f"{installation.__name__}.{module.name}")
        for module in pkgutil.iter_modules(installation.__path__)
        if not module.name.endswith("finding_texts")
    ]
    made = set[str]().union(*map(codes, modules)) | {f"key_lacks_{each.code}" for each in PERMISSIONS}
    assert made <= set(FINDINGS)
    assert set(FINDINGS) <= made | set[str]().union(*map(strings, modules))


def test_every_subject_of_a_finding_has_a_name_in_both_languages() -> None:
    english, french = (TEXTS[language]["installation"]["subjects"] for language in Language)
    assert set(english) == set(french)


def test_no_french_text_is_the_english_one() -> None:
    french = TEXTS[Language.FRENCH]["installation"]
    for code, (message, remedy) in FINDINGS.items():
        assert french["findings"][code] != message
        assert remedy is None or french["remedies"][code] != remedy


@pytest.mark.parametrize("language", Language)
def test_every_step_of_the_set_up_at_stripe_has_a_text_with_the_same_values(language: Language) -> None:
    texts = TEXTS[language]["installation"]["steps"]
    assert set(texts) == set(STEPS)
    assert set(STEPS) <= strings(set_up_webhooks)
    for code, text in texts.items():
        assert places(text) == places(STEPS[code]), code


@pytest.mark.parametrize(
    ("finding", "action"),
    [
        (warning("deliveries", "delivery_missing", tenant="x", number=3), "stripe"),
        (ok("deliveries", "delivery_none", tenant="x"), None),
        (ok("mail server", "mail_works"), "test-email"),
        (fault("worker", "worker_missing"), None),
    ],
)
def test_what_a_button_mends_has_it_beside_the_finding(finding, action) -> None:
    [shown] = shown_findings([finding])
    assert shown.action == action


def test_a_page_writes_times_days_and_numbers_as_its_language_does() -> None:
    at = datetime(2026, 11, 28, 8, 32, tzinfo=UTC)
    written = {
        language: [written_in(language, ZoneInfo("Europe/Paris"))(value) for value in (at, at.date(), 10_000)]
        for language in Language
    }
    assert written[Language.FRENCH] == ["28/11/2026 09:32", "28/11/2026", "10\u202f000"]
    assert written[Language.ENGLISH] == ["28/11/2026 09:32", "28/11/2026", "10,000"]
    assert (
        ok("deliveries", "delivery_accepted", at=at).message
        == "The newest delivery was verified at 2026-11-28 08:32 UTC."
    )


@pytest.mark.parametrize("language", Language)
def test_no_finding_counts_a_unit_that_has_a_plural(language: Language) -> None:
    texts = TEXTS[language]["installation"]["findings"]
    assert not [code for code, text in texts.items() if re.search(r"\} (second|minute|hour|heure)", text)]
