"""The security document names tests that exist, and every chapter of the standard."""

import re

from config.settings import ROOT

_PAGE = (ROOT / "docs" / "security.md").read_text()


def test_each_named_test_exists() -> None:
    named = re.findall(r"`([\w/]+\.py)`::(test_\w+)", _PAGE)
    assert len(named) > 50
    missing = [
        f"{path}::{name}"
        for path, name in named
        if not re.search(rf"^def {name}\(", _text(path), re.MULTILINE)
    ]
    assert missing == []


def _text(path: str) -> str:
    file = ROOT / "tests" / path
    return file.read_text() if file.exists() else ""


def test_each_threat_names_what_stops_it_and_the_test_that_shows_it() -> None:
    threats = _PAGE.partition("## Threats")[2].partition("\n## ")[0]
    rows = [line for line in threats.splitlines() if line.startswith("| ") and not line.startswith("| tries")]
    assert len(rows) > 40
    assert [row for row in rows if row.count(" | ") != 2 or ".py`::test_" not in row] == []


def test_each_chapter_of_asvs_is_judged() -> None:
    rows = re.findall(
        r"^\| V(\d+) [^|]+ \| (met|mostly met|partly met|not applicable) \| .+ \|$", _PAGE, re.MULTILINE
    )
    assert [int(number) for number, _ in rows] == list(range(1, 18))
