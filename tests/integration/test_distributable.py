"""The tables can be distributed by tenant: no key, no trigger and no function needs the rows of several servers."""

import re
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, create_engine, text

from config.settings import Settings
from lumira.domain import distribution
from lumira.repositories.installation.distribution import read_schema
from tests.support.distributable import DISTRIBUTED, refusal_of

#: What `flask db distribute` knows how to keep or to give up. Nothing may be added: a rule for many rows belongs into a
#: constraint that carries the tenant, or into the code that holds the lock of the order.
TRIGGERS = {
    "audit_entries_refuse_changes",
    "audit_links_refuse_changes",
    "receipt_closings_refuse_changes",
    "receipt_links_refuse_changes",
    "receipts_refuse_change",
    "receipts_refuse_removal",
    "withdrawn_units",
}
#: Citus deletes such rows, because the keys carry the tenant. It would not set a part of one to NULL.
CASCADES = {"fk_order_notes_tenant_id_order_id", "fk_team_posts_tenant_id_alert_id"}
#: Functions that look across tenants, and those of the partitions, which belong to all tenants.
ACROSS_TENANTS = re.compile(
    r"lumira_(tenants_with|operators_with|count|find|list)_|lumira_(create|drop)_event_partition$"
)
#: Replaced, and kept for processes of the previous release until a later one drops them.
EARLIER = {
    "lumira_lock_kept_order(integer,uuid)",
    "lumira_remove_default_events(timestamp with time zone,integer)",
}
_STATEMENT = re.compile(r"\b(?:SELECT|INSERT|UPDATE|DELETE|PERFORM|WITH)\b[^;]*", re.IGNORECASE)


@pytest.fixture
def owner(settings: Settings) -> Iterator[Connection]:
    engine = create_engine(settings.database_owner_url)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def test_each_primary_key_and_unique_index_of_a_tenants_table_carries_the_tenant(owner: Connection) -> None:
    schema = read_schema(owner, is_cluster=False)
    assert set(schema.distributed) == DISTRIBUTED
    assert distribution.unplaceable(schema) == []


def test_each_foreign_key_of_a_tenants_table_carries_the_tenant(owner: Connection) -> None:
    query = text(
        "SELECT conname, conrelid::regclass::text, confrelid::regclass::text, pg_get_constraintdef(oid) "
        "FROM pg_constraint WHERE contype = 'f' AND conparentid = 0 AND conrelid::regclass::text = ANY (:tables)"
    )
    found = owner.execute(query, {"tables": list(DISTRIBUTED)}).all()
    assert found
    for name, table, referenced, definition in found:
        if referenced == "operators":
            continue
        key = "id" if referenced == "tenants" else "tenant_id"
        assert re.match(rf"FOREIGN KEY \(tenant_id\b.* REFERENCES \w+\({key}\b", definition), (
            f"{table}: {name}"
        )
        is_cascade = definition.endswith("ON DELETE CASCADE")
        assert is_cascade == (name in CASCADES), f"{table}: {definition}"
        assert is_cascade or not re.search(r" ON (DELETE|UPDATE) ", definition), f"{table}: {definition}"


def test_no_trigger_is_added_to_a_tenants_table(owner: Connection) -> None:
    schema = read_schema(owner, is_cluster=False)
    assert {trigger.name for trigger in schema.triggers} == TRIGGERS
    # Reads lines of other withdrawals: `lumira/domain/withdrawal.py` decides the same before, under the order's lock.
    lost = [loss for loss in distribution.losses(schema) if loss.startswith("trigger")]
    assert lost == ["trigger withdrawn_units on withdrawal_lines"]


def test_no_column_of_a_tenants_table_takes_its_value_from_a_sequence(owner: Connection) -> None:
    query = text(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_name = ANY (:tables) "
        "AND (is_identity = 'YES' OR column_default LIKE 'nextval%')"
    )
    assert owner.execute(query, {"tables": list(DISTRIBUTED)}).all() == []


def test_each_statement_of_a_function_names_its_tenant(owner: Connection) -> None:
    query = text(
        "SELECT oid::regprocedure::text, proname, prosrc FROM pg_proc "
        "WHERE pronamespace = 'public'::regnamespace AND proname LIKE 'lumira\\_%'"
    )
    read = 0
    for signature, name, source in owner.execute(query):
        if ACROSS_TENANTS.match(name) or signature in EARLIER:
            continue
        for statement in _statements_of(source):
            read += 1
            assert refusal_of(statement) is None, f"{signature}: {refusal_of(statement)}: {statement}"
    assert read > 20


def _statements_of(source: str) -> list[str]:
    """Return the statements of a function's body as they would be without its variables' assignments."""
    code = re.sub(r"--[^\n]*", "", source)
    code = re.sub(r"(?<!INSERT )\bINTO \w+(?:, \w+)*", "", " ".join(code.split()))
    return [re.sub(r"^PERFORM\b", "SELECT", found[0]) for found in _STATEMENT.finditer(code)]
