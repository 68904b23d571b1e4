"""The settings of a database session: sent when it begins, or with each transaction behind a pooler.

A pooler in transaction mode, such as PgBouncer, gives each transaction another session of the server, and each session
to one client after another. So nothing may be set beyond a transaction, and no statement stays prepared.
"""

from collections.abc import Mapping
from typing import Any

from psycopg import ClientCursor

#: The role of requests and jobs: not a superuser, owns nothing, and cannot bypass row-level security.
APPLICATION_ROLE = "lumira_app"

#: A host that disappears during a transaction must not keep its locks until TCP notices. No code waits inside a
#: transaction, so after thirty idle seconds the client is gone.
_SETTINGS = {
    "role": APPLICATION_ROLE,
    "idle_in_transaction_session_timeout": "30s",
    "lock_timeout": "45s",
    "statement_timeout": "60s",
    # The driver reads times in ISO form only, whatever the server or the database sets.
    "datestyle": "ISO,YMD",
    "intervalstyle": "postgres",
    # Every table is shared by all tenants, and every statement names one: an index finds its rows. A session keeps the
    # plan of a statement, and would read the whole table each time if it planned while the table was small.
    "enable_seqscan": "off",
}
_DIRECT_SETTINGS = {"tcp_keepalives_idle": "30"}
#: libpq's side of the same: after the host of the server is gone, as in a failover, a session ends within a minute.
#: Without these, a result would be waited for during two hours, and what was sent be repeated for 15 minutes.
_TCP = {
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}


def connect_args(*, is_pooled: bool, changed: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return the driver's arguments for a connection; `changed` are settings that differ."""
    if is_pooled:
        # A pooler refuses options, and does not know on which of its connections a statement was prepared.
        return {"prepare_threshold": None, **_TCP}
    settings = _SETTINGS | _DIRECT_SETTINGS | dict(changed or {})
    return {"options": " ".join(f"-c {name}={value}" for name, value in settings.items()), **_TCP}


def inbox_connect_args(*, is_pooled: bool) -> dict[str, Any]:
    """Return the arguments for connections that run `with_settings` statements."""
    arguments = connect_args(is_pooled=is_pooled)
    # Several statements in one message cannot have parameters, so the driver writes the values into them.
    return arguments | {"cursor_factory": ClientCursor} if is_pooled else arguments


def local_settings(*, is_pooled: bool, changed: Mapping[str, str] | None = None) -> str:
    """Return the statements that begin a transaction with these settings; empty if the session has them."""
    if not is_pooled:
        return ""
    settings = _SETTINGS | dict(changed or {})
    # Not SET LOCAL: a cluster would send the whole message to each of its servers, instead of this command.
    return (
        "SELECT "
        + ", ".join(f"set_config('{name}', '{value}', true)" for name, value in settings.items())
        + ";"
    )
