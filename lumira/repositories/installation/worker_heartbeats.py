"""When the workers reported last: a row of the job queue for each process, which is removed when it ends."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from lumira.database import db

#: A living worker reports every few seconds; one that is stopped or restarts is given a minute.
SILENT_AFTER = timedelta(minutes=1)


def find_last(connection: Connection | None = None) -> datetime | None:
    """Return when any worker reported last, in UTC; `None` if none runs."""
    query = text("SELECT max(last_heartbeat) FROM procrastinate_workers")
    last: datetime | None = (connection or db.session).execute(query).scalar_one()
    return last


def count_since(time: datetime, connection: Connection | None = None) -> int:
    """Return how many workers reported since this time."""
    query = text("SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat >= :time")
    number: int = (connection or db.session).execute(query, {"time": time}).scalar_one()
    return number
