"""How long migrations hold their locks on large tables: adding a column, and building an index beside running sales."""

import time
from collections.abc import Callable

from tests.benchmarks.scale.databases import LARGE, Setup
from tests.benchmarks.scale.figures import Figure

#: Milliseconds that a migration may keep sales waiting.
_LOCK_AIM = 200.0


def measure_statements(setup: Setup, log: Callable[[str], None]) -> list[Figure]:
    """Measure the statements of a typical migration, and undo them."""
    figures = []
    for name, statement, undo, aim in (
        (
            "orders: add a column with a default",
            "ALTER TABLE orders ADD COLUMN measured boolean NOT NULL DEFAULT false",
            "ALTER TABLE orders DROP COLUMN measured",
            _LOCK_AIM,
        ),
        (
            "webhook_events: add a column with a default",
            "ALTER TABLE webhook_events ADD COLUMN measured boolean NOT NULL DEFAULT false",
            "ALTER TABLE webhook_events DROP COLUMN measured",
            _LOCK_AIM,
        ),
        (
            "orders: build an index concurrently, without a lock",
            "CREATE INDEX CONCURRENTLY measured ON orders (tenant_id, completed_at)",
            "DROP INDEX measured",
            None,
        ),
    ):
        with setup.server.connect(LARGE) as connection:
            started = time.perf_counter()
            connection.execute(statement)
            milliseconds = (time.perf_counter() - started) * 1000
            connection.execute(undo)
        figures.append(Figure(name, milliseconds, aim, "ms"))
        log(f"{name}: {milliseconds:,.0f} ms")
    return figures
