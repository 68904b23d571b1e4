"""Spreading the tables, as far as a single PostgreSQL shows it: functions named as those of Citus note their calls."""

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import Connection, Engine, create_engine, text

from config.settings import Settings
from lumira.database import atomic, db
from lumira.domain import distribution
from lumira.models import Order
from lumira.repositories.installation.distribution import Cluster, read_schema
from lumira.services.installation import distribute
from tests.support.factories import Brand, count, open_cart
from tests.support.own_database import app, settings

__all__ = ["app", "settings"]
pytestmark = pytest.mark.usefixtures("app_context")

READY = Cluster(
    version=(14, 0, 1),
    is_coordinator_known=True,
    workers=2,
    settings={name: value for name, (value, _) in distribution.SETTINGS.items()},
    without_roles=(),
    other_sessions=0,
)
#: What Citus would do to the tables is not done here: which it was asked to do is noted.
_STAND_INS = """
    CREATE TABLE noted_calls (number serial, call text);
    CREATE FUNCTION create_reference_table(name text) RETURNS void LANGUAGE sql AS
        $$ INSERT INTO noted_calls (call) VALUES ('reference ' || name) $$;
    CREATE FUNCTION create_distributed_table(name text, by text, colocate_with text) RETURNS void LANGUAGE sql AS
        $$ INSERT INTO noted_calls (call) VALUES (format('%s by %s with %s', name, by, colocate_with)) $$;
    CREATE FUNCTION truncate_local_data_after_distributing_table(name text) RETURNS void LANGUAGE sql AS
        $$ INSERT INTO noted_calls (call) VALUES ('truncate ' || name) $$;
"""
_FORCED = "SELECT relname FROM pg_class WHERE relforcerowsecurity ORDER BY 1"


@pytest.fixture(scope="module")
def engine(settings: Settings) -> Iterator[Engine]:
    engine = create_engine(settings.database_owner_url)
    yield engine
    engine.dispose()


def _schema(connection: Connection) -> distribution.Schema:
    return read_schema(connection, is_cluster=False)


def test_the_spread_tables_have_their_keys_policies_and_rows_and_go_on_selling(
    engine: Engine, tenant: Brand
) -> None:
    open_cart(tenant)
    with engine.connect() as owner:
        before, forced = _schema(owner), owner.execute(text(_FORCED)).scalars().all()
        plan = distribute.plan_for(before, ())
        owner.rollback()
        owner.execute(text(_STAND_INS))
        owner.commit()
        distribute.run(owner, plan)
        after = _schema(owner)
        calls = owner.execute(text("SELECT call FROM noted_calls ORDER BY number")).scalars().all()
        assert owner.execute(text(_FORCED)).scalars().all() == forced

    to_coordinator = {key for key in before.foreign_keys if key.referenced == "operators"} & {
        key for key in before.foreign_keys if key.table in before.tables
    }
    assert set(after.foreign_keys) == set(before.foreign_keys) - to_coordinator
    assert len(to_coordinator) == 2
    # Every trigger that is kept refuses what it refused, but TRUNCATE, which only the coordinator would notice.
    assert {each.name for each in before.triggers} - {each.name for each in after.triggers} == {
        "withdrawn_units"
    }
    assert not any("TRUNCATE" in each.definition for each in after.triggers)
    assert after.policies == ()
    assert not after.has_identity

    # The four tables that are whole everywhere stand before those that refer to them.
    assert calls[:4] == [f"reference {table}" for table in distribution.REFERENCE_TABLES]
    assert calls[4] == "orders by tenant_id with none"
    spread = [f"{table} by tenant_id with orders" for table in before.distributed[1:]]
    assert calls[5 : 5 + len(spread)] == spread
    assert sorted(calls[5 + len(spread) :]) == sorted(f"truncate {table}" for table in before.tables)

    # `lumira_set_tenant` now runs SET LOCAL.
    open_cart(tenant)
    assert count(tenant, Order) == 2
    with atomic(tenant.id):
        assert db.session.execute(text("SHOW lumira.tenant_id")).scalar_one() == str(tenant.id)


def test_each_thing_that_is_missing_is_named_with_its_remedy(engine: Engine) -> None:
    with engine.connect() as owner:
        schema = _schema(owner)
    assert distribute.faults_of(READY, schema) == []
    bare = Cluster(
        version=(12, 1, 1),
        is_coordinator_known=False,
        workers=0,
        settings=dict.fromkeys(distribution.SETTINGS, "none"),
        without_roles=("db-2:5432",),
        other_sessions=3,
    )
    found = " ".join(distribute.faults_of(bare, schema))
    for remedy in (
        "ALTER EXTENSION citus UPDATE",
        "citus_set_coordinator_host",
        "citus_add_node",
        "citus.propagate_set_commands = 'local'",
        "citus.multi_shard_modify_mode = 'sequential'",
        "db-2:5432: run ALTER ROLE",
        "3 other sessions",
    ):
        assert remedy in found


def test_without_citus_the_command_says_what_to_do_and_changes_nothing(app: Flask, engine: Engine) -> None:
    with engine.connect() as owner:
        before = _schema(owner)
        for options in (["--dry-run"], []):
            result = app.test_cli_runner().invoke(args=["db", "distribute", *options])
            assert result.exit_code == 1
            assert "Missing: The database has no extension Citus: run CREATE EXTENSION citus" in result.stdout
            assert result.stderr.startswith("Error: The database is not prepared; nothing was changed.")
        assert _schema(owner) == before
