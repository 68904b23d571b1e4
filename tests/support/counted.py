"""What `/metrics` shows, and a process of the tests that counts."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from lumira import metric_files, metrics

TOKEN = "a-token-of-the-monitoring-system"
SENT = {"Authorization": f"Bearer {TOKEN}"}


@contextmanager
def counting(folder: Path) -> Iterator[None]:
    """Let the process of the tests count during the block, as a web process or a worker does."""
    metrics.begin(folder)
    try:
        yield
    finally:
        metrics.end()
        metric_files.release_slot()


def samples(text: str) -> dict[str, float]:
    """The samples of a reply; the values of the labels follow the name, in the order of the labels' names."""
    return {
        ":".join((sample.name, *(value for _, value in sorted(sample.labels.items())))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
