"""The page that says how long the rows of each table are kept."""

import re
from dataclasses import fields
from pathlib import Path

from config.retention import Retention
from lumira import models
from lumira.database import Base

ROOT = Path(__file__).resolve().parents[3]
SECTION = (ROOT / "docs" / "operations.md").read_text().partition("## Retention\n")[2].partition("\n## ")[0]


def test_every_table_has_a_rule_or_a_reason_and_no_other_table_is_listed() -> None:
    assert models.__all__
    cells = [line.split("|")[1] for line in SECTION.splitlines() if line.startswith("| `")]
    listed = {name for cell in cells for name in re.findall(r"`([a-z_]+)`", cell)}
    assert listed == set(Base.metadata.tables)


def test_the_documented_periods_are_the_defaults() -> None:
    documented = {
        name: int(number) for name, number in re.findall(r"`RETENTION_([A-Z_]+)` \((\d+)\)", SECTION)
    }
    defaults = {field.name.upper(): getattr(Retention(), field.name) for field in fields(Retention)}
    assert documented == defaults
