"""The running transaction: what it has to send, and what travels with its next message.

A transaction begins with its first statement and commits with its last writes, in one message each: every message is
waited for, and whoever waits lets other processes use the processor and its caches meanwhile.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy.engine import Connection

from lumira import database_failures, tracing
from lumira.prepared_statements import Query, Row, from_text, send

#: The name of the engines' option with the statement that each transaction begins with behind a pooler.
LOCAL_SETTINGS = "lumira_local_settings"
#: In what SQLAlchemy keeps about a connection: the statements that are prepared there.
_PREPARED = "lumira_prepared"

_BEGIN = from_text("BEGIN").with_values({})
_BEGIN_SNAPSHOT = from_text("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").with_values({})
_COMMIT = from_text("COMMIT").with_values({})
# Functions, because a cluster needs another way: `flask db distribute` replaces the first one there.
_SET_TENANT = from_text("SELECT lumira_set_tenant(%(tenant)s::integer)")
# After the tenant is set: the second function sees the tenant's own row only.
_SET_CHANGED_TENANT = from_text(
    "SELECT lumira_set_tenant(%(tenant)s::integer), lumira_keep_frozen(%(tenant)s::integer)"
)
_SET_TRACE = from_text(f"SELECT set_config('{tracing.SETTING}', %(parent)s, true)")


class TransactionAborted(RuntimeError):
    """Raised instead of committing if a statement failed although no error was raised out of the transaction.

    PostgreSQL would answer `COMMIT` with a rollback, and report no error.
    """


@dataclass(frozen=True, slots=True)
class Deferred:
    """A statement that is sent with the next message, because nothing waits for its row."""

    query: Query
    #: Called with its first row, `None` if there is none.
    take: Callable[[Row | None], None]
    #: A statement that fails if `take` will raise: a commit in the same message follows it.
    check: Query | None = None


class Transaction:
    """A transaction of one connection, from its beginning, which is sent with its first statement."""

    def __init__(
        self, connection: Connection, tenant_id: int | None, *, is_snapshot: bool, changes_frozen: bool
    ) -> None:
        self.connection = connection
        #: Whether its tenant is frozen, and it is read-only for that reason.
        self.is_frozen = False
        connection.info[database_failures.IS_FROZEN] = False
        self._deferred = [Deferred(_BEGIN_SNAPSHOT if is_snapshot else _BEGIN, _drop)]
        if settings := connection.get_execution_options().get(LOCAL_SETTINGS):
            self.defer(Deferred(_setting(settings), _drop))
        if tenant_id is None or is_snapshot or changes_frozen:
            self.defer(Deferred(_SET_TENANT.with_values({"tenant": tenant_id}), _drop))
        else:
            self.defer(Deferred(_SET_CHANGED_TENANT.with_values({"tenant": tenant_id}), self._note_frozen))
        if tracing.is_on():
            self.defer(Deferred(_SET_TRACE.with_values({"parent": tracing.traceparent() or ""}), _drop))
        self._beginning = len(self._deferred)
        self._is_begun = False

    def _note_frozen(self, row: Row | None) -> None:
        self.is_frozen = row is not None and row[1] is True
        self.connection.info[database_failures.IS_FROZEN] = self.is_frozen

    @property
    def driver(self) -> "psycopg.Connection[Any]":
        """The driver's connection."""
        return cast("psycopg.Connection[Any]", self.connection.connection.driver_connection)

    def defer(self, deferred: Deferred) -> None:
        """Send a statement with the next message, or with the commit."""
        self._deferred.append(deferred)

    def send(self, queries: Sequence[Query] = ()) -> list[Row | None]:
        """Send what was deferred and these statements in one message; returns the first row of each of these.

        Errors are raised as SQLAlchemy's own.
        """
        if not self._deferred and not queries:
            return []
        deferred, driver = self._deferred, self.driver
        if self._is_begun and driver.info.transaction_status is TransactionStatus.IDLE:
            raise TransactionAborted("The server has ended this transaction.")
        known = self.connection.info.setdefault(_PREPARED, {})
        try:
            received = send(driver, known, [*(item.query for item in deferred), *queries])
            # Not before: a value that cannot be sent must not lose what stands before it, such as the tenant.
            self._deferred, self._is_begun = [], True
            for item, row in zip(deferred, received.rows, strict=False):
                item.take(row)
        except psycopg.Error as error:
            raise self._raised_by_sqlalchemy(error) from error
        except BaseException as error:
            if driver.closed:
                # Interrupted: a rollback would raise another error instead.
                self.connection.invalidate(error)
            raise
        if received.failure is not None:
            raise self._raised_by_sqlalchemy(received.failure) from received.failure
        return received.rows[len(deferred) :]

    def forget_deferred(self) -> None:
        """Send nothing of what was deferred since a savepoint: everything before it was sent with it."""
        self._deferred = []

    def send_commit(self) -> None:
        """Commit in the message with the deferred statements, if there are any beside the beginning.

        Without any, SQLAlchemy commits what was sent. If nothing was sent, nothing is committed. Raises
        `TransactionAborted` if a statement has failed.
        """
        status = self.driver.info.transaction_status
        if status is TransactionStatus.INERROR or (self._is_begun and status is TransactionStatus.IDLE):
            raise TransactionAborted("A statement of this transaction has failed: nothing is committed.")
        if status is TransactionStatus.IDLE and len(self._deferred) <= self._beginning:
            self._deferred = []
        elif self._deferred:
            self.send([*(item.check for item in self._deferred if item.check is not None), _COMMIT])

    def _raised_by_sqlalchemy(self, error: psycopg.Error) -> Exception:
        connection = self.connection
        is_unusable = database_failures.makes_unusable(error) and not database_failures.is_of_frozen_tenant(
            connection, error
        )
        is_lost = self.driver.closed or is_unusable
        engine = connection.engine
        if is_lost:
            database_failures.drop_with_older(engine, connection.connection, error)
            connection.invalidate(error)
        return database_failures.as_raised(error, engine, is_unusable=is_unusable, is_lost=is_lost)


def _drop(_row: Row | None) -> None:
    """Nothing follows from the row."""


@lru_cache(maxsize=4)
def _setting(statement: str) -> Query:
    return from_text(statement.replace("%", "%%")).with_values({})


def forget_prepared(connection: Connection, *_: object) -> None:
    """Prepare statements anew: after a rollback the driver may remove all that are prepared in the session."""
    if not connection.invalidated:
        connection.info.pop(_PREPARED, None)


def roll_back(connection: Connection) -> None:
    """Roll back what was sent, and remove what is prepared in the session; SQLAlchemy has nothing left to do then.

    The driver removes what is prepared only if it has prepared statements itself. What neither removes nor knows would
    stay in the server's memory for as long as the session.
    """
    if connection.invalidated:
        return
    driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
    if driver.closed or driver.info.transaction_status is TransactionStatus.IDLE:
        return
    forget_prepared(connection)
    # SQLAlchemy raises it, when it rolls back.
    with suppress(psycopg.Error):
        driver.rollback()
        if driver.prepare_threshold is not None:
            driver.pgconn.exec_(b"DEALLOCATE ALL")
