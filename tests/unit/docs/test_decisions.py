"""Each decision has a number of its own, and what refers to one names it rightly."""

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[3] / "docs"
DECISIONS = sorted((DOCS / "decisions").glob("*.md"))
_REFERENCE = re.compile(r"\[decision (\d+)\]\((?:decisions/)?(\d{4}-[a-z0-9-]+\.md)\)")


def test_decisions_are_numbered_one_after_the_other() -> None:
    numbers = [int(file.name[:4]) for file in DECISIONS]
    assert numbers == list(range(1, len(DECISIONS) + 1))


@pytest.mark.parametrize("file", DECISIONS, ids=lambda file: file.stem)
def test_a_decision_begins_with_its_number(file: Path) -> None:
    assert file.read_text().startswith(f"# {int(file.name[:4])}. ")


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")), ids=lambda page: page.stem)
def test_references_to_decisions_have_the_number_of_the_file(page: Path) -> None:
    names = {file.name for file in DECISIONS}
    for number, name in _REFERENCE.findall(page.read_text()):
        assert name in names
        assert int(name[:4]) == int(number)
