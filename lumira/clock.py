"""What time it is, for the code and (passed as a parameter) for the database."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """The current time, aware, in UTC.

    Passed to SQL instead of its `now()`, so that one clock decides everywhere and a test can move it.
    """
    return datetime.now(UTC)
