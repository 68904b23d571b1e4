"""Which alerts fire, as Prometheus decides: what was scraped becomes the input of promtool."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import yaml
from prometheus_client.parser import text_string_to_metric_families

from config.settings import ROOT
from tests.support.promtool import promtool

#: Minutes that pass between two scrapes, as the rules see it.
PHASE = 40
_FIRING = 'group by (alertname) (ALERTS{alertstate="firing", %s})'
_TARGET = (("instance", "web:8000"), ("job", "lumira"))

Series = tuple[str, tuple[tuple[str, str], ...]]


@dataclass(frozen=True)
class Scrape:
    """The values of all series at one time, and which of them only grow."""

    values: Mapping[Series, float]
    counters: frozenset[Series]


def scraped(text: str | None) -> Scrape:
    """Return what Prometheus stores of a reply; `None`: it got no metrics."""
    values: dict[Series, float] = {("up", _TARGET): float(text is not None)}
    counters: set[Series] = set()
    for family in text_string_to_metric_families(text or ""):
        for sample in family.samples:
            series = (sample.name, (*_TARGET, *sample.labels.items()))
            values[series] = sample.value
            if family.type != "gauge":
                counters.add(series)
    return Scrape(values, frozenset(counters))


def check_firing(
    scrapes: Sequence[Scrape], expected: Sequence[tuple[int, set[str]]], *, among: str, folder: Path
) -> None:
    """Fail unless these alerts fire, and no others, so many minutes after each scrape but the last.

    `among` selects the alerts that are considered. Between two scrapes counters grow steadily, and gauges have the
    value of the later one.
    """
    names = {series for scrape in scrapes for series in scrape.values}
    checks = [
        {
            "expr": _FIRING % among,
            "eval_time": f"{phase * PHASE + minute}m",
            "exp_samples": [{"labels": f'{{alertname="{name}"}}', "value": 1} for name in sorted(alerts)],
        }
        for phase, (minute, alerts) in enumerate(expected)
    ]
    series = [{"series": _name(name), "values": _values(name, scrapes)} for name in sorted(names)]
    test = {"interval": "1m", "input_series": series, "promql_expr_test": checks}
    rules = str(ROOT / "deploy" / "prometheus" / "lumira.rules.yml")
    (folder / "live.yml").write_text(yaml.safe_dump({"rule_files": [rules], "tests": [test]}))
    promtool("test", "rules", "live.yml", folder=folder)


def _name(series: Series) -> str:
    name, labels = series
    written = ", ".join(f'{label}="{value}"' for label, value in labels)
    return f"{name}{{{written}}}"


def _values(series: Series, scrapes: Sequence[Scrape]) -> str:
    return " ".join(_between(series, before, after) for before, after in pairwise(scrapes))


def _between(series: Series, before: Scrape, after: Scrape) -> str:
    if series not in after.values:
        return f"_x{PHASE}"
    end = after.values[series]
    # A series that is new has counted one already.
    begin = before.values.get(series, min(end, 1.0)) if series in after.counters else end
    return f"{begin!r}+{(end - begin) / PHASE!r}x{PHASE - 1}"
