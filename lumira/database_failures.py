"""Failures of the database that a code change does not mend, and the connections that they make unusable."""

import re
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar, cast

import psycopg
import structlog
from sqlalchemy.engine import Connection, Engine, ExceptionContext
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import PoolProxiedConnection

if TYPE_CHECKING:
    from psycopg.pq.abc import PGconn

log = structlog.get_logger()

Result = TypeVar("Result")

#: Seconds between attempts while the database restarts or fails over.
SHORT_PAUSES = (0.5, 1.5)

READ_ONLY = "25006"
INSUFFICIENT_PRIVILEGE = "42501"
#: A table, a column or a function is missing: a restore or an upgrade is not complete.
NOT_MIGRATED = ("42P01", "42703", "42883")
#: PostgreSQL's error codes (appendix A of its manual) after which a session answers but cannot do its work: the server
#: or the session is read-only, as after a failover or on a full disk; a privilege or a part of the schema is missing,
#: as after a restore; a prepared statement has another result type, does not exist, or exists already, as after a
#: migration or behind a pooler; the transaction was idle for too long. The next session may have none of these.
_UNUSABLE_AFTER = (READ_ONLY, INSUFFICIENT_PRIVILEGE, *NOT_MIGRATED, "0A000", "26000", "42P05", "25P03")
#: The key of a connection's `info` that is true while its transaction is that of a frozen tenant, which cannot write.
IS_FROZEN = "lumira_is_frozen"
#: PostgreSQL's function that refuses a row because of row-level security, with the code of a missing privilege.
_ROW_SECURITY = "ExecWithCheckOptions"
#: Class 08, connection exceptions: the server that a session belongs to reports that another one does not respond.
_OTHER_SERVER = "08"
#: The name of a constraint as messages quote it. Where tables are distributed it is that of a shard, whose number, at
#: first 102008, follows the name.
_QUOTED_CONSTRAINT = re.compile(r'constraint "([^"]+?)(?:_\d{6,})?"')
#: The parameters that PostgreSQL reports to its clients and that are "on" in a session that cannot write.
_READ_ONLY_PARAMETERS = (b"default_transaction_read_only", b"in_hot_standby")


def makes_unusable(error: BaseException | None) -> bool:
    """Return whether the connection cannot do its work after this error of the driver, although it still answers."""
    return (
        isinstance(error, psycopg.Error)
        and error.sqlstate in _UNUSABLE_AFTER
        # A row of another tenant is an error in the code: the connection is sound, and repeating does not help.
        and error.diag.source_function != _ROW_SECURITY
    )


def is_read_only(connection: "PGconn") -> bool:
    """Return whether the session cannot write, as far as the server has reported it; sends nothing."""
    return any(connection.parameter_status(name) == b"on" for name in _READ_ONLY_PARAMETERS)


def drop_unusable(context: ExceptionContext) -> OperationalError | None:
    """Drop the connection of an unusable session with all that are as old, and raise the error of a lost connection.

    A listener for `handle_error` of an engine. Callers handle `OperationalError` only: the service is unavailable,
    nothing was committed, and the same call may be repeated.
    """
    error = context.original_exception
    if is_of_frozen_tenant(context.connection, error):
        return None
    if makes_unusable(error):
        context.is_disconnect = True
    elif not context.is_disconnect:
        return None
    if isinstance(context.sqlalchemy_exception, OperationalError) or not isinstance(error, psycopg.Error):
        return None
    return as_lost(error)


def is_of_frozen_tenant(connection: Connection | None, error: BaseException | None) -> bool:
    """Return whether this is a change of a frozen tenant: the transaction is read-only, and its session is sound."""
    is_read_only_error = isinstance(error, psycopg.Error) and error.sqlstate == READ_ONLY
    return is_read_only_error and connection is not None and connection.info.get(IS_FROZEN, False)


def as_lost(error: psycopg.Error) -> OperationalError:
    """Return the error that SQLAlchemy raises for a lost connection, without a statement and its parameters."""
    # The server's own sentence names tables and statements only, never their values.
    reason = error.diag.message_primary
    if error.sqlstate in NOT_MIGRATED:
        log.error(
            "database_not_migrated", sqlstate=error.sqlstate, reason=reason, remedy="run `flask db upgrade`"
        )
    else:
        log.info("database_unusable", sqlstate=error.sqlstate, reason=reason)
    return OperationalError(None, None, error, hide_parameters=True, connection_invalidated=True)


def as_sqlalchemy(error: psycopg.Error, engine: Engine, *, is_lost: bool = False) -> DBAPIError:
    """Return the error that SQLAlchemy would raise, without parameters, which may be names and addresses."""
    wrapped = DBAPIError.instance(
        None,
        None,
        error,
        psycopg.Error,
        hide_parameters=True,
        connection_invalidated=is_lost,
        dialect=engine.dialect,
    )
    return cast("DBAPIError", wrapped)


def as_raised(error: psycopg.Error, engine: Engine, *, is_unusable: bool, is_lost: bool) -> DBAPIError:
    """Return what callers get instead of an error of the driver: a lost connection, if its session is unusable."""
    return as_lost(error) if is_unusable else as_sqlalchemy(error, engine, is_lost=is_lost)


def drop_with_older(engine: Engine, pooled: PoolProxiedConnection, error: BaseException) -> None:
    """Drop a lost connection, as SQLAlchemy does itself: what broke it has broken all connections that are as old."""
    engine.pool._invalidate(pooled, error)  # noqa: SLF001 - the pool has no public method for it


def is_lost(error: DBAPIError) -> bool:
    """Return whether the server does not respond that has the rows, so that any other statement on them fails too."""
    return error.connection_invalidated or sqlstate_of(error) is None or is_of_other_server(error)


def is_of_other_server(error: DBAPIError) -> bool:
    """Return whether another server of a cluster does not respond: work with the rows of the others may go on."""
    return not error.connection_invalidated and (sqlstate_of(error) or "").startswith(_OTHER_SERVER)


def constraint_of(error: DBAPIError) -> str:
    """Return the name of the constraint that a statement violates, as the schema has it; empty if it is none.

    A cluster hands on the message of the server that has the rows, and no field with the name.
    """
    return constraint_named_by(error.orig)


def constraint_named_by(error: BaseException | None) -> str:
    """Return the same for an error of the driver."""
    diagnostics = getattr(error, "diag", None)
    name: str | None = getattr(diagnostics, "constraint_name", None)
    if name:
        return name
    quoted = _QUOTED_CONSTRAINT.search(getattr(diagnostics, "message_primary", None) or "")
    return quoted[1] if quoted else ""


def sqlstate_of(error: DBAPIError) -> str | None:
    """Return PostgreSQL's code of an error, or `None` if the error is not the server's."""
    return getattr(error.orig, "sqlstate", None)


def retry_while_lost(action: Callable[[], Result], *, pauses: Sequence[float] = SHORT_PAUSES) -> Result:
    """Run an action that is one transaction and safe to repeat, and again after each pause while the database is lost.

    Raises the `OperationalError` of the last attempt.
    """
    for pause in pauses:
        try:
            return action()
        except OperationalError:
            time.sleep(pause)
    return action()
