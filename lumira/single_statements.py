"""Statements that are their own transaction, over their own connections: for the inbox and the state of a catalog."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

import psycopg
from psycopg.pq import ExecStatus, TransactionStatus
from sqlalchemy.engine import Engine

from lumira import database_failures, tracing
from lumira.database import db
from lumira.shared_reads import SharedReads
from lumira.transactions import LOCAL_SETTINGS

#: By engine and statement.
_shared_reads: SharedReads[tuple[Engine, str], list[bytes | None]] = SharedReads()


def execute_alone(statement: str, parameters: Mapping[str, object]) -> list[Any]:
    """Run a statement that is its own transaction, for the inbox alone, and return its rows.

    SQLAlchemy's work around a statement takes longer than this statement. Errors are raised as SQLAlchemy's own.
    """
    settings = local_settings()
    if parent := tracing.traceparent():
        # Evaluated before the function that the statement calls, and in its transaction.
        statement = f"{statement} WHERE set_config('{tracing.SETTING}', %(traceparent)s, true) IS NOT NULL"
        parameters = {**parameters, "traceparent": parent}
    with inbox_connection() as connection:
        cursor = connection.execute(f"{settings} {statement}", parameters)
        while cursor.nextset():
            pass
        return cursor.fetchall()


def read_alone(statement: str) -> list[bytes | None]:
    """Run a statement that is its own transaction and has one row; returns its values as PostgreSQL writes them.

    For the state of a catalog, which each of its readers reads: the driver's cursor takes longer than this statement.
    Threads that call with the same statement while one runs share the next one.
    """
    engine = db.engines["inbox"]
    # The values are in the statement, so two callers share a row only if they would read the same one.
    return _shared_reads.read((engine, statement), lambda: _read_alone(engine, statement))


def _read_alone(engine: Engine, statement: str) -> list[bytes | None]:
    settings = engine.get_execution_options().get(LOCAL_SETTINGS, "")
    with inbox_connection() as connection:
        result = connection.pgconn.exec_(f"{settings} {statement}".encode())
        if result.status != ExecStatus.TUPLES_OK:
            # The same error occurs again here, and the driver raises it as its own.
            connection.execute(statement)
        return [result.get_value(0, column) for column in range(result.nfields)]


def local_settings() -> str:
    """Return the statements that begin each transaction of the inbox behind a pooler; empty without one."""
    return str(db.engines["inbox"].get_execution_options().get(LOCAL_SETTINGS, ""))


def open_inbox_connection() -> "psycopg.Connection[Any]":
    """Open a driver connection on which each message is its own transaction; the caller closes it.

    It is none of the pool's. Raises an error of SQLAlchemy or of the driver.
    """
    pooled = db.engines["inbox"].raw_connection()
    driver = cast("psycopg.Connection[Any]", pooled.driver_connection)
    pooled.detach()
    return driver


@contextmanager
def inbox_connection() -> Iterator["psycopg.Connection[Any]"]:
    """Yield a driver connection on which each message is its own transaction."""
    engine = db.engines["inbox"]
    try:
        pooled = engine.raw_connection()
    except psycopg.Error as error:
        raise database_failures.as_sqlalchemy(error, engine) from error
    driver = cast("psycopg.Connection[Any]", pooled.driver_connection)
    try:
        yield driver
    except BaseException as error:
        is_unusable = database_failures.makes_unusable(error)
        is_lost = driver.closed or is_unusable
        if is_lost:
            database_failures.drop_with_older(engine, pooled, error)
        elif driver.info.transaction_status is not TransactionStatus.IDLE:
            pooled.invalidate(error)
        if not isinstance(error, psycopg.Error):
            raise
        raise database_failures.as_raised(error, engine, is_unusable=is_unusable, is_lost=is_lost) from error
    finally:
        pooled.close()
