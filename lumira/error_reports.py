"""What is stored and sent about an unexpected error: its kind, its message and its traceback, without any value."""

import builtins
import re
import smtplib
import socket
import ssl
import sys
import traceback
import types
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from traceback import StackSummary
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from lumira.errors import LumiraError
from lumira.logging import redact, redact_text

#: What is raised because something outside does not respond, or because the caller asked for what is not possible.
_EXPECTED = (
    OperationalError,
    InterfaceError,
    PoolTimeout,
    psycopg.OperationalError,
    smtplib.SMTPException,
    ConnectionError,
    TimeoutError,
    socket.gaierror,
    ssl.SSLError,
)
#: The job queue raises its own error from that of the database's driver. Named, because importing it takes time.
_OF_QUEUE = "procrastinate.exceptions"
_ROOT = Path(__file__).resolve().parent.parent
_PROJECT = tuple(f"{_ROOT / folder}/" for folder in ("lumira", "config", "migrations"))
#: Innermost functions that make the kind of an error. The innermost alone may be one that everything calls, such as
#: that which commits.
_FUNCTIONS = 4
#: Innermost calls of each traceback that are stored: a recursion without end has a thousand.
_CALLS = 30
#: Exceptions of one chain.
_CHAIN = 5
#: Characters.
_LONGEST_TRACEBACK = 20_000
_LONGEST_MESSAGE = 500
_HIDDEN = "…"
_QUOTED = re.compile(r"'([^'\n]*)'|\"([^\"\n]*)\"|`([^`\n]*)`|«([^»\n]*)»")
#: A card, a telephone number, an account: many digits, with what people write between them.
_MANY_DIGITS = re.compile(r"\d(?:[ .\-]?\d){6,}")
_TYPES = frozenset(dir(builtins)) | frozenset(dir(types)) | {"NoneType"}


#: File, number of the line, function, text of the line.
Call = tuple[str, int, str, str | None]


@dataclass(frozen=True, slots=True)
class ErrorLink:
    """An error, or one that led to it: its class and the calls, the innermost last."""

    error_type: str
    calls: list[Call]


@dataclass(frozen=True, slots=True)
class ErrorReport:
    """One unexpected error. Errors of one kind have the same id, also in the next release if its code is the same."""

    id: UUID
    #: The name of the exception's class.
    error_type: str
    message: str
    traceback: str


def is_expected(error: BaseException) -> bool:
    """Return whether an error is no fault of the program: a refusal, or something outside that does not respond."""
    if isinstance(error, LumiraError):
        return error.code != LumiraError.code
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    if is_of_ended_job(error):
        return True
    if type(error).__module__ == _OF_QUEUE and error.__cause__ is not None:
        return is_expected(error.__cause__)
    return isinstance(error, _EXPECTED) or not isinstance(error, Exception)


def is_of_ended_job(error: BaseException) -> bool:
    """Return whether the queue's own functions refuse a job that has ended.

    Its worker was slow and not dead, such as while the database restarted, and another one has done the job meanwhile.
    """
    return type(error).__module__ == _OF_QUEUE and isinstance(error.__cause__, psycopg.errors.RaiseException)


def report_of(error: BaseException) -> ErrorReport:
    """Return the report of an error."""
    return ErrorReport(id_of(error), type_name(error), message_of(error), traceback_of(error))


def id_of(error: BaseException) -> UUID:
    """Return the id of the error's kind: its class and the innermost functions of Lumira, with the line that failed.

    The text of the line counts and not its number, which changes with every release.
    """
    frames = _frames(error)
    own = [frame for frame in frames if frame.filename.startswith(_PROJECT)]
    innermost = (own or frames)[-_FUNCTIONS:]
    parts = [type_name(error), *(f"{_short(frame.filename)}:{frame.name}" for frame in innermost)]
    if innermost:
        parts.append((innermost[-1].line or "").strip())
    return UUID(bytes=sha256("\n".join(parts).encode("utf-8", "replace")).digest()[:16])


def type_name(error: BaseException) -> str:
    """Return the name of the error's class, with its module unless Python itself defines it."""
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def message_of(error: BaseException) -> str:
    """Return the error's message without secrets, addresses and values.

    What a library quotes may be what a buyer typed: a quoted text stays only if Lumira's own line contains it.
    """
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - an exception whose text cannot be read is reported too
        return ""
    known = " ".join(frame.line or "" for frame in _frames(error))

    def shown(match: re.Match[str]) -> str:
        quoted = next(group for group in match.groups() if group is not None)
        is_name = quoted.isidentifier() and (quoted in _TYPES or re.search(rf"\b{quoted}\b", known))
        return match[0] if is_name else f"{match[0][0]}{_HIDDEN}{match[0][-1]}"

    text = _QUOTED.sub(shown, redact_text(text[: _LONGEST_MESSAGE * 4]))
    return storable(_MANY_DIGITS.sub(_HIDDEN, text))[:_LONGEST_MESSAGE]


def traceback_of(error: BaseException) -> str:
    """Return the calls that led to the error, and to those before it: files, functions and lines, and no value."""
    parts = [
        f"{''.join(StackSummary.from_list(link.calls).format())}{link.error_type}" for link in links_of(error)
    ]
    return storable(redact_text("\n\n".join(parts)))[-_LONGEST_TRACEBACK:]


def links_of(error: BaseException) -> list[ErrorLink]:
    """Return the error after those that led to it, as Python prints them."""
    links = [
        ErrorLink(
            type_name(link),
            [(_short(call.filename), call.lineno or 0, call.name, call.line) for call in _frames(link)],
        )
        for link in _chain(error)
    ]
    return links[::-1]


def without_secrets(fields: dict[str, Any]) -> dict[str, Any]:
    """Return nested fields that are sent elsewhere, redacted as a line of the log."""
    return dict(redact(None, "", fields))


def storable(text: str) -> str:
    """Return a text without what PostgreSQL stores in no text: NUL, and one half of a surrogate pair."""
    return text.replace("\x00", "�").encode("utf-8", "replace").decode()


def _frames(error: BaseException) -> list[traceback.FrameSummary]:
    return list(traceback.extract_tb(error.__traceback__, limit=-_CALLS))


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen and len(seen) < _CHAIN:
        seen.add(id(link))
        yield link
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)


def _short(filename: str) -> str:
    """Return the file's path below the project, or below the folder that it was imported from."""
    # The longest one: a virtual environment may be inside the project.
    folders = [folder for folder in (str(_ROOT), *sys.path) if folder and filename.startswith(f"{folder}/")]
    return filename[len(max(folders, key=len)) + 1 :] if folders else filename
