"""The database of one installation: rows with locks and unique indexes, as InnoDB behaves towards parallel requests.

Readers see what was committed. A second writer of a row, or of a value of a unique index, waits for the first one.
"""

import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

from lumira.sandbox.dolibarr.errors import DeadlockFound, DuplicateEntry, LockWaitTimeout

Row: TypeAlias = dict[str, Any]
Key: TypeAlias = tuple[str, int]
#: A unique index and a value in it.
Entry: TypeAlias = tuple[str, str]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS rows (
    installation TEXT NOT NULL, kind TEXT NOT NULL, id INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (installation, kind, id)
);
CREATE TABLE IF NOT EXISTS entries (
    installation TEXT NOT NULL, unique_index TEXT NOT NULL, value TEXT NOT NULL, kind TEXT NOT NULL,
    id INTEGER NOT NULL, PRIMARY KEY (installation, unique_index, value)
);
"""
_LOCK_WAIT_SECONDS = 50.0
_COUNTERS = "last_ids"


class File:
    """The file of all installations; survives a killed process."""

    def __init__(self, directory: Path) -> None:
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(
            directory / "dolibarr.sqlite3", check_same_thread=False, isolation_level=None
        )
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.executescript(_SCHEMA)

    def load(self, installation: str) -> tuple[dict[Key, Row], dict[Entry, Key]]:
        """Return the rows and the unique entries of an installation."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT kind, id, body FROM rows WHERE installation = ? ORDER BY id", (installation,)
            ).fetchall()
            entries = self._connection.execute(
                "SELECT unique_index, value, kind, id FROM entries WHERE installation = ?", (installation,)
            ).fetchall()
        return (
            {(kind, number): json.loads(body) for kind, number, body in rows},
            {(index, value): (kind, number) for index, value, kind, number in entries},
        )

    def save(self, installation: str, rows: dict[Key, Row | None], entries: dict[Entry, Key | None]) -> None:
        """Write what a transaction changed."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            for (kind, number), row in rows.items():
                self._connection.execute(
                    "DELETE FROM rows WHERE installation = ? AND kind = ? AND id = ?",
                    (installation, kind, number),
                )
                if row is not None:
                    self._connection.execute(
                        "INSERT INTO rows VALUES (?, ?, ?, ?)", (installation, kind, number, json.dumps(row))
                    )
            for (index, value), owner in entries.items():
                self._connection.execute(
                    "DELETE FROM entries WHERE installation = ? AND unique_index = ? AND value = ?",
                    (installation, index, value),
                )
                if owner is not None:
                    self._connection.execute(
                        "INSERT INTO entries VALUES (?, ?, ?, ?, ?)", (installation, index, value, *owner)
                    )
            self._connection.execute("COMMIT")

    def forget(self, installation: str) -> None:
        """Delete an installation."""
        with self._lock:
            self._connection.execute("DELETE FROM rows WHERE installation = ?", (installation,))
            self._connection.execute("DELETE FROM entries WHERE installation = ?", (installation,))

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()


class Tables:
    """The committed rows of an installation."""

    def __init__(self, file: File, installation: str) -> None:
        self._file = file
        self._installation = installation
        rows, self.entries = file.load(installation)
        self.kinds: dict[str, dict[int, Row]] = {}
        for (kind, number), row in rows.items():
            self.kinds.setdefault(kind, {})[number] = row
        #: Ids are not used again, also after a restart.
        self.last_ids: dict[str, int] = self.kinds.pop(_COUNTERS, {}).get(1, {})
        #: Which transaction holds a row or a unique value.
        self.holders: dict[Key | Entry, Transaction] = {}
        self.changed = threading.Condition()
        self.lock_wait_seconds = _LOCK_WAIT_SECONDS

    @contextmanager
    def transaction(self) -> Iterator["Transaction"]:
        """Run the block in a transaction: committed when it ends, rolled back when it raises."""
        transaction = Transaction(self)
        try:
            yield transaction
            transaction.commit()
        finally:
            transaction.release_locks()

    def find(self, kind: str, number: int) -> Row | None:
        """Return a committed row; it is not to be changed."""
        return self.kinds.get(kind, {}).get(number)

    def list(self, kind: str) -> list[Row]:
        """Return the committed rows of a table by id; they are not to be changed."""
        with self.changed:
            return [row for _, row in sorted(self.kinds.get(kind, {}).items())]

    def apply(self, rows: dict[Key, Row | None], entries: dict[Entry, Key | None]) -> None:
        """Write changes to the file, and make them visible."""
        with self.changed:
            self._file.save(self._installation, {**rows, (_COUNTERS, 1): self.last_ids}, entries)
            for (kind, number), row in rows.items():
                if row is None:
                    self.kinds.get(kind, {}).pop(number, None)
                else:
                    self.kinds.setdefault(kind, {})[number] = row
            for entry, owner in entries.items():
                if owner is None:
                    self.entries.pop(entry, None)
                else:
                    self.entries[entry] = owner


class Transaction:
    """The changes of one request, until they are committed."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._rows: dict[Key, Row | None] = {}
        self._entries: dict[Entry, Key | None] = {}
        self._held: list[Key | Entry] = []
        #: What this transaction waits for.
        self._wanted: Key | Entry | None = None

    def get(self, kind: str, number: int) -> Row | None:
        """Return a copy of a row, as this transaction sees it."""
        key = (kind, number)
        row = self._rows[key] if key in self._rows else self._tables.find(kind, number)
        return None if row is None else json.loads(json.dumps(row))

    def list(self, kind: str) -> list[Row]:
        """Return the rows of a table by id; they are not to be changed."""
        committed = self._tables.list(kind)
        changes = {number: row for (changed, number), row in self._rows.items() if changed == kind}
        if not changes:
            return committed
        found = {row["id"]: row for row in committed} | changes
        return [row for _, row in sorted(found.items()) if row is not None]

    def lock(self, kind: str, number: int) -> Row | None:
        """Return a row that no other transaction changes until this one ends."""
        self._hold((kind, number))
        return self.get(kind, number)

    def insert(self, kind: str, row: Row) -> int:
        """Add a row and return its id; as in InnoDB, a rolled back insert leaves a gap."""
        with self._tables.changed:
            number = self._tables.last_ids.get(kind, 0) + 1
            self._tables.last_ids[kind] = number
        self._hold((kind, number))
        self._rows[kind, number] = {**row, "id": number}
        return number

    def put(self, kind: str, row: Row) -> None:
        """Replace a row."""
        self._hold((kind, row["id"]))
        self._rows[kind, row["id"]] = row

    def delete(self, kind: str, number: int) -> None:
        """Delete a row, and its unique entries."""
        self._hold((kind, number))
        self._rows[kind, number] = None
        for entry, owner in list(self._tables.entries.items()):
            if owner == (kind, number):
                self._entries[entry] = None

    def claim(self, index: str, value: str, owner: Key) -> None:
        """Enter a value into a unique index; raises ``DuplicateEntry``."""
        # MariaDB's default collation ignores the case.
        entry = (index, value.lower())
        self._hold(entry)
        found = self._entries[entry] if entry in self._entries else self._tables.entries.get(entry)
        if found is not None and found != owner:
            raise DuplicateEntry(index, value)
        self._entries[entry] = owner

    def release(self, index: str, value: str) -> None:
        """Take a value out of a unique index."""
        self._hold((index, value.lower()))
        self._entries[index, value.lower()] = None

    def commit(self) -> None:
        """Make the changes visible."""
        if not self._rows and not self._entries:
            return
        self._tables.apply(self._rows, self._entries)
        self._rows.clear()
        self._entries.clear()

    def release_locks(self) -> None:
        """Let the next writers go on."""
        with self._tables.changed:
            for held in self._held:
                del self._tables.holders[held]
            self._held.clear()
            self._tables.changed.notify_all()

    def _is_waited_for_by(self, other: "Transaction") -> bool:
        """Whether the other one waits for this one, directly or through further ones."""
        while other._wanted is not None:  # noqa: SLF001 - another transaction
            holder = self._tables.holders.get(other._wanted)  # noqa: SLF001
            if holder is self:
                return True
            if holder is None or holder is other:
                return False
            other = holder
        return False

    def _hold(self, wanted: Key | Entry) -> None:
        tables = self._tables
        deadline = time.monotonic() + tables.lock_wait_seconds
        with tables.changed:
            while (holder := tables.holders.get(wanted, self)) is not self:
                remaining = deadline - time.monotonic()
                if remaining <= 0:
                    raise LockWaitTimeout
                if self._is_waited_for_by(holder):
                    raise DeadlockFound
                self._wanted = wanted
                tables.changed.wait(remaining)
            self._wanted = None
            if wanted not in tables.holders:
                tables.holders[wanted] = self
                self._held.append(wanted)
