"""Every table is moved with its tenant, or named with the reason why it is not."""

import pytest
from sqlalchemy import LargeBinary

from lumira.database import Base, atomic
from lumira.repositories.tenants import tenant_tables
from lumira.repositories.tenants.sealed_columns import OF_OPERATORS, OF_TENANTS

pytestmark = pytest.mark.usefixtures("app_context")


def test_every_table_is_moved_or_left_out_for_a_reason() -> None:
    with atomic(None):
        assert tenant_tables.list_unaccounted() == []
        moved = {table.name for table in tenant_tables.list_tables()}
    assert {"orders", "receipts", "audit_entries", "webhook_events", "tenants"} <= moved
    assert all(tenant_tables.NOT_MOVED.values())


def test_a_table_comes_after_those_that_it_refers_to() -> None:
    with atomic(None):
        order = [table.name for table in tenant_tables.list_tables()]
    for table, target in (("orders", "tenants"), ("payments", "orders"), ("receipt_links", "tenants")):
        assert order.index(target) < order.index(table)


def test_every_encrypted_column_is_encrypted_with_the_keys_of_the_other_installation() -> None:
    with atomic(None):
        tables = [*tenant_tables.list_tables(), *tenant_tables.list_operator_tables()]
    found = {f"{table.name}.{column}" for table in tables for column in table.sealed}
    assert found == {column.name for column in (*OF_TENANTS, OF_OPERATORS)}
    assert found == {
        f"{mapper.local_table.name}.{column.name}"  # type: ignore[attr-defined]
        for mapper in Base.registry.mappers
        for column in mapper.local_table.columns
        if isinstance(column.type, LargeBinary) and column.name.endswith("sealed")
    }


def test_the_objects_of_every_moved_table_are_moved() -> None:
    """`list_stored` reads those of `files`; a further table belongs there, or into `NOT_MOVED`."""
    tables = {name for name, table in Base.metadata.tables.items() if "object_name" in table.columns}
    assert tables - tenant_tables.NOT_MOVED.keys() == {"files"}
