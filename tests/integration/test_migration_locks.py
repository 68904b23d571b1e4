"""Migrations of a release run beside sales: they wait for locks briefly, and hold none for long."""

import os
import re
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, event, text

from migrations.locks import repeated_while_locked
from tests.releases import revision
from tests.support import postgresql

#: Tables that grow with sales and visitors, so that a statement that reads all of their rows takes long.
GROWING = (
    "access_grants|access_links|audit_entries|audit_links|charges|checkout_sessions|customers|declines|deliverables|"
    "idempotency_keys|order_lines|orders|outbox_messages|payment_requests|payments|procrastinate_jobs|receipts|"
    "refund_requests|refunds|stock_movements|stock_reservations|webhook_events"
)
#: What reads or writes all rows of a table while sales wait for its lock.
LONG = {
    "an index that is not built CONCURRENTLY": rf"CREATE (UNIQUE )?INDEX (?!CONCURRENTLY)\S+ ON ({GROWING})\b",
    "a constraint that is not NOT VALID": rf"ALTER TABLE ({GROWING}) ADD CONSTRAINT (?!.*NOT VALID)(?!.*USING INDEX)",
    "a column that must not be null": rf"ALTER TABLE ({GROWING}) ALTER COLUMN \S+ SET NOT NULL",
    "a column of another type": rf"ALTER TABLE ({GROWING}) ALTER COLUMN \S+ TYPE",
    "a change of all rows": rf"UPDATE ({GROWING})\b",
}
#: Written before the first release: no installation had rows when they ran.
BEFORE_ANY_RELEASE = ("0044_audit_lists", "0047_installation_figures")


@pytest.fixture
def previous(run_directory: Path) -> Iterator[Connection]:
    """A connection, as the owner, to a database with the schema of the previous release."""
    name = f"previous_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    url = postgresql.create_database(run_directory, name, template=None)
    postgresql.migrate(url, revision())
    engine = create_engine(url)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def upgrade(connection: Connection) -> None:
    alembic = Config()
    alembic.set_main_option("script_location", str(postgresql.MIGRATIONS))
    alembic.attributes["connection"] = connection
    command.upgrade(alembic, "head")


@contextmanager
def recorded(connection: Connection) -> Iterator[dict[str, list[str]]]:
    """The statements of each migration, by its revision."""
    by_revision: dict[str, list[str]] = defaultdict(list)
    statements: list[str] = []

    def record(*arguments: object) -> None:
        statement = re.sub(r"\s+", " ", str(arguments[2])).strip()
        statements.append(statement)
        found = re.match(r"UPDATE alembic_version SET version_num='(\S+)'", statement)
        if found:
            by_revision[found[1]] = list(statements)
            statements.clear()

    event.listen(connection, "before_cursor_execute", record)
    try:
        yield by_revision
    finally:
        event.remove(connection, "before_cursor_execute", record)


def test_no_migration_since_the_previous_release_keeps_sales_waiting(previous: Connection) -> None:
    with recorded(previous) as statements:
        upgrade(previous)

    newer = {script.revision for script in ScriptDirectory(str(postgresql.MIGRATIONS)).walk_revisions()}
    assert set(statements) == {name for name in newer if name > revision()}
    long = [
        f"{name}: {why}: {statement[:100]}"
        for name, of_migration in statements.items()
        if name not in BEFORE_ANY_RELEASE
        for statement in of_migration
        for why, pattern in LONG.items()
        if re.match(pattern, statement)
    ]
    assert long == []


@contextmanager
def locked(url: str, table: str) -> Iterator[None]:
    """A transaction that has read from the table and goes on, as a backup does."""
    engine = create_engine(url)
    with engine.connect() as connection:
        connection.execute(text(f"LOCK TABLE {table} IN ACCESS SHARE MODE"))
        yield
        connection.rollback()
    engine.dispose()


def add_column(connection: Connection) -> None:
    connection.execute(text("ALTER TABLE orders ADD COLUMN of_test text"))
    connection.commit()


def test_a_migration_waits_for_a_backup_without_keeping_sales_waiting(
    previous: Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    url = previous.engine.url.render_as_string(hide_password=False)
    attempted, backed_up = threading.Event(), threading.Event()

    def migrate() -> None:
        try:
            add_column(previous)
        finally:
            attempted.set()

    def read_orders() -> float:
        """Read as a sale does; a migration that waits for its lock would keep it waiting."""
        engine = create_engine(url, connect_args={"options": "-c lock_timeout=20s"})
        with engine.connect() as sale:
            count: float = sale.execute(text("SELECT count(*) FROM orders")).scalar_one()
        engine.dispose()
        return count

    def sell_and_end_the_backup() -> None:
        attempted.wait(60)
        for _ in range(20):
            assert read_orders() == 0
        backed_up.set()

    with locked(url, "orders") as _:
        sales = threading.Thread(target=sell_and_end_the_backup)
        sales.start()
        waiting = threading.Thread(
            target=repeated_while_locked, args=(previous, migrate), kwargs={"pause": 0.1}
        )
        waiting.start()
        assert backed_up.wait(60)
        assert waiting.is_alive()
    waiting.join(60)
    sales.join(60)

    assert previous.execute(text("SELECT count(of_test) FROM orders")).scalar_one() == 0
    assert "Another transaction uses a table" in capsys.readouterr().err


def test_a_migration_that_gets_no_lock_ends_with_one_line(previous: Connection) -> None:
    url = previous.engine.url.render_as_string(hide_password=False)
    with locked(url, "orders"), pytest.raises(click.ClickException, match="pg_stat_activity"):
        repeated_while_locked(previous, lambda: add_column(previous), pause=0.0, within=0.0)
    # It can be run again on the same connection.
    repeated_while_locked(previous, lambda: add_column(previous))
