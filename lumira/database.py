"""The database: the declarative base, the engines, and `atomic`, the only place that commits."""

import select
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

import psycopg
import structlog
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from psycopg.pq import ExecStatus, TransactionStatus
from sqlalchemy import DateTime, MetaData, Text, event, orm
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DBAPIError, InvalidatePoolError
from sqlalchemy.orm import DeclarativeBase, Session

from config.settings import Settings
from lumira import database_failures

#: The role of requests and jobs: not a superuser, owns nothing, and cannot bypass row-level security.
APPLICATION_ROLE = "lumira_app"

#: PostgreSQL aborted the transaction so that another one can continue: serialization_failure, deadlock_detected.
_CONFLICTS = ("40001", "40P01")
#: How often such a transaction is retried.
CONFLICT_RETRIES = 3

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")
Item = TypeVar("Item")

log = structlog.get_logger()

#: A host that disappears during a transaction must not keep its locks until TCP notices. No code waits inside a
#: transaction, so after thirty idle seconds the client is gone.
CONNECTION_OPTIONS = (
    f"-c role={APPLICATION_ROLE} -c idle_in_transaction_session_timeout=30s -c lock_timeout=45s "
    "-c statement_timeout=60s -c tcp_keepalives_idle=30 "
    # The driver reads times in ISO form only, whatever the server or the database sets.
    "-c datestyle=ISO,YMD -c intervalstyle=postgres"
)

_SET_TENANT = "SELECT set_config('lumira.tenant_id', %(tenant_id)s, true)"

_in_transaction: ContextVar[bool] = ContextVar("in_transaction", default=False)

#: What the running transaction does at its end: whether an action is the last one, and all that was collected for it.
_Collected = dict[tuple[bool, Callable[[list[Any]], None]], list[Any]]
_collected: ContextVar[_Collected] = ContextVar("collected")


class Base(DeclarativeBase):
    """Parent of every model."""

    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        }
    )
    registry = orm.registry(
        metadata=metadata, type_annotation_map={datetime: DateTime(timezone=True), str: Text()}
    )


# A query outside `atomic` must fail at once, because the transaction that it would open would never end.
db = SQLAlchemy(
    model_class=Base,
    disable_autonaming=True,
    session_options={"autobegin": False, "expire_on_commit": False},
)


class InsideTransaction(RuntimeError):
    """Raised by what must not run inside a transaction: a network call, or another transaction."""


def configure(app: Flask, settings: Settings) -> None:
    """Configure the application's two engines, without connecting.

    The engine `inbox` commits every statement by itself: storing an event is one SQL function, atomic by itself.
    """
    connect_args = {"options": CONNECTION_OPTIONS, "connect_timeout": 10}
    # Otherwise an error of the database would quote its parameters, names and addresses included, in the log.
    shared: dict[str, Any] = {"connect_args": connect_args, "hide_parameters": True}
    app.config["SQLALCHEMY_DATABASE_URI"] = settings.database_url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = shared | {
        "pool_size": settings.database_pool_size,
        "max_overflow": 0,
    }
    app.config["SQLALCHEMY_BINDS"] = {
        "inbox": shared
        | {
            "url": settings.database_url,
            "isolation_level": "AUTOCOMMIT",
            "pool_reset_on_return": None,
            "pool_size": settings.database_pool_size,
            "max_overflow": 0,
        }
    }
    db.init_app(app)
    with app.app_context():
        for engine in db.engines.values():
            event.listen(engine, "checkout", _refuse_closed)
            event.listen(engine, "handle_error", database_failures.drop_unusable, retval=True)


def _refuse_closed(connection: psycopg.Connection, _record: object, _proxy: object) -> None:
    """Replace a pooled connection that the server has closed, before it is used.

    A server that stops sends a message, and nothing else is ever readable on an idle connection. So polling the socket
    shows the same as a query would, without a round trip.
    """
    if not connection.closed:
        readable = select.poll()
        readable.register(connection.fileno(), select.POLLIN | select.POLLPRI)
        if not readable.poll(0):
            return
    raise InvalidatePoolError


def _begin(connection: Connection, tenant_id: int | None) -> None:
    """Begin a transaction and set its tenant, in one message to the server: every transaction starts with both."""
    tenant = "" if tenant_id is None else str(int(tenant_id))
    driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
    result = driver.pgconn.exec_(f"BEGIN; SELECT set_config('lumira.tenant_id', '{tenant}', true)".encode())
    if result.status != ExecStatus.TUPLES_OK:
        # The same error occurs again here, and SQLAlchemy raises it as its own.
        connection.exec_driver_sql(_SET_TENANT, {"tenant_id": tenant})


@contextmanager
def atomic(tenant_id: int | None) -> Iterator[Session]:
    """Open a transaction that sees the rows of one tenant; commits at the end, rolls back on any exception.

    With `None` no tenant's rows are visible, and only lookups that precede or span tenants work. Raises
    `InsideTransaction` inside another `atomic`. The session is closed at the end, because an object in its identity
    map could otherwise be returned to another tenant.
    """
    if _in_transaction.get():
        raise InsideTransaction("atomic() does not nest: put what must commit together into one block.")
    session = db.session()
    token = _in_transaction.set(True)
    collected: _Collected = {}
    collecting = _collected.set(collected)
    try:
        with session.begin():
            _begin(session.connection(), tenant_id)
            yield session
            for (_, action), items in sorted(collected.items(), key=lambda entry: entry[0][0]):
                action(items)
    finally:
        _collected.reset(collecting)
        _in_transaction.reset(token)
        session.close()


def at_the_end(action: Callable[[list[Item]], None], item: Item, *, is_last: bool = False) -> None:
    """Call `action` once at the end of this transaction, with every item that was collected for it.

    For actions that take a lock which other transactions wait for: the lock is held for the commit alone, and taken
    once for a batch. Actions run in the order in which they were first collected, those that are `is_last` after all
    others, so that every transaction takes these locks in the same order.
    """
    _collected.get().setdefault((is_last, action), []).append(item)


def retried(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Retry a function if PostgreSQL aborted its transaction because of a deadlock or a serialization conflict.

    For functions that consist of one whole `atomic` block: its rollback leaves nothing behind.
    """

    @wraps(function)
    def run(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        for _ in range(CONFLICT_RETRIES):
            try:
                return function(*args, **kwargs)
            except DBAPIError as error:
                if database_failures.sqlstate_of(error) not in _CONFLICTS:
                    raise
                log.warning("transaction_retried", function=function.__name__)
        return function(*args, **kwargs)

    return run


def refuse_inside_transaction() -> None:
    """Raise `InsideTransaction` inside `atomic`: every client calls this before it uses the network."""
    if _in_transaction.get():
        raise InsideTransaction("No network call inside a transaction: close atomic() first.")


@contextmanager
def inbox_connection() -> Iterator["psycopg.Connection[Any]"]:
    """Yield a driver connection on which each statement is its own transaction, for `inbox` alone.

    SQLAlchemy's work around a statement takes longer than this statement. Errors are raised as SQLAlchemy's own.
    """
    engine = db.engines["inbox"]
    try:
        pooled = engine.raw_connection()
    except psycopg.Error as error:
        raise _as_sqlalchemy(error, engine) from error
    driver = cast("psycopg.Connection[Any]", pooled.driver_connection)
    try:
        yield driver
    except BaseException as error:
        is_unusable = database_failures.makes_unusable(error)
        is_lost = driver.closed or is_unusable
        if is_lost:
            # As SQLAlchemy does itself: what broke this connection has broken all connections that are as old.
            engine.pool._invalidate(pooled, error)  # noqa: SLF001 - the pool has no public method for it
        elif driver.info.transaction_status is not TransactionStatus.IDLE:
            pooled.invalidate(error)
        if not isinstance(error, psycopg.Error):
            raise
        if is_unusable:
            raise database_failures.as_lost(error) from error
        raise _as_sqlalchemy(error, engine, is_lost=is_lost) from error
    finally:
        pooled.close()


def _as_sqlalchemy(error: psycopg.Error, engine: Engine, *, is_lost: bool = False) -> DBAPIError:
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
