"""What `/metrics` shows, and a process of the tests that counts."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import update

from lumira import metric_files, metrics
from lumira.database import atomic, db
from tests.support.factories import Brand

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


def change(brand: Brand, model: Any, **values: object) -> None:
    """Change all rows of a tenant in one table, as time or a fault would."""
    with atomic(brand.id):
        db.session.execute(update(model).where(model.tenant_id == brand.id).values(**values))
