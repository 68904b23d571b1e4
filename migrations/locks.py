"""How a migration waits for the lock of a table that running sales use."""

import time
from collections.abc import Callable

import click
from psycopg.errors import LockNotAvailable
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

#: Everything that needs the table waits behind a migration that waits for its lock. Sales may be late by this much.
_LOCK_WAIT = "1s"
#: Seconds between two attempts, in which the sales that waited go on; and how long a backup or a report may take.
_PAUSE, _GIVE_UP_AFTER = 4.0, 15 * 60.0


def repeated_while_locked(
    connection: Connection,
    migrate: Callable[[], None],
    *,
    pause: float = _PAUSE,
    within: float = _GIVE_UP_AFTER,
) -> None:
    """Run the migrations; while another transaction holds a lock that one needs, pause and continue with that one.

    Ends the command with one line if it holds the lock for too long. What ran before is committed.
    """
    connection.execute(text(f"SET lock_timeout = '{_LOCK_WAIT}'"))
    connection.commit()
    began_at = time.monotonic()
    is_waiting = False
    while True:
        try:
            migrate()
        except OperationalError as error:
            if not isinstance(error.orig, LockNotAvailable):
                raise
            connection.rollback()
        else:
            return
        if time.monotonic() - began_at > within:
            raise click.ClickException(
                "A migration did not get the lock of a table, because another transaction uses it. Nothing is lost: "
                "find it in pg_stat_activity (a backup, a report), and run the command again."
            )
        if not is_waiting:
            click.echo(
                "Another transaction uses a table that a migration changes. Waiting for it ...", err=True
            )
            is_waiting = True
        time.sleep(pause)
