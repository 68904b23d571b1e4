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

#: The role that requests and jobs run as: no superuser, no bypass of row-level security, owner of nothing.
APPLICATION_ROLE = "lumira_app"

#: Broken off by PostgreSQL to let another transaction go on: serialization_failure, deadlock_detected.
_CONFLICTS = ("40001", "40P01")
#: How often such a transaction is begun again.
CONFLICT_RETRIES = 3

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")
Item = TypeVar("Item")

log = structlog.get_logger()

#: A host that vanished in the middle of a transaction must not keep its locks until TCP gives it up. Nothing
#: here waits inside a transaction, so thirty idle seconds mean that nobody is there any more.
CONNECTION_OPTIONS = (
    f"-c role={APPLICATION_ROLE} -c idle_in_transaction_session_timeout=30s -c lock_timeout=45s "
    "-c statement_timeout=60s -c tcp_keepalives_idle=30"
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


# A query outside `atomic` must fail at once instead of opening a transaction that nobody ends.
db = SQLAlchemy(
    model_class=Base,
    disable_autonaming=True,
    session_options={"autobegin": False, "expire_on_commit": False},
)


class InsideTransaction(RuntimeError):
    """The network was about to be waited for while a connection and its locks are held."""


def configure(app: Flask, settings: Settings) -> None:
    """Give the application its two engines; nothing is connected yet.

    `inbox` commits statement by statement: receiving an event is one SQL function, whole or not at all.
    """
    connect_args = {"options": CONNECTION_OPTIONS, "connect_timeout": 10}
    # An error of the database would otherwise quote what was written: names and addresses, into the log.
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


def _refuse_closed(connection: psycopg.Connection, _record: object, _proxy: object) -> None:
    """Replace every pooled connection that the server has closed, before it is used.

    A server that ends says so, and nothing else is ever waiting to be read on an idle connection: so a look at the
    socket tells what a question to the server would, and costs no journey there and back.
    """
    if not connection.closed:
        waiting = select.poll()
        waiting.register(connection.fileno(), select.POLLIN | select.POLLPRI)
        if not waiting.poll(0):
            return
    raise InvalidatePoolError


def _begin(connection: Connection, tenant_id: int | None) -> None:
    """Begin, and say for which tenant: in one message to the server, since every transaction starts with both."""
    tenant = "" if tenant_id is None else str(int(tenant_id))
    driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
    begun = driver.pgconn.exec_(f"BEGIN; SELECT set_config('lumira.tenant_id', '{tenant}', true)".encode())
    if begun.status != ExecStatus.TUPLES_OK:
        # What is wrong is found again, and told as SQLAlchemy tells it.
        connection.exec_driver_sql(_SET_TENANT, {"tenant_id": tenant})


@contextmanager
def atomic(tenant_id: int | None) -> Iterator[Session]:
    """One transaction that sees the rows of one tenant; commits at the end, rolls back on any exception.

    With `None` no tenant's rows are visible: only look-ups that precede or span tenants work there.
    Refuses to nest. The session is closed at the end, because an object kept in its identity map
    could otherwise be served to another tenant.
    """
    if _in_transaction.get():
        raise InsideTransaction("atomic() does not nest: what must commit together belongs in one block.")
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
    """Run a function again if PostgreSQL broke its transaction off to end a deadlock or a conflict.

    For functions that hold one whole `atomic` block and may be repeated: nothing of the first time is left.
    """

    @wraps(function)
    def run(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        for _ in range(CONFLICT_RETRIES):
            try:
                return function(*args, **kwargs)
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) not in _CONFLICTS:
                    raise
                log.warning("transaction_repeated", function=function.__name__)
        return function(*args, **kwargs)

    return run


def refuse_inside_transaction() -> None:
    """Called by every client before it uses the network; raises `InsideTransaction` within `atomic`."""
    if _in_transaction.get():
        raise InsideTransaction("No network call inside a transaction: close atomic() first.")


@contextmanager
def inbox_connection() -> Iterator["psycopg.Connection[Any]"]:
    """The driver's connection on which each statement is its own transaction, for `inbox.receive` alone.

    What SQLAlchemy does around a statement takes longer than this one; an error is still told as its own.
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
        is_lost = driver.closed
        if is_lost:
            # As SQLAlchemy does itself: what lost this connection has lost all that are as old.
            engine.pool._invalidate(pooled, error)  # noqa: SLF001 - it offers no other way
        elif driver.info.transaction_status is not TransactionStatus.IDLE:
            pooled.invalidate(error)
        if not isinstance(error, psycopg.Error):
            raise
        raise _as_sqlalchemy(error, engine, is_lost=is_lost) from error
    finally:
        pooled.close()


def _as_sqlalchemy(error: psycopg.Error, engine: Engine, *, is_lost: bool = False) -> DBAPIError:
    """The error that SQLAlchemy would raise, without what was written: names and addresses."""
    told = DBAPIError.instance(
        None,
        None,
        error,
        psycopg.Error,
        hide_parameters=True,
        connection_invalidated=is_lost,
        dialect=engine.dialect,
    )
    return cast("DBAPIError", told)
