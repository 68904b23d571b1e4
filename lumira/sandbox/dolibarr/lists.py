"""Lists: search, order, pages, and replies that differ when they are empty."""

from collections.abc import Callable, Mapping
from typing import Any

from lumira.sandbox.dolibarr.call import Call
from lumira.sandbox.dolibarr.errors import ApiError
from lumira.sandbox.dolibarr.sqlfilters import parse
from lumira.sandbox.dolibarr.tables import Row
from lumira.sandbox.dolibarr.values import integer

_DEFAULT_LIMIT = 100


def reply(
    call: Call,
    rows: list[Row],
    show: Callable[[Row], dict[str, Any]],
    *,
    columns: Mapping[str, str],
    extra_fields: Mapping[str, Any],
    empty: str | None,
) -> Any:
    """Return the rows that a list asks for; ``empty`` is the message of the 404 for none of them, if there is one."""
    condition = call.query.get("sqlfilters")
    if condition:
        offset = call.settings["utc_offset"]
        holds = parse(condition, columns, extra_fields, utc_offset=offset)
        rows = [row for row in rows if holds(row)]
    rows = _sorted(call, rows, columns)
    limit, page = integer(call.query.get("limit", _DEFAULT_LIMIT)), integer(call.query.get("page", 0))
    shown = rows[page * limit : (page + 1) * limit] if limit else rows
    if not shown and empty is not None:
        raise ApiError(404, empty)
    objects = [_with_properties(show(row), call.query.get("properties")) for row in shown]
    if call.query.get("pagination_data") not in ("true", "1"):
        return objects
    pages = -(-len(rows) // limit) if limit else 1
    counts = {"total": len(rows), "page": page, "page_count": pages, "limit": limit}
    return {"data": objects, "pagination": counts}


def _sorted(call: Call, rows: list[Row], columns: Mapping[str, str]) -> list[Row]:
    column = call.query.get("sortfield", "t.rowid").removeprefix("t.")
    if column not in columns:
        raise ApiError(503, f"Error when retrieve list : Unknown column 't.{column}' in 'order clause'")
    name = columns[column]
    is_descending = call.query.get("sortorder", "ASC").upper() == "DESC"
    return sorted(rows, key=lambda row: _sort_key(row.get(name)), reverse=is_descending)


def _sort_key(value: object) -> tuple[int, float, str]:
    if value is None:
        return (0, 0, "")
    return (1, value, "") if isinstance(value, (int, float)) else (2, 0, str(value).lower())


def _with_properties(record: dict[str, Any], properties: str | None) -> dict[str, Any]:
    if not properties:
        return record
    return {name: record.get(name) for name in properties.split(",")}
