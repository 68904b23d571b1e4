"""Columns and constraints that the migrations share.

A released migration must build the same schema for ever: add functions here, never change what one returns.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

Items = tuple[sa.schema.SchemaItem, ...]


def tenant_id(*, references_tenant: bool = True) -> Items:
    """Return the tenant's column and its foreign key.

    Checking the foreign key locks the tenant's row, which all concurrent inserts share: the busiest tables
    pass `references_tenant=False`.
    """
    column = sa.Column("tenant_id", sa.Integer(), nullable=False)
    if not references_tenant:
        return (column,)
    return column, sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"])


def identity(*, references_tenant: bool = True) -> Items:
    """Return the tenant's column, a UUID column and the primary key of both."""
    return (
        *tenant_id(references_tenant=references_tenant),
        uuid("id"),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
    )


def created_and_updated() -> Items:
    return timestamp("created_at"), timestamp("updated_at")


def text(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def integer(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer(), nullable=nullable)


def minor_units(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    """Return a column of an amount. Stripe's amounts of rupiah have twelve digits, more than an integer."""
    return sa.Column(name, sa.BigInteger(), nullable=nullable)


def boolean(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Boolean(), nullable=False)


def uuid(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Uuid(), nullable=nullable)


def timestamp(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def jsonb(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, JSONB(), nullable=nullable)


def encrypted(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.LargeBinary(), nullable=nullable)


def text_array(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.ARRAY(sa.Text()), nullable=nullable)


def currency(*, checked: bool = True) -> Items:
    """Return the column of an ISO 4217 code in lower case, as Stripe writes it, and its check.

    The facts that Stripe sends are stored as they come, with `checked=False`.
    """
    column = sa.Column("currency", sa.String(length=3), nullable=False)
    if not checked:
        return (column,)
    return column, check("currency_is_iso", "currency ~ '^[a-z]{3}$'")


def choice(name: str, *values: str, nullable: bool = False, check_name: str | None = None) -> Items:
    """Return a column that accepts only `values`, and the check that enforces it."""
    column = sa.Column(name, sa.String(length=40), nullable=nullable)
    accepted = ", ".join(f"'{value}'" for value in values)
    return column, check(check_name or f"{name}_is_known", f"{name} IN ({accepted})")


def check(name: str, condition: str) -> sa.CheckConstraint:
    """Return a check constraint; the naming convention adds `ck_` and the table."""
    return sa.CheckConstraint(condition, name=name)


def unique(*columns: str) -> sa.UniqueConstraint:
    """Return a unique constraint within the tenant."""
    return sa.UniqueConstraint("tenant_id", *columns)


def references(table: str, column: str) -> sa.ForeignKeyConstraint:
    """Return a foreign key to a row of the same tenant."""
    return sa.ForeignKeyConstraint(["tenant_id", column], [f"{table}.tenant_id", f"{table}.id"])
