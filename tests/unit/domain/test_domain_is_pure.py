"""The rules of the domain depend on their arguments alone."""

import re
from pathlib import Path

import pytest

import lumira.domain

MODULES = sorted(Path(lumira.domain.__file__).parent.rglob("*.py"))
#: Ways to read the clock, which every rule gets as the argument `now`.
CLOCK = re.compile(r"\.now\(|utc_now|utcnow|time\.time|\.today\(|monotonic")


def _named(path: Path) -> str:
    return path.relative_to(MODULES[0].parent).with_suffix("").as_posix()


@pytest.mark.parametrize("module", MODULES, ids=_named)
def test_no_rule_of_the_domain_reads_the_clock(module: Path) -> None:
    assert CLOCK.findall(module.read_text()) == []


def test_the_modules_of_the_domain_are_found() -> None:
    assert {"order_money", "refunds", "stripe/objects"} <= {_named(path) for path in MODULES}
