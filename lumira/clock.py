"""The clock of the code and, as a parameter of statements, of the database."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return the current time, aware, in UTC.

    Statements receive it instead of calling `now()`: one clock decides everywhere, and tests can move it.
    """
    return datetime.now(UTC)
