"""The tables with rows of a tenant, found in the catalog of the database: a new table is moved without being listed."""

from collections.abc import Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any

from sqlalchemy import Row, text

from lumira.database import db

#: Tables that are not moved, and why. Every other table has a `tenant_id`, or is `tenants` or one of `_OF_OPERATORS`.
NOT_MOVED = {
    "accounting_files": "a file made of other rows, kept for a week; it is prepared again",
    "alembic_version": "the schema of the installation",
    "operator_resets": "a link that an operator asked for; they ask for a new one",
    "operator_sessions": "a sign-in at the installation; operators sign in again",
    "procrastinate_events": "the history of jobs",
    "procrastinate_jobs": "a job is only a wake-up: the sweeps find the work in the moved rows",
    "procrastinate_periodic_defers": "when periodic jobs ran",
    "procrastinate_workers": "the workers of the installation",
    "webhook_probes": "a delivery with which `flask doctor` checks the installation's address",
}
#: The tables with the account of an operator, each after those that it refers to.
_OF_OPERATORS = ("operators", "operator_credentials", "operator_recovery_codes")
_TENANTS, _OPERATORS = "tenants", "operators"

_COLUMNS = text(
    """
    SELECT c.relname AS table_name, a.attname AS name, a.atttypid = 'bytea'::regtype AS is_bytes
    FROM pg_class AS c
    JOIN pg_attribute AS a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
        AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
    ORDER BY c.relname, a.attnum
    """
)
_REFERENCES = text(
    """
    SELECT c.relname AS table_name, other.relname AS target,
        (SELECT array_agg(a.attname::text ORDER BY k.position)
            FROM unnest(f.conkey) WITH ORDINALITY AS k (number, position)
            JOIN pg_attribute AS a ON a.attrelid = f.conrelid AND a.attnum = k.number) AS columns,
        (SELECT array_agg(a.attname::text ORDER BY k.position)
            FROM unnest(f.confkey) WITH ORDINALITY AS k (number, position)
            JOIN pg_attribute AS a ON a.attrelid = f.confrelid AND a.attnum = k.number) AS target_columns
    FROM pg_constraint AS f
    JOIN pg_class AS c ON c.oid = f.conrelid
    JOIN pg_class AS other ON other.oid = f.confrelid
    WHERE f.contype = 'f' AND f.connamespace = 'public'::regnamespace AND f.conparentid = 0
        AND NOT c.relispartition
    ORDER BY c.relname, f.conname
    """
)


@dataclass(frozen=True, slots=True)
class Parent:
    """A foreign key of a table to itself, such as that of a merged customer to the other one."""

    columns: tuple[str, ...]
    target_columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TenantTable:
    """A table with rows of a tenant."""

    name: str
    #: Those that are stored: the database computes generated ones again.
    columns: tuple[str, ...]
    #: Those whose values are encrypted with the installation's key.
    sealed: frozenset[str]
    #: Those that name an operator, who may have another id in the other installation.
    operators: frozenset[str]
    parent: Parent | None

    @property
    def key(self) -> str:
        """The column that names the tenant or the operator whose row it is."""
        if self.name in (_TENANTS, _OPERATORS):
            return "id"
        return "operator_id" if self.name in _OF_OPERATORS else "tenant_id"


class NotOrdered(RuntimeError):
    """No order satisfies the foreign keys: tables refer to each other in a circle, or one to itself by two keys."""


def read_revision() -> str:
    """Return the migration that the database is at."""
    revision: str = db.session.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
    return revision


def list_tables() -> list[TenantTable]:
    """Return the tables with rows of a tenant, each after those that it refers to."""
    columns = _read_columns()
    references = read_references()
    owned = {
        name
        for name, of_table in columns.items()
        if name not in NOT_MOVED
        and (name == _TENANTS or any(column == "tenant_id" for column, _ in of_table))
    }
    tables = {name: _table(name, columns[name], references) for name in owned}
    return [tables[name] for name in _in_order(owned, references)]


def read_references() -> Sequence[Row[Any]]:
    """Return the foreign keys of all tables: `table_name`, `target`, and `columns` with their `target_columns`."""
    return db.session.execute(_REFERENCES).all()


def list_not_moved() -> list[str]:
    """Return the tables with rows of a tenant that are not moved with it."""
    return [
        name
        for name, columns in _read_columns().items()
        if name in NOT_MOVED and any(column == "tenant_id" for column, _ in columns)
    ]


def list_operator_tables() -> list[TenantTable]:
    """Return the tables with the account of an operator, each after those that it refers to."""
    columns = _read_columns()
    return [_table(name, columns[name], []) for name in _OF_OPERATORS]


def _read_columns() -> dict[str, list[tuple[str, bool]]]:
    columns: dict[str, list[tuple[str, bool]]] = {}
    for row in db.session.execute(_COLUMNS):
        columns.setdefault(row.table_name, []).append((row.name, row.is_bytes))
    return columns


def list_unaccounted() -> list[str]:
    """Return the tables that are neither moved nor named in `NOT_MOVED`; no table should be one."""
    moved = {table.name for table in list_tables()} | set(_OF_OPERATORS) | set(NOT_MOVED)
    return sorted(_read_columns().keys() - moved)


def _table(name: str, columns: list[tuple[str, bool]], references: Sequence[Row[Any]]) -> TenantTable:
    own = [reference for reference in references if reference.table_name == name]
    parents = [reference for reference in own if reference.target == name]
    if len(parents) > 1:
        raise NotOrdered(f"{name} refers to itself by several keys.")
    return TenantTable(
        name=name,
        columns=tuple(column for column, _ in columns),
        sealed=frozenset(column for column, is_bytes in columns if is_bytes and column.endswith("sealed")),
        operators=frozenset(
            column for reference in own if reference.target == _OPERATORS for column in reference.columns
        ),
        parent=Parent(tuple(parents[0].columns), tuple(parents[0].target_columns)) if parents else None,
    )


def _in_order(names: set[str], references: Sequence[Row[Any]]) -> list[str]:
    graph: dict[str, set[str]] = {name: set() for name in sorted(names)}
    for reference in references:
        table, target = reference.table_name, reference.target
        if table in names and target in names and table != target:
            graph[table].add(target)
    try:
        return list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        raise NotOrdered(str(error)) from error
