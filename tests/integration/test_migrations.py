"""The schema: reversible, the same as the models say, and closed to other tenants."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import CheckConstraint, Connection, create_engine, text

from lumira.database import Base
from tests.support import postgresql


@pytest.fixture
def empty(run_directory: Path, worker_id: str) -> Iterator[Connection]:
    """A connection, as the owner, to a database without any table."""
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


_ORDER = "01980000-0000-7000-8000-000000000001"


def _objects(connection: Connection) -> list[str]:
    query = """
        SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname NOT LIKE 'alembic%'
        UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
        UNION ALL SELECT typname FROM pg_type WHERE typnamespace = 'public'::regnamespace
            AND typname NOT LIKE '%alembic%'
    """
    return sorted(connection.execute(text(query)).scalars())


def test_every_migration_can_be_taken_back_and_made_again(empty) -> None:
    alembic = _alembic(empty)
    command.upgrade(alembic, "head")
    made = _objects(empty)
    command.downgrade(alembic, "base")
    assert _objects(empty) == []
    command.upgrade(alembic, "head")
    assert _objects(empty) == made


def test_receipts_of_before_name_the_payment_that_they_are_of(empty) -> None:
    alembic, revision = _alembic(empty), "0022_receipts_of_payments"
    command.upgrade(alembic, revision)
    # Rows of their own, without all that they belong to.
    empty.execute(text("SET LOCAL session_replication_role = replica"))
    for name, moment in (("pi_other", "2026-11-20"), ("pi_paid", "2026-11-21")):
        empty.execute(
            text(
                "INSERT INTO payments (tenant_id, id, order_id, stripe_payment_intent_id, state, amount, currency, "
                "amount_received, attempts, ended_attempts, succeeded_at, created_at, updated_at) VALUES "
                "(1, gen_random_uuid(), :order, :name, 'succeeded', 4700, 'eur', 4700, '{}', '{}', :at, :at, :at)"
            ),
            {"order": _ORDER, "name": name, "at": moment},
        )
    empty.execute(
        text(
            "INSERT INTO receipts (tenant_id, id, order_id, kind, subject, year, number, label, issued_at, time_zone, "
            "order_number, moved_at, amount, currency, seller, lines, buyer) VALUES "
            "(1, gen_random_uuid(), :order, 'receipt', 'pi_paid', 2026, 1, 'A-R-2026-000001', now(), 'UTC', "
            "'A-1', '2026-11-21', 4700, 'eur', '{}', '[]', '{}')"
        ),
        {"order": _ORDER},
    )
    empty.commit()

    command.downgrade(alembic, f"{revision}-1")
    assert empty.execute(text("SELECT subject FROM receipts")).scalars().all() == [""]
    command.upgrade(alembic, revision)
    assert empty.execute(text("SELECT subject FROM receipts")).scalars().all() == ["pi_paid"]


def test_migrations_make_what_the_models_say(owner) -> None:
    command.check(_alembic(owner))


def test_every_table_of_a_tenant_shows_its_rows_to_that_tenant_only(owner) -> None:
    protected = owner.execute(
        text(
            """
            SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity AS forced, p.qual, p.with_check
            FROM pg_class c JOIN pg_policies p ON p.tablename = c.relname AND p.policyname = c.relname || '_of_tenant'
            WHERE c.relkind IN ('r', 'p')
            """
        )
    )
    found = {row.relname: row for row in protected}
    for name, table in Base.metadata.tables.items():
        key = "id" if name == "tenants" else "tenant_id"
        assert key in table.columns, f"{name} belongs to no tenant"
        expected = f"({key} = (NULLIF(current_setting('lumira.tenant_id'::text, true), ''::text))::integer)"
        assert found[name].forced, f"{name} is not protected"
        assert (found[name].qual, found[name].with_check) == (expected, expected)


def test_every_other_policy_is_for_the_sweeping_role_and_for_reading(owner) -> None:
    others = owner.execute(
        text(
            "SELECT tablename, roles::text, cmd FROM pg_policies WHERE policyname NOT LIKE '%\\_of\\_tenant'"
        )
    )
    assert {(row.roles, row.cmd) for row in others} == {("{lumira_sweep}", "SELECT")}


def test_every_key_and_foreign_key_begins_with_the_tenant() -> None:
    for name, table in Base.metadata.tables.items():
        if name == "tenants":
            continue
        assert next(iter(table.primary_key.columns)).name == "tenant_id", name
        for key in table.foreign_key_constraints:
            assert key.column_keys[0] == "tenant_id", f"{name}: {key.name}"


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


def test_what_was_done_cannot_be_changed_or_removed_by_the_application(owner) -> None:
    rights = owner.execute(
        text(
            "SELECT privilege_type FROM information_schema.role_table_grants "
            "WHERE grantee = 'lumira_app' AND table_name = 'audit_entries'"
        )
    ).scalars()
    assert sorted(rights) == ["INSERT", "SELECT"]


def test_every_check_that_a_model_states_is_made_by_the_database(owner) -> None:
    query = "SELECT conname FROM pg_constraint WHERE contype = 'c' AND connamespace = 'public'::regnamespace"
    made = set(owner.execute(text(query)).scalars())
    stated = {
        str(constraint.name)
        for table in Base.metadata.tables.values()
        for constraint in table.constraints
        if isinstance(constraint, CheckConstraint)
    }
    assert {name for name in made if not name.startswith("check_not_todo")} == stated
