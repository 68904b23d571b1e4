"""The database: the declarative base, the engines, and `atomic`, the only place that commits."""

import select
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import psycopg
import structlog
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import BindParameter, DateTime, MetaData, Text, bindparam, event, orm, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError, InvalidatePoolError
from sqlalchemy.orm import DeclarativeBase, Session

from config.settings import Settings
from lumira import database_failures, database_sessions
from lumira.errors import TenantFrozen
from lumira.transactions import LOCAL_SETTINGS, Transaction, forget_prepared, roll_back

#: PostgreSQL aborted the transaction so that another one can continue: serialization_failure, deadlock_detected.
_CONFLICTS = ("40001", "40P01")
#: How often such a transaction is retried.
CONFLICT_RETRIES = 3

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")
Item = TypeVar("Item")

log = structlog.get_logger()

_running: ContextVar[Transaction | None] = ContextVar("running", default=None)

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

    The engine `inbox` commits every statement by itself: storing an event is one SQL function, atomic by itself, and
    so is reading the state of a catalog.
    """
    is_pooled = settings.is_database_pooled
    shared: dict[str, Any] = {
        # Otherwise an error of the database would quote its parameters, names and addresses included, in the log.
        "hide_parameters": True,
        "pool_size": settings.database_pool_size,
        "max_overflow": 0,
        # The connection that was used last: the processor's caches still hold what its session works with.
        "pool_use_lifo": True,
        "execution_options": {LOCAL_SETTINGS: database_sessions.local_settings(is_pooled=is_pooled)},
    }
    timeout = {"connect_timeout": 10}
    app.config["SQLALCHEMY_DATABASE_URI"] = settings.database_url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = shared | {
        "connect_args": timeout | database_sessions.connect_args(is_pooled=is_pooled)
    }
    app.config["SQLALCHEMY_BINDS"] = {
        "inbox": shared
        | {
            "url": settings.database_url,
            "isolation_level": "AUTOCOMMIT",
            "pool_reset_on_return": None,
            "connect_args": timeout | database_sessions.inbox_connect_args(is_pooled=is_pooled),
        }
    }
    db.init_app(app)
    with app.app_context():
        for engine in db.engines.values():
            event.listen(engine, "checkout", _refuse_closed)
            event.listen(engine, "handle_error", database_failures.drop_unusable, retval=True)
        event.listen(db.engine, "rollback", roll_back)
        event.listen(db.engine, "rollback_savepoint", _forget_deferred)
        event.listen(db.engine, "before_cursor_execute", _send_deferred)
        event.listen(db.engine, "commit", _send_commit)


def _send_deferred(connection: Connection, *_: object) -> None:
    """Send what has to run before a statement that SQLAlchemy sends."""
    transaction = _running.get()
    if transaction is not None and transaction.connection is connection:
        transaction.send()


def _send_commit(connection: Connection) -> None:
    """Commit together with the last statements; SQLAlchemy's own commit has nothing left to do then."""
    transaction = _running.get()
    if transaction is not None and transaction.connection is connection:
        try:
            transaction.send_commit()
        except BaseException:
            # SQLAlchemy notifies nobody of a rollback that follows a failed commit.
            roll_back(connection)
            raise


def _forget_deferred(connection: Connection, *_: object) -> None:
    """Roll back what was not sent yet, with the savepoint."""
    transaction = _running.get()
    if transaction is not None and transaction.connection is connection:
        transaction.forget_deferred()
    forget_prepared(connection)


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


def _set_tenant(tenant_id: int | None) -> str:
    """Return the SQL expression that shows the running transaction the rows of one tenant, or of none.

    A function, because a cluster needs another way: `flask db distribute` replaces it there.
    """
    return f"lumira_set_tenant({'NULL' if tenant_id is None else int(tenant_id)})"


def show_tenant(connection: Connection, tenant_id: int | None) -> None:
    """Let the running transaction of a connection see the rows of this tenant from now on, instead of another's."""
    connection.exec_driver_sql(showing(tenant_id))


def showing(tenant_id: int | None) -> str:
    """Return the statement of `show_tenant`."""
    return f"SELECT {_set_tenant(tenant_id)}"


@contextmanager
def atomic(
    tenant_id: int | None, *, is_snapshot: bool = False, changes_frozen: bool = False
) -> Iterator[Session]:
    """Open a transaction that sees the rows of one tenant; commits at the end, rolls back on any exception.

    With `None` no tenant's rows are visible, and only lookups that precede or span tenants work. Raises
    `InsideTransaction` inside another `atomic`. The session is closed at the end, because an object in its identity
    map could otherwise be returned to another tenant.

    The transaction of a frozen tenant is read-only: a change raises `TenantFrozen`, unless the caller `changes_frozen`.
    With `is_snapshot` the transaction only reads, and every statement sees the same state.
    """
    if _running.get() is not None:
        raise InsideTransaction("atomic() does not nest: put what must commit together into one block.")
    session = db.session()
    collected: _Collected = {}
    collecting = _collected.set(collected)
    transaction = None
    try:
        with session.begin():
            transaction = Transaction(
                session.connection(), tenant_id, is_snapshot=is_snapshot, changes_frozen=changes_frozen
            )
            _running.set(transaction)
            yield session
            for (_, action), items in sorted(collected.items(), key=lambda entry: entry[0][0]):
                action(items)
    except DBAPIError as error:
        is_frozen = transaction is not None and transaction.is_frozen
        if is_frozen and database_failures.sqlstate_of(error) == database_failures.READ_ONLY:
            raise TenantFrozen from error
        raise
    finally:
        _collected.reset(collecting)
        _running.set(None)
        session.close()


def is_frozen() -> bool:
    """Return whether the running transaction is that of a frozen tenant, and cannot write for that reason."""
    transaction = running()
    transaction.send()
    return transaction.is_frozen


def running() -> Transaction:
    """Return the running transaction; raises `RuntimeError` outside `atomic`."""
    transaction = _running.get()
    if transaction is None:
        raise RuntimeError("No transaction runs: open atomic() first.")
    session = db.session()
    if session.in_nested_transaction():
        # SQLAlchemy sends a savepoint when the session's connection is first used in it.
        session.connection()
    return transaction


def running_driver() -> "psycopg.Connection[Any]":
    """Return the driver's connection of the running transaction, which has begun."""
    transaction = running()
    transaction.send()
    return transaction.driver


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


def constant(value: Any) -> BindParameter[Any]:
    """Return a value that is written into the statement instead of being its parameter.

    For what decides the plan of a list: how many rows, and which status. PostgreSQL plans a statement that was prepared
    for any status and any number as if it read a tenth of the table, and uses no partial index.
    """
    return bindparam(None, value, literal_execute=True)


def plan_for_values() -> None:
    """Let PostgreSQL plan the statements of this transaction for their own values, also once they are prepared.

    For statements over a range of rows: planned for any range, they would be planned for one row.
    """
    db.session.execute(text("SET LOCAL plan_cache_mode = force_custom_plan"))


def refuse_inside_transaction() -> None:
    """Raise `InsideTransaction` inside `atomic`: every client calls this before it uses the network."""
    if _running.get() is not None:
        raise InsideTransaction("No network call inside a transaction: close atomic() first.")
