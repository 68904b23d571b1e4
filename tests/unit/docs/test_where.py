"""The page that says where each rule is."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
ROW = re.compile(r"^\| (?P<rule>[^|]+) \| `(?P<path>[^`]+)` \| (?:`(?P<name>[^`]+)`)? ?\|$", re.MULTILINE)
ROWS = [match.groupdict() for match in ROW.finditer((ROOT / "docs" / "where.md").read_text())]


def test_every_row_of_the_table_is_read() -> None:
    lines = [line for line in (ROOT / "docs" / "where.md").read_text().splitlines() if line.startswith("| ")]
    assert len(ROWS) == len(lines) - 1 > 30


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["rule"])
def test_a_rule_is_in_the_file_that_the_page_names(row: dict[str, str | None]) -> None:
    path = ROOT / (row["path"] or "")
    assert path.exists()
    if row["name"] is not None:
        assert re.search(rf"(?<!\w){re.escape(row['name'])}(?!\w)", path.read_text())
