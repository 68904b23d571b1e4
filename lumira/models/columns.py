"""Columns that models share: keys, times and choices."""

import os
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, cast
from uuid import UUID

from sqlalchemy import BigInteger, Dialect, Enum, ForeignKey, Table, Text, TypeDecorator
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from lumira.card_numbers import hide_card_numbers
from lumira.clock import time_ns, utc_now

#: An amount in minor units of its currency. Stripe's amounts of rupiah have twelve digits.
MinorUnits = Annotated[int, mapped_column(BigInteger)]


class _FreeText(TypeDecorator[str]):
    """Text that hides card numbers when it is stored."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's
        return None if value is None else hide_card_numbers(value)


#: Words that a buyer or an operator has entered, perhaps copied from an e-mail that contains a card number.
FreeText = Annotated[str, mapped_column(_FreeText())]

#: A UUIDv7 has 48 bits for the time.
_LAST_MILLISECOND = (1 << 48) - 1


def uuid7() -> UUID:
    """Return a new UUIDv7 (RFC 9562, section 5.7): milliseconds first, so that ids sort by creation.

    Twelve bits below the millisecond order the rows that one process creates (method 3 of section 6.2).
    """
    nanoseconds = time_ns()
    milliseconds, rest = divmod(nanoseconds, 1_000_000)
    fraction = (rest << 12) // 1_000_000
    random = int.from_bytes(os.urandom(8)) & ((1 << 62) - 1)
    return UUID(int=(milliseconds << 80) | (0x7 << 76) | (fraction << 64) | (0b10 << 62) | random)


def uuid7_from(at: datetime, *, shifted: timedelta = timedelta()) -> UUID:
    """Return the smallest UUIDv7 of a time: a row that is created then or later has no smaller id.

    `shifted` is added to the time, which may be the first or the last that there is.
    """
    milliseconds = int((at.timestamp() + shifted.total_seconds()) * 1000)
    return UUID(int=(min(max(milliseconds, 0), _LAST_MILLISECOND) << 80) | (0x7 << 76) | (0b10 << 62))


def choice(options: type[StrEnum]) -> Enum:
    """Return the type of a text column with the values of `options`; add `one_of` as its check constraint."""
    return Enum(
        options,
        native_enum=False,
        create_constraint=False,
        length=40,
        values_callable=lambda members: [member.value for member in members],
    )


def one_of(column: str, options: type[StrEnum]) -> str:
    """Return the condition of the check constraint that goes with `choice`."""
    return f"{column} IN ({', '.join(repr(str(member.value)) for member in options)})"


def table_of(model: type[DeclarativeBase]) -> Table:
    """Return the table of a model, for statements that read and write columns instead of objects."""
    return cast(Table, model.__table__)


class TenantOwned:
    """A row of one tenant: its primary key and all foreign keys to it begin with the tenant."""

    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id"), primary_key=True, sort_order=-3)


class Identified(TenantOwned):
    """A row of one tenant with a UUIDv7 as its id."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7, sort_order=-2)


class OfOrder(Identified):
    """A row of an order, whose foreign key to the order names the tenant as well.

    A foreign key of its own to the tenant would be checked for each row, and all sales of a tenant would lock that row.
    """

    tenant_id: Mapped[int] = mapped_column(primary_key=True, sort_order=-3)


class Timestamped:
    """When the row was created and last updated, by the application's clock."""

    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    # Set in Python: an SQL-side onupdate would have to be read back after the commit.
    updated_at: Mapped[datetime] = mapped_column(default=utc_now, onupdate=utc_now)
