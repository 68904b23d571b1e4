"""The alert rules for Prometheus: each fires, recovers, reads metrics that exist, and is in the operators' manual."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.settings import ROOT
from tests.integration.blueprints.test_live_alerts import CASES
from tests.support.documented_metrics import documented_metrics, metrics_in
from tests.support.promtool import promtool

FOLDER = ROOT / "deploy" / "prometheus"
RULES = [
    rule
    for group in yaml.safe_load((FOLDER / "lumira.rules.yml").read_text())["groups"]
    for rule in group["rules"]
]
NAMES = [rule["alert"] for rule in RULES]


def checks_of(alert: str) -> list[dict[str, Any]]:
    found = yaml.safe_load((FOLDER / "lumira.rules.test.yml").read_text())["tests"]
    return [check for test in found for check in test["alert_rule_test"] if check["alertname"] == alert]


def test_the_rules_and_the_configuration_are_valid() -> None:
    assert f"{len(RULES)} rules found" in promtool("check", "rules", "lumira.rules.yml", folder=FOLDER)
    promtool("check", "config", "--syntax-only", "prometheus.yml", folder=FOLDER)


def test_each_alert_fires_when_something_breaks_and_recovers_when_it_is_mended() -> None:
    promtool("test", "rules", "lumira.rules.test.yml", folder=FOLDER)


@pytest.mark.parametrize("name", NAMES)
def test_the_tests_show_each_alert_before_it_fires_firing_and_recovered(name: str) -> None:
    assert [bool(check["exp_alerts"]) for check in checks_of(name)] == [False, True, False]


def test_a_rule_that_does_not_fire_is_noticed(tmp_path: Path) -> None:
    rules = (FOLDER / "lumira.rules.yml").read_text()
    (tmp_path / "lumira.rules.yml").write_text(
        rules.replace("max(lumira_workers) == 0", "max(lumira_workers) < 0")
    )
    (tmp_path / "lumira.rules.test.yml").write_text((FOLDER / "lumira.rules.test.yml").read_text())
    with pytest.raises(AssertionError, match="LumiraNoWorker"):
        promtool("test", "rules", "lumira.rules.test.yml", folder=tmp_path)


def test_each_alert_is_tested_live_too() -> None:
    live = {name for names in CASES for name in names.split()}
    # A job of a worker process, and what depends on elapsed time.
    assert set(NAMES) - live == {"LumiraJobsFail", "LumiraRequestsSlow"}


@pytest.mark.parametrize("rule", RULES, ids=NAMES)
def test_a_rule_reads_metrics_that_exist(rule: dict[str, Any]) -> None:
    read = metrics_in(rule["expr"])
    assert read or rule["expr"].startswith("up{")
    assert read - documented_metrics() == set()


@pytest.mark.parametrize("rule", RULES, ids=NAMES)
def test_the_operators_manual_says_what_each_alert_means_and_what_to_do(rule: dict[str, Any]) -> None:
    page = (ROOT / "docs" / "operations.md").read_text()
    [row] = [line for line in page.splitlines() if line.startswith(f"| `{rule['alert']}` | ")]
    _, _, severity, meaning, remedy, _ = (cell.strip() for cell in re.split(r"(?<!\\)\|", row))
    assert severity == rule["labels"]["severity"]
    assert meaning
    assert remedy


def test_the_operators_manual_names_no_other_alert() -> None:
    page = (ROOT / "docs" / "operations.md").read_text()
    assert set(re.findall(r"^\| `(Lumira\w+)` \|", page, re.MULTILINE)) == set(NAMES)
