"""The board for Grafana: every expression is valid and reads metrics that exist, and no metric is left out."""

import json
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.settings import ROOT
from tests.support.documented_metrics import documented_metrics, metrics_in
from tests.support.promtool import promtool

BOARD: dict[str, Any] = json.loads((ROOT / "deploy" / "grafana" / "lumira.json").read_text())
PANELS: list[dict[str, Any]] = BOARD["panels"]


def expressions() -> Iterator[str]:
    for panel in PANELS:
        for target in panel.get("targets", ()):
            # Grafana fills in its own interval.
            yield target["expr"].replace("$__rate_interval", "5m")


def test_prometheus_accepts_every_expression(tmp_path: Path) -> None:
    rules = [{"record": f"panel:{number}", "expr": expr} for number, expr in enumerate(expressions())]
    (tmp_path / "board.yml").write_text(yaml.safe_dump({"groups": [{"name": "board", "rules": rules}]}))
    assert f"{len(rules)} rules found" in promtool("check", "rules", "board.yml", folder=tmp_path)


def test_the_board_reads_metrics_that_exist() -> None:
    assert metrics_in(" ".join(expressions())) - documented_metrics() == set()


def test_the_board_shows_every_metric() -> None:
    shown = metrics_in(" ".join(expressions()))
    # The times of all are shown by their buckets.
    wanted = {name for name in documented_metrics() if not name.endswith(("_sum", "_count"))}
    assert wanted - shown == set()


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_a_panel_has_a_title_and_asks_the_source_that_the_reader_chose(panel: dict[str, Any]) -> None:
    assert panel["title"]
    for target in panel.get("targets", ()):
        assert target["datasource"]["uid"] == "${datasource}"


def test_no_panels_overlap_and_each_has_an_id_of_its_own() -> None:
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    for one, other in combinations((panel["gridPos"] for panel in PANELS), 2):
        is_beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        is_below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert is_beside or is_below
        assert one["x"] + one["w"] <= 24
