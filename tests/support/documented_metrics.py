"""The metrics that docs/metrics.md describes, and those that an expression of Prometheus reads."""

import re

from config.settings import ROOT


def documented_metrics() -> set[str]:
    """Return the names of all series: of a histogram its three."""
    names: set[str] = set()
    for row in (ROOT / "docs" / "metrics.md").read_text().splitlines():
        if row.startswith("| `lumira_"):
            found = re.findall(r"`(\w+)`", row.split("|")[1])
            parts = ("_bucket", "_sum", "_count") if "histogram:" in row else ("",)
            names |= {name + part for name in found for part in parts}
    return names


def metrics_in(expression: str) -> set[str]:
    """Return the names of Lumira's series that an expression reads."""
    return set(re.findall(r"\blumira_\w+\b", expression))
