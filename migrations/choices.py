"""The values that a column accepts: each migration adds or removes its own, whatever others have added."""

import re

import sqlalchemy as sa
from alembic import op

_VALUE = re.compile(r"'([^']*)'")


def accept(table: str, column: str, *added: str, not_valid: bool = False) -> None:
    """Let a column that `columns.choice` created accept these values too.

    With `not_valid` the rows that exist are not read under the lock; `validate` does so in a migration of its own.
    """
    _replace(table, column, [*_accepted(table, column), *added], not_valid=not_valid)


def validate(table: str, column: str) -> None:
    """Validate the check of a column, while the table is read and written."""
    op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {_name(table, column)}")


def accept_no_longer(table: str, column: str, *removed: str) -> None:
    """Let a column accept these values no longer; rows that have one stay."""
    left = [value for value in _accepted(table, column) if value not in removed]
    _replace(table, column, left, not_valid=True)


def _accepted(table: str, column: str) -> list[str]:
    # Read and not written down again: a copy of the list would remove what another migration has added meanwhile.
    query = sa.text(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE conname = :name AND conrelid = to_regclass(:table)"
    )
    definition = op.get_bind().execute(query, {"name": _name(table, column), "table": table}).scalar_one()
    return _VALUE.findall(definition)


def _replace(table: str, column: str, values: list[str], *, not_valid: bool) -> None:
    name = op.f(_name(table, column))
    op.drop_constraint(name, table)
    accepted = ", ".join(f"'{value}'" for value in values)
    op.create_check_constraint(name, table, f"{column} IN ({accepted})", postgresql_not_valid=not_valid)


def _name(table: str, column: str) -> str:
    return f"ck_{table}_{column}_is_known"
