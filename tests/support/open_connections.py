"""Finds the connections to PostgreSQL that a module of tests leaves open.

Without this the garbage collector deletes them much later, and the warning about it fails a test of another module.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from psycopg import BaseConnection
from sqlalchemy import Engine, event

_TESTS = Path(__file__).resolve().parents[1]
_opened: WeakKeyDictionary[BaseConnection[Any], str | None] = WeakKeyDictionary()


@contextmanager
def noted() -> Iterator[None]:
    """Note each connection that this process opens during the block, with the line of the tests that opened it."""
    initialize = BaseConnection.__init__

    def noting(connection: BaseConnection[Any], *arguments: Any, **options: Any) -> None:
        initialize(connection, *arguments, **options)
        _opened[connection] = _opener()

    BaseConnection.__init__ = noting  # type: ignore[method-assign]
    try:
        yield
    finally:
        BaseConnection.__init__ = initialize  # type: ignore[method-assign]


def keep(engine: Engine) -> None:
    """Let connections of this engine stay open from module to module."""
    event.listen(engine, "connect", lambda connection, _record: _opened.pop(connection, None))


def forget_open() -> list[str]:
    """Return the lines that opened the connections that are still open, each once.

    A thread in the background may connect once more after its application was disposed of, also one of another module:
    its connections are closed, and no line is blamed.
    """
    left = []
    for connection, line in list(_opened.items()):
        # A pool of the driver ends with the process, and its connections with it.
        if connection.closed or hasattr(connection, "_pool"):
            continue
        if line is None:
            connection.close()
        else:
            left.append(line)
    _opened.clear()
    return sorted(left)


def _opener() -> str | None:
    """The innermost line of the tests on the stack; of their support only if there is no other one."""
    frame, found = sys._getframe(1), None
    while frame is not None:
        file = Path(frame.f_code.co_filename)
        if file.is_relative_to(_TESTS) and file != Path(__file__):
            found = f"{file.relative_to(_TESTS.parent)}:{frame.f_lineno}"
            if "support" not in file.parts and file.name != "conftest.py":
                break
        frame = frame.f_back
    return found
