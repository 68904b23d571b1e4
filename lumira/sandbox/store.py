"""The state of the sandbox, in one SQLite file that survives a killed process."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SCHEMA = """
CREATE TABLE IF NOT EXISTS accounts (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, created INTEGER NOT NULL, settings TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS objects (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL, kind TEXT NOT NULL,
    id TEXT NOT NULL UNIQUE,
    created INTEGER NOT NULL, deleted INTEGER NOT NULL DEFAULT 0, body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS objects_by_kind ON objects (account, kind, seq);
CREATE INDEX IF NOT EXISTS objects_by_intent
    ON objects (account, kind, json_extract(body, '$.payment_intent'));
CREATE INDEX IF NOT EXISTS objects_by_charge ON objects (account, kind, json_extract(body, '$.charge'));
CREATE INDEX IF NOT EXISTS objects_by_customer ON objects (account, kind, json_extract(body, '$.customer'));
CREATE INDEX IF NOT EXISTS objects_by_email ON objects (account, kind, json_extract(body, '$.email'));
CREATE TABLE IF NOT EXISTS events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL, id TEXT NOT NULL UNIQUE, type TEXT NOT NULL,
    created INTEGER NOT NULL, recorded_at REAL NOT NULL, body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS events_by_account ON events (account, seq);
CREATE TABLE IF NOT EXISTS deliveries (
    id INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL, event TEXT NOT NULL,
    event_type TEXT NOT NULL,
    endpoint TEXT NOT NULL, copy INTEGER NOT NULL DEFAULT 0, status TEXT NOT NULL, due_at REAL NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, last_status INTEGER, last_error TEXT
);
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (status, due_at);
CREATE INDEX IF NOT EXISTS deliveries_by_event ON deliveries (event);
CREATE INDEX IF NOT EXISTS deliveries_by_account ON deliveries (account, status);
CREATE TABLE IF NOT EXISTS idempotency_keys (
    account TEXT NOT NULL, key TEXT NOT NULL, fingerprint TEXT NOT NULL, status INTEGER NOT NULL,
    body TEXT NOT NULL, request_id TEXT NOT NULL, recorded_at REAL NOT NULL, PRIMARY KEY (account, key)
);
CREATE TABLE IF NOT EXISTS tasks (
    id INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL,
    detail TEXT NOT NULL, due_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS tasks_due ON tasks (due_at);
CREATE TABLE IF NOT EXISTS requests (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL, at REAL NOT NULL, entry TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS requests_by_account ON requests (account, seq);
CREATE TABLE IF NOT EXISTS restricted_keys (
    key TEXT PRIMARY KEY, account TEXT NOT NULL, permissions TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS faults (
    id INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL, spec TEXT NOT NULL, times INTEGER NOT NULL
);
"""

#: Every table with rows of an account; a reset deletes them.
TABLES = (
    "objects", "events", "deliveries", "idempotency_keys", "tasks", "requests", "restricted_keys", "faults",
)  # fmt: skip


class StoreClosedError(Exception):
    """The sandbox is stopping, so its threads must stop as well."""


class Store:
    """One connection behind one lock: transactions are serial and short, and commit before any reply."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._open = True
        path = directory / "sandbox.sqlite3"
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode=WAL")
        # A killed process loses nothing with this setting; only a power cut could, which a test stand-in accepts.
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.executescript(_SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Run the block in a transaction: committed when it ends, rolled back when it raises."""
        with self._lock:
            if not self._open:
                raise StoreClosedError
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def close(self) -> None:
        """Wait for the running transaction, then close the file."""
        with self._lock:
            if self._open:
                self._open = False
                self._connection.close()
