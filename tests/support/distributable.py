"""Which statements tables distributed by tenant can run, and a watch over those that the application sends.

Each names the tenant of every table that it reads or writes, so that one server has all its rows.
"""

import re
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from sqlalchemy import event
from sqlalchemy.engine import Engine

from lumira import models, transactions
from lumira.database import Base
from lumira.domain.distribution import REFERENCE_TABLES

assert models.__all__
#: The tables whose rows are spread over servers: each row has a tenant.
DISTRIBUTED = frozenset(
    name
    for name, table in Base.metadata.tables.items()
    if "tenant_id" in table.columns and name not in REFERENCE_TABLES
)
_WRITING_CTE = re.compile(
    r"\bAS (?:NOT )?(?:MATERIALIZED )?\( ?(?:INSERT|UPDATE|DELETE|MERGE)\b", re.IGNORECASE
)
_INSERT = re.compile(r"^INSERT INTO (\w+)(?: AS \w+)? ?\(([^)]*)\)(.*)", re.IGNORECASE)
#: What may follow the name of a table and is no other name of it.
_WORDS = "AS|CROSS|FOR|FULL|GROUP|HAVING|INNER|JOIN|LEFT|LIMIT|ON|ORDER|RETURNING|RIGHT|SET|UNION|USING|WHERE|WINDOW"
_MENTION = re.compile(
    rf"(?:\b(?:FROM|JOIN|UPDATE|USING) (?:ONLY )?|, )({'|'.join(sorted(DISTRIBUTED))})\b(?![.(]| ?=)"
    rf"(?: (?:AS )?(?!(?:{_WORDS})\b)(\w+))?",
    re.IGNORECASE,
)
#: A value for a tenant: a parameter, a number, or a variable of a function.
_VALUE = re.compile(
    r"tenant_id = (?:CAST\()?(?:%\(|\$\d|:\w|\d|tenant\b|current\b|NEW\.)|\.tenant_id, [^)]*\) IN \(",
    re.IGNORECASE,
)


def refusal_of(statement: str) -> str | None:
    """Return why a statement cannot run on distributed tables; `None` if it can."""
    text = " ".join(statement.split())
    if _WRITING_CTE.search(text):
        return "a common table expression writes"
    inserted = _INSERT.match(text)
    if inserted:
        return _refusal_of_insertion(*inserted.groups())
    mentions = list(_MENTION.finditer(text))
    if not mentions:
        return None
    if not _VALUE.search(text):
        return "no table's tenant has a value"
    names = Counter(mention[2] or mention[1] for mention in mentions)
    without = {name: times - _equalities(text, name) for name, times in names.items()}
    # A statement, or a subquery, on one table may leave the table's name out.
    unnamed = len(re.findall(r"(?<![.\w])tenant_id = ", text))
    if sum(missing for missing in without.values() if missing > 0) > unnamed:
        return f"one of {', '.join(sorted(without))} is used without its tenant"
    return None


def _refusal_of_insertion(table: str, columns: str, rest: str) -> str | None:
    if re.match(r" ?\(?(?:SELECT|WITH)\b", rest, re.IGNORECASE):
        return "rows are inserted from a query"
    if table in DISTRIBUTED and "tenant_id" not in columns:
        return f"{table} is written without its tenant"
    return None


def _equalities(text: str, name: str) -> int:
    named = rf"\b{name}\.tenant_id = |= {name}\.tenant_id\b|\({name}\.tenant_id, [^)]*\) IN "
    return len(re.findall(named, text))


@contextmanager
def watched_statements() -> Iterator[None]:
    """Fail whatever sends a statement of the application that distributed tables could not run."""
    accepted: set[str] = set()

    def check(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement in accepted:
            return
        refusal = refusal_of(statement)
        if refusal is None:
            accepted.add(statement)
        elif _is_sent_by_application():
            raise AssertionError(f"Distributed tables cannot run this, because {refusal}: {statement}")

    def check_together(driver: Any, known: Any, queries: Any) -> Any:
        for query in queries:
            check(None, None, query.statement.text)
        return send(driver, known, queries)

    send = transactions.send
    event.listen(Engine, "before_cursor_execute", check)
    with patch.object(transactions, "send", check_together):
        yield
    event.remove(Engine, "before_cursor_execute", check)


def _is_sent_by_application() -> bool:
    """Return whether the nearest code that is no library's is the application's: tests may look at every row."""
    frame = sys._getframe(1)
    while frame is not None:
        name = frame.f_globals.get("__name__", "")
        if name.startswith(("lumira.", "migrations")) and name != "lumira.database":
            return name.startswith("lumira.")
        if name.startswith("tests.") and name != __name__:
            return False
        frame = frame.f_back
    return False
