"""Prepared statements that are sent in one message, in PostgreSQL's pipeline mode: the network is waited for once.

Where the tables are distributed by tenant, no common table expression may write. Each statement is prepared by itself,
so the plan of one is kept whatever the others are. libpq is called directly: the driver's cursors take three times as
long as these statements.
"""

import re
import select
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import psycopg
from psycopg import abc
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus, PipelineStatus

_PARAMETER = re.compile(r"%\((\w+)\)s")
_DONE = (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK)

Row = tuple[Any, ...]
#: By the number of a statement, its name in one session of the server.
Known = dict[int, bytes]
_numbers, _names = count(), count()


@dataclass(frozen=True, slots=True)
class Prepared:
    """A statement as PostgreSQL prepares it, and what its parameters are."""

    number: int
    text: str
    parameters: tuple[str, ...]
    #: The values that the statement itself sets.
    values: Mapping[str, Any]
    #: What makes of a value one that the driver knows.
    conversions: Mapping[str, Callable[[Any], Any]]

    def with_values(self, values: Mapping[str, Any]) -> "Query":
        """Return one execution; raises `KeyError` if a parameter has no value."""
        known = {**self.values, **values}
        convert = self.conversions
        return Query(
            self, [convert[name](known[name]) if name in convert else known[name] for name in self.parameters]
        )


@dataclass(frozen=True, slots=True)
class Query:
    """A statement with the values of its parameters, in their order."""

    statement: Prepared
    values: list[Any]


def from_text(
    text: str,
    values: Mapping[str, Any] | None = None,
    conversions: Mapping[str, Callable[[Any], Any]] | None = None,
) -> Prepared:
    """Prepare a text with parameters like `%(name)s`."""
    parameters = tuple(dict.fromkeys(_PARAMETER.findall(text)))
    numbers = {name: f"${number}" for number, name in enumerate(parameters, start=1)}
    numbered = _PARAMETER.sub(lambda found: numbers[found[1]], text).replace("%%", "%")
    return Prepared(next(_numbers), numbered, parameters, values or {}, conversions or {})


@dataclass(frozen=True, slots=True)
class Received:
    """The first row of each statement that ran, `None` if there is none, and the error of the one that failed."""

    rows: list[Row | None]
    failure: psycopg.Error | None = None


def send(driver: "psycopg.Connection[Any]", known: Known, queries: Sequence[Query]) -> Received:
    """Send these statements in this order and wait for their results. If one fails, those after it do not run.

    `known` are the statements that the session has prepared.
    """
    transformer = Transformer(driver)
    libpq = driver.pgconn
    # Behind a pooler the next transaction has another session, which knows no statement of this one.
    keeps = driver.prepare_threshold is not None
    dumped = [
        transformer.dump_sequence(query.values, [PyFormat.TEXT] * len(query.values)) for query in queries
    ]
    # For each result the number and the name of the statement that was prepared, or `None` for that of a query.
    expected: list[tuple[int, bytes] | None] = []
    names = dict(known)
    libpq.enter_pipeline_mode()
    try:
        for query, values in zip(queries, dumped, strict=True):
            statement = query.statement
            if not keeps:
                libpq.send_query_params(statement.text.encode(), values)
            else:
                name = names.get(statement.number)
                if name is None:
                    # Never used before: what was prepared before a rollback may exist still.
                    name = names[statement.number] = b"lumira_%d" % next(_names)
                    libpq.send_prepare(name, statement.text.encode())
                    expected.append((statement.number, name))
                libpq.send_query_prepared(name, values)
            expected.append(None)
        libpq.pipeline_sync()
        return _receive(driver, transformer, known, expected)
    finally:
        if libpq.pipeline_status != PipelineStatus.OFF:
            # Interrupted: what the session sends next would be read as the result of something else.
            driver.close()


def _receive(
    driver: "psycopg.Connection[Any]",
    transformer: abc.Transformer,
    known: Known,
    expected: Sequence[tuple[int, bytes] | None],
) -> Received:
    libpq = driver.pgconn
    readable = select.poll()
    readable.register(libpq.socket, select.POLLIN)
    rows: list[Row | None] = []
    failure: psycopg.Error | None = None
    for preparation in expected:
        result = _next_result(libpq, readable)
        if result.status not in _DONE:
            # Those after a failed one are reported as aborted.
            failure = failure or error_from_result(result, encoding=driver.info.encoding)
        elif preparation is not None:
            known.update((preparation,))
        else:
            rows.append(_first_row(result, transformer))
    _next_result(libpq, readable)
    libpq.exit_pipeline_mode()
    return Received(rows, failure)


def _next_result(libpq: Any, readable: "select.poll") -> Any:
    """Wait for the next result without holding up other threads; libpq itself would."""
    while True:
        while libpq.is_busy():
            if libpq.flush():
                readable.modify(libpq.socket, select.POLLIN | select.POLLOUT)
            readable.poll()
            readable.modify(libpq.socket, select.POLLIN)
            libpq.consume_input()
        result = libpq.get_result()
        # The results of two statements have an empty one between them.
        if result is not None:
            return result


def _first_row(result: Any, transformer: abc.Transformer) -> Row | None:
    if not result.ntuples:
        return None
    transformer.set_pgresult(result)
    return transformer.load_row(0, tuple)
