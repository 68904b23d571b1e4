"""The content of an archive: a head, files, operators, tables, and at the end the totals that prove it complete.

A name in an archive is never a path: files are stored under the name of their object, which is checked.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import IO, Any

from lumira.errors.moving import UnusableArchive
from lumira.services.moving.archive_stream import LARGEST, StreamWriter, read_records

HEAD, BEGIN, DATA, END, TOTALS = b"H", b"B", b"D", b"E", b"T"
#: The kinds of members.
FILE, OPERATORS, TABLE = "file", "operators", "table"
#: Bytes of rows that are collected for one record.
_CHUNK = 256 * 1024
_MODULUS = 1 << 256


@dataclass(slots=True)
class RowDigest:
    """A number of rows, and a sum of their hashes that does not depend on their order."""

    rows: int = 0
    total: int = 0

    def add(self, line: bytes) -> None:
        """Add a row as `copy_lines` describes it."""
        self.rows += 1
        self.total += int.from_bytes(hashlib.sha256(line).digest())

    def as_json(self) -> dict[str, Any]:
        return {"rows": self.rows, "digest": f"{self.total % _MODULUS:064x}"}


@dataclass(frozen=True, slots=True)
class Member:
    """One file, the operators, or one table."""

    kind: str
    name: str
    #: What is known before its content: the columns of a table, the type of a file.
    values: dict[str, Any] = field(default_factory=dict)


class ArchiveWriter:
    """Writes the members of an archive one after another, with one chunk in memory."""

    def __init__(self, file: IO[bytes], passphrase: str, head: dict[str, Any]) -> None:
        self._stream = StreamWriter(file, passphrase)
        self._stream.write(HEAD, _json(head))

    def write_rows(
        self, member: Member, lines: Iterable[bytes], on_progress: Callable[[int], None] = lambda _rows: None
    ) -> RowDigest:
        """Write a member that consists of rows; `on_progress` is called with how many were written since."""
        digest, chunk, size = RowDigest(), [], 0
        self._begin(member)
        for line in lines:
            digest.add(line)
            chunk.append(line)
            size += len(line) + 1
            if size > _CHUNK:
                self._write_data(b"\n".join(chunk) + b"\n")
                on_progress(len(chunk))
                chunk, size = [], 0
        self._write_data(b"\n".join(chunk) + b"\n" if chunk else b"")
        on_progress(len(chunk))
        self._stream.write(END, _json(digest.as_json()))
        return digest

    def write_file(self, member: Member, chunks: Iterable[bytes]) -> dict[str, Any]:
        """Write a file, and return its size and SHA-256."""
        size, digest = 0, hashlib.sha256()
        self._begin(member)
        for chunk in chunks:
            size += len(chunk)
            digest.update(chunk)
            self._write_data(chunk)
        totals = {"size": size, "sha256": digest.hexdigest()}
        self._stream.write(END, _json(totals))
        return totals

    def end(self, totals: dict[str, Any]) -> None:
        """Write the totals, after which nothing follows."""
        self._stream.write(TOTALS, _json(totals), is_last=True)

    def _begin(self, member: Member) -> None:
        self._stream.write(BEGIN, _json({"kind": member.kind, "name": member.name, "values": member.values}))

    def _write_data(self, data: bytes) -> None:
        # A row may be larger than a record, such as that of an image.
        for start in range(0, len(data), LARGEST):
            self._stream.write(DATA, data[start : start + LARGEST])


class ArchiveReader:
    """Reads an archive once, from its head to its totals. Every method raises `UnusableArchive`."""

    def __init__(
        self, file: IO[bytes], passphrase: str, on_progress: Callable[[int], None] = lambda _bytes: None
    ) -> None:
        """`on_progress` is called with the bytes of the file that were read since."""
        self._records = read_records(file, passphrase, on_progress)
        self.head: dict[str, Any] = self._read(HEAD)
        #: Known at the end.
        self.totals: dict[str, Any] = {}

    def members(self) -> Iterator[Member]:
        """Yield each member, whose content must be read before the next one."""
        for record in self._records:
            if record.kind == TOTALS:
                self.totals = _parsed(record.content)
                # Only the end of the records proves that nothing was cut off.
                if next(self._records, None) is not None:
                    raise _malformed()
                return
            if record.kind != BEGIN:
                raise _malformed()
            begun = _parsed(record.content)
            yield Member(begun["kind"], begun["name"], begun["values"])
        raise _malformed()

    def lines(self) -> Iterator[bytes]:
        """Yield the rows of the current member; fails at their end if their digest is another one."""
        digest, rest = RowDigest(), b""
        end: dict[str, Any] = {}
        for chunk in self._content(end):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                digest.add(line)
                yield line
        if rest or digest.as_json() != end:
            raise _malformed()

    def chunks(self) -> Iterator[bytes]:
        """Yield the content of the current member, a file; fails at its end if its hash is another one."""
        size, digest = 0, hashlib.sha256()
        end: dict[str, Any] = {}
        for chunk in self._content(end):
            size += len(chunk)
            digest.update(chunk)
            yield chunk
        if {"size": size, "sha256": digest.hexdigest()} != end:
            raise _malformed()

    def _content(self, end: dict[str, Any]) -> Iterator[bytes]:
        """Yield the data of the current member, and put its last record into `end`."""
        for record in self._records:
            if record.kind == END:
                end.update(_parsed(record.content))
                return
            if record.kind != DATA:
                break
            yield record.content
        raise _malformed()

    def _read(self, kind: bytes) -> dict[str, Any]:
        record = next(self._records, None)
        if record is None or record.kind != kind:
            raise _malformed()
        head: dict[str, Any] = _parsed(record.content)
        return head


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def _parsed(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError as error:
        raise _malformed() from error


def _malformed() -> UnusableArchive:
    return UnusableArchive("The archive is not what an export writes: export the tenant again.")
