"""The schema is reversible, equals the models, and hides each tenant's rows from the others."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import CheckConstraint, Connection, create_engine, text

from lumira.database import Base
from lumira.services.installation.readiness import newest_migration
from tests.integration.test_isolation import OF_OPERATORS
from tests.support import postgresql

#: The values that a check accepts.
_QUOTED = re.compile(r"'([^']*)'")


@pytest.fixture
def empty(run_directory: Path, worker_id: str) -> Iterator[Connection]:
    """A connection, as the owner, to a database without tables."""
    url = postgresql.create_database(run_directory, f"empty_{worker_id}", template=None)
    engine = create_engine(url)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.fixture
def owner(database_url: str) -> Iterator[Connection]:
    engine = create_engine(database_url)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.fixture(scope="session")
def worker_id(request: pytest.FixtureRequest) -> str:
    return getattr(request.config, "workerinput", {}).get("workerid", "main")


def _alembic(connection: Connection) -> Config:
    alembic = Config()
    alembic.set_main_option("script_location", str(postgresql.MIGRATIONS))
    alembic.attributes["connection"] = connection
    return alembic


def _objects(connection: Connection) -> list[str]:
    query = """
        SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname NOT LIKE 'alembic%'
        UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
        UNION ALL SELECT typname FROM pg_type WHERE typnamespace = 'public'::regnamespace
            AND typname NOT LIKE '%alembic%'
    """
    found = sorted(connection.execute(text(query)).scalars())
    # A migration that builds an index concurrently ends its transaction, which must be its own.
    connection.rollback()
    return found


def test_every_migration_can_be_reverted_and_applied_again(empty) -> None:
    alembic = _alembic(empty)
    command.upgrade(alembic, "head")
    created = _objects(empty)
    command.downgrade(alembic, "base")
    assert _objects(empty) == []
    command.upgrade(alembic, "head")
    assert _objects(empty) == created


def test_the_migrations_create_the_schema_of_the_models(owner) -> None:
    command.check(_alembic(owner))


def test_every_table_shows_a_tenant_its_own_rows_only(owner) -> None:
    protected = owner.execute(
        text(
            """
            SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity AS forced, p.qual, p.with_check
            FROM pg_class c JOIN pg_policies p ON p.tablename = c.relname AND p.policyname = c.relname || '_of_tenant'
            WHERE c.relkind IN ('r', 'p')
            """
        )
    )
    policies = {row.relname: row for row in protected}
    for name, table in Base.metadata.tables.items():
        if name in OF_OPERATORS:
            continue
        key = "id" if name == "tenants" else "tenant_id"
        assert key in table.columns, f"{name} has no tenant column"
        expected = f"({key} = (NULLIF(current_setting('lumira.tenant_id'::text, true), ''::text))::integer)"
        assert policies[name].forced, f"{name} is not protected"
        assert (policies[name].qual, policies[name].with_check) == (expected, expected)


def test_every_table_of_operators_shows_an_operator_own_rows_only(owner) -> None:
    query = (
        "SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity AS forced, p.cmd, p.qual, p.with_check "
        "FROM pg_class c JOIN pg_policies p ON p.tablename = c.relname AND p.policyname = c.relname || '_of_operator'"
    )
    policies = {row.relname: row for row in owner.execute(text(query))}
    # Beside them, an operator reads own roles, and adds to the audit log of own tenants (`test_isolation.py`).
    assert set(policies) == {*OF_OPERATORS, "operator_roles", "audit_entries"}
    assert (policies["operator_roles"].cmd, policies["audit_entries"].cmd) == ("SELECT", "INSERT")
    for name, key in OF_OPERATORS.items():
        expected = f"({key} = (NULLIF(current_setting('lumira.operator_id'::text, true), ''::text))::uuid)"
        assert policies[name].forced, f"{name} is not protected"
        assert (policies[name].qual, policies[name].with_check) == (expected, expected)


def test_every_other_policy_lets_the_sweep_role_read_and_nothing_more(owner) -> None:
    others = owner.execute(
        text(
            "SELECT tablename, roles::text, cmd FROM pg_policies WHERE policyname NOT LIKE '%\\_of\\_tenant' "
            "AND policyname NOT LIKE '%\\_of\\_operator'"
        )
    )
    assert {(row.roles, row.cmd) for row in others} == {("{lumira_sweep}", "SELECT")}


def test_every_key_and_foreign_key_begins_with_the_tenant_or_the_operator() -> None:
    for name, table in Base.metadata.tables.items():
        if name == "tenants":
            continue
        owner = OF_OPERATORS.get(name, "tenant_id")
        assert next(iter(table.primary_key.columns)).name == owner, name
        for key in table.foreign_key_constraints:
            # An operator belongs to no tenant: a reference to one shows nothing of a tenant.
            is_to_operator = key.referred_table.name == "operators"
            assert is_to_operator or key.column_keys[0] == owner, f"{name}: {key.name}"


def test_every_row_references_its_tenant_or_a_row_that_does() -> None:
    # An event is stored right after its tenant was read, without locking the tenant (decision 13). An error of the
    # program is stored whatever the tenant is.
    others = {"tenants", "webhook_events", "program_errors", *OF_OPERATORS}
    for name in Base.metadata.tables.keys() - others:
        keys = [
            key.referred_table.name
            for key in Base.metadata.tables[name].foreign_key_constraints
            if "tenant_id" in key.column_keys and not any(column.nullable for column in key.columns)
        ]
        assert keys, f"{name} has no foreign key that names its tenant"


def test_the_application_owns_nothing_and_bypasses_nothing(owner) -> None:
    roles = owner.execute(
        text(
            "SELECT rolname, rolsuper, rolbypassrls, rolcanlogin FROM pg_roles "
            "WHERE rolname IN ('lumira_app', 'lumira_sweep')"
        )
    ).all()
    assert {tuple(role)[1:] for role in roles} == {(False, False, False)}
    owned = owner.execute(
        text("SELECT count(*) FROM pg_class WHERE relowner = 'lumira_app'::regrole")
    ).scalar_one()
    assert owned == 0


def test_the_application_cannot_change_or_delete_audit_entries(owner) -> None:
    privileges = owner.execute(
        text(
            "SELECT privilege_type FROM information_schema.role_table_grants "
            "WHERE grantee = 'lumira_app' AND table_name = 'audit_entries'"
        )
    ).scalars()
    assert sorted(privileges) == ["INSERT", "SELECT"]


def test_the_database_has_every_check_of_the_models_and_no_other(owner) -> None:
    query = "SELECT conname FROM pg_constraint WHERE contype = 'c' AND connamespace = 'public'::regnamespace"
    created = set(owner.execute(text(query)).scalars())
    declared = {
        str(constraint.name)
        for table in Base.metadata.tables.values()
        for constraint in table.constraints
        if isinstance(constraint, CheckConstraint)
    }
    assert {name for name in created if not name.startswith("check_not_todo")} == declared


def test_every_check_of_the_database_accepts_the_values_of_the_models(owner) -> None:
    query = (
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE contype = 'c' AND connamespace = 'public'::regnamespace"
    )
    created = {name: set(_QUOTED.findall(definition)) for name, definition in owner.execute(text(query))}
    declared = {
        str(constraint.name): set(_QUOTED.findall(str(constraint.sqltext)))
        for table in Base.metadata.tables.values()
        for constraint in table.constraints
        if isinstance(constraint, CheckConstraint) and " IN (" in str(constraint.sqltext)
    }
    assert {name: created[name] for name in declared} == declared


def test_readiness_requires_the_newest_migration() -> None:
    assert newest_migration() == ScriptDirectory(str(postgresql.MIGRATIONS)).get_current_head()


def test_stored_events_survive_the_partitioning_of_their_table_and_its_reversal(empty) -> None:
    alembic = _alembic(empty)
    command.upgrade(alembic, "0018_transfer_message")
    empty.execute(
        text(
            "INSERT INTO webhook_events (tenant_id, id, stripe_event_id, stripe_created_at, type, payload, status, "
            "attempts, received_at, next_attempt_at) "
            "SELECT 1, gen_random_uuid(), 'evt_' || days, now() - days * interval '1 day', 'x', '{}', 'processed', 1, "
            "now(), now() FROM unnest(ARRAY[0, 40, 400, 9000]) AS days"
        )
    )
    empty.commit()
    stored = (
        "SELECT stripe_event_id, tableoid::regclass::text <> 'webhook_events_default' "
        "FROM webhook_events ORDER BY 1"
    )
    expected = [("evt_0", True), ("evt_40", True), ("evt_400", True), ("evt_9000", False)]
    expected_ids = sorted(event_id for event_id, _ in expected)

    command.upgrade(alembic, "head")
    assert sorted(map(tuple, empty.execute(text(stored)))) == sorted(expected)
    command.downgrade(alembic, "0018_transfer_message")
    assert [row[0] for row in empty.execute(text(stored))] == expected_ids
    empty.rollback()
    command.upgrade(alembic, "head")
    assert sorted(map(tuple, empty.execute(text(stored)))) == sorted(expected)
