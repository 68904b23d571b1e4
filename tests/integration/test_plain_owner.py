"""Migrations run by the documented owner: not a superuser, and subject to row-level security."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection, create_engine, text

from migrations.row_level_security import every_row
from tests.support import postgresql

_OWNER = "plain_owner"
_LINK = "00000000-0000-7000-8000-000000000001"
#: A value for a column that must not be null, by its type.
_ANY = {
    "uuid": f"'{_LINK}'",
    "integer": "1",
    "bigint": "1",
    "boolean": "false",
    "timestamp with time zone": "now()",
    "jsonb": "'{}'",
    "ARRAY": "'{}'",
    "text": "'x'",
    "character varying": "'x'",
}
#: One row in each table: the columns that need a certain value.
_ROWS: dict[str, dict[str, str]] = {
    "tenants": {
        "currency": "eur",
        "order_prefix": "XX",
        "release_on_failure": "at_once",
        "payment_page": "hosted",
        "withdrawal_policy": "review",
        "withdrawal_days": "14",
        "brand_color": "#102030",
    },
    "customers": {"email_key": "x", "locale": "fr"},
    "products": {"kind": "digital", "currency": "eur", "on_partial_refund": "keep", "access_days": "30"},
    "orders": {
        "currency": "eur",
        "release_on_failure": "at_once",
        "status": "completed",
        "locale": "en",
        "withdrawal_days": "14",
    },
    "order_lines": {"kind": "digital", "on_partial_refund": "keep", "access_days": "30"},
    "access_grants": {"reason": "operator", "revoked_at": "2026-01-01"},
    "outbox_messages": {"kind": "access_link", "status": "sent"},
    "access_links": {"expires_at": "2999-01-01"},
}


@pytest.fixture(scope="session")
def worker_id(request: pytest.FixtureRequest) -> str:
    return getattr(request.config, "workerinput", {}).get("workerid", "main")


@pytest.fixture
def plain_owner(run_directory: Path, worker_id: str) -> Iterator[Connection]:
    """A connection to an empty database whose owner is created as docs/operations.md describes."""
    name = f"owned_{worker_id}"
    engine = create_engine(postgresql.create_database(run_directory, name, template=None))
    with engine.connect() as connection:
        for role in ("lumira_app NOLOGIN", "lumira_sweep NOLOGIN", _OWNER):
            connection.execute(
                text(
                    f"DO $$ BEGIN CREATE ROLE {role}; "
                    "EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
                )
            )
        connection.execute(text(f"GRANT lumira_app, lumira_sweep TO {_OWNER}"))
        connection.execute(text(f"ALTER DATABASE {name} OWNER TO {_OWNER}"))
        connection.execute(text(f"SET SESSION AUTHORIZATION {_OWNER}"))
        connection.commit()
        yield connection
        connection.rollback()
    engine.dispose()


def _alembic(connection: Connection) -> Config:
    alembic = Config()
    alembic.set_main_option("script_location", str(postgresql.MIGRATIONS))
    alembic.attributes["connection"] = connection
    return alembic


def _fill(connection: Connection) -> None:
    connection.execute(text("SELECT set_config('lumira.tenant_id', '1', true)"))
    for table, values_of_row in _ROWS.items():
        columns = connection.execute(
            text(
                "SELECT column_name, data_type FROM information_schema.columns "
                "WHERE table_name = :table AND is_nullable = 'NO' AND column_default IS NULL"
            ),
            {"table": table},
        )
        row = {column.column_name: _ANY[column.data_type] for column in columns}
        row |= {name: f"'{value}'" for name, value in values_of_row.items()}
        names, values = ", ".join(row), ", ".join(row.values())
        connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({values})"))  # noqa: S608
    connection.commit()


def _count(connection: Connection, table: str) -> int:
    connection.execute(text("SELECT set_config('lumira.tenant_id', '1', true)"))
    count = connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()  # noqa: S608
    connection.commit()
    return count


def test_a_plain_owner_reverts_migrations_and_applies_them_again_with_rows_in_the_tables(
    plain_owner,
) -> None:
    alembic = _alembic(plain_owner)
    command.upgrade(alembic, "head")
    plain_owner.commit()
    _fill(plain_owner)

    for revision in (
        "0012_jobs",
        "0011_idempotency_and_audit",
        "0010_notifications",
        "0009_files",
        "0008_access",
    ):
        command.downgrade(alembic, revision)
        plain_owner.commit()
    # The tables of the reverted migrations are gone, the rows of all others remain.
    assert [_count(plain_owner, table) for table in ("access_grants", "access_links", "orders")] == [1, 1, 1]
    command.upgrade(alembic, "head")
    plain_owner.commit()
    assert (_count(plain_owner, "access_grants"), _count(plain_owner, "outbox_messages")) == (1, 0)


def test_every_table_is_protected_after_a_migration_was_reverted(plain_owner) -> None:
    alembic = _alembic(plain_owner)
    command.upgrade(alembic, "head")
    command.downgrade(alembic, "0008_access")
    assert _unprotected(plain_owner) == []


def test_a_migration_can_change_the_rows_of_all_tenants_and_protects_the_table_again(plain_owner) -> None:
    command.upgrade(_alembic(plain_owner), "head")
    plain_owner.commit()
    _fill(plain_owner)

    with Operations.context(MigrationContext.configure(plain_owner)), every_row("tenants"):
        assert _unprotected(plain_owner) == ["tenants"]
        changed = plain_owner.execute(text("UPDATE tenants SET name = 'changed'")).rowcount
    assert changed == 1
    assert _unprotected(plain_owner) == []


def _unprotected(connection: Connection) -> list[str]:
    """The tables whose owner is exempt; a partition's owner always is, and no other role has a privilege on one."""
    query = (
        "SELECT relname FROM pg_class WHERE relrowsecurity AND NOT relforcerowsecurity AND NOT relispartition"
    )
    return list(connection.execute(text(query)).scalars())


def test_a_plain_owner_reverts_every_migration(plain_owner) -> None:
    alembic = _alembic(plain_owner)
    command.upgrade(alembic, "head")
    command.downgrade(alembic, "base")
