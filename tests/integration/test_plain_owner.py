"""Migrations as the documented owner runs them: no superuser, and held by row-level security as everybody is."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, text

from tests.support import postgresql

_OWNER = "plain_owner"
_LINK = "00000000-0000-7000-8000-000000000001"
#: What a column holds that has to hold something, by its type.
_ANY = {
    "uuid": f"'{_LINK}'",
    "integer": "1",
    "boolean": "false",
    "timestamp with time zone": "now()",
    "jsonb": "'{}'",
    "text": "'x'",
    "character varying": "'x'",
}
#: One row in each table, as only the newest release writes it.
_ROWS: dict[str, dict[str, str]] = {
    "tenants": {
        "currency": "eur",
        "order_prefix": "XX",
        "release_on_failure": "at_once",
        "brand_color": "#102030",
    },
    "customers": {"email_key": "x", "locale": "fr"},
    "products": {"kind": "digital", "currency": "eur", "on_partial_refund": "keep", "access_days": "30"},
    "orders": {"currency": "eur", "release_on_failure": "at_once", "status": "completed", "locale": "en"},
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
    """A connection to an empty database of an owner who is made as the installation's guide says."""
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
    for table, told in _ROWS.items():
        columns = connection.execute(
            text(
                "SELECT column_name, data_type FROM information_schema.columns "
                "WHERE table_name = :table AND is_nullable = 'NO' AND column_default IS NULL"
            ),
            {"table": table},
        )
        row = {each.column_name: _ANY[each.data_type] for each in columns}
        row |= {name: f"'{value}'" for name, value in told.items()}
        names, values = ", ".join(row), ", ".join(row.values())
        connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({values})"))  # noqa: S608
    connection.commit()


def _count(connection: Connection, table: str) -> int:
    connection.execute(text("SELECT set_config('lumira.tenant_id', '1', true)"))
    found = connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()  # noqa: S608
    connection.commit()
    return found


def test_a_plain_owner_takes_migrations_back_and_makes_them_again_with_rows_in_the_tables(
    plain_owner,
) -> None:
    alembic = _alembic(plain_owner)
    command.upgrade(alembic, "head")
    plain_owner.commit()
    _fill(plain_owner)

    for revision in (
        "0018_access_links",
        "0017_receipts",
        "0016_letters",
        "0015_content",
        "0014_customers",
        "0013_refund_requests",
    ):
        command.downgrade(alembic, revision)
        plain_owner.commit()
    # The release before has no word for what it cannot know, and keeps the rest.
    assert (_count(plain_owner, "access_grants"), _count(plain_owner, "outbox_messages")) == (1, 0)
    command.upgrade(alembic, "head")
    plain_owner.commit()
    assert _count(plain_owner, "access_grants") == 1


def test_every_table_is_closed_again_after_a_migration_that_was_taken_back(plain_owner) -> None:
    alembic = _alembic(plain_owner)
    command.upgrade(alembic, "head")
    command.downgrade(alembic, "0013_refund_requests")
    opened = plain_owner.execute(
        text("SELECT relname FROM pg_class WHERE relrowsecurity AND NOT relforcerowsecurity")
    )
    assert opened.scalars().all() == []


def test_a_plain_owner_takes_everything_back(plain_owner) -> None:
    alembic = _alembic(plain_owner)
    command.upgrade(alembic, "head")
    command.downgrade(alembic, "base")
