"""docs/metrics.md describes every metric that processes count, with its labels."""

import re

import pytest

from config.settings import ROOT
from lumira.metrics import Counter, Family, families

_ROW = re.compile(r"^\| ((?:`lumira_\w+`(?:, )?)+) \|([^|]*)\|", re.MULTILINE)
_LABEL = re.compile(r"`(\w+)`(?: \([^)]*\))?")


def rows() -> dict[str, set[str]]:
    """The labels of each metric that the page names."""
    return {
        name: set(_LABEL.findall(re.sub(r"\([^)]*\)", "", labels)))
        for names, labels in _ROW.findall((ROOT / "docs" / "metrics.md").read_text())
        for name in re.findall(r"`(\w+)`", names)
    }


@pytest.mark.parametrize("family", families(), ids=lambda family: family.name)
def test_the_page_describes_every_metric_of_the_processes_with_its_labels(family: Family) -> None:
    shown = f"{family.name}_total" if isinstance(family, Counter) else family.name
    assert rows()[shown] == set(family.labels)
