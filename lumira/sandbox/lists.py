"""Stripe's lists: newest first, with cursors, in pages of 1 to 100 objects."""

import json
from typing import Any

from lumira.sandbox.account import Account, without_private_fields
from lumira.sandbox.errors import InvalidRequestError, no_such_object

_DEFAULT_LIMIT = 10
_MAX_LIMIT = 100
_COMPARISONS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


class Query:
    """The SQL conditions of one list, and their values."""

    def __init__(self, account_id: str) -> None:
        self.conditions = ["account = ?"]
        self.values: list[Any] = [account_id]

    def where(self, condition: str, *values: Any) -> None:
        """Add one condition, with a ``?`` for each value."""
        self.conditions.append(condition)
        self.values += values

    def where_created(self, created: Any) -> None:
        """Add Stripe's ``created`` filter: a timestamp, or a hash of bounds."""
        if created is None:
            return
        bounds = created if isinstance(created, dict) else {"eq": created}
        for name, moment in bounds.items():
            self.where(f"created {_COMPARISONS.get(name, '=')} ?", int(moment))


def list_objects(
    account: Account, kind: str, url: str, params: dict[str, Any], **filters: Any
) -> dict[str, Any]:
    """Return one page of the account's objects of a kind; ``filters`` compare fields of the object."""
    query = Query(account.id)
    query.where("kind = ?", kind)
    query.where("NOT deleted")
    query.where_created(params.get("created"))
    for name, value in filters.items():
        if value is not None:
            query.where(f"json_extract(body, '$.{name}') = ?", value)
    return page(account, "objects", url, params, query=query, kind=kind)


def page(
    account: Account, table: str, url: str, params: dict[str, Any], *, query: Query, kind: str
) -> dict[str, Any]:
    """Return one page of a table's objects as a Stripe list."""
    limit = _limit(params)
    backwards = _seek(account, table, params, query, kind)
    order = "ASC" if backwards else "DESC"
    rows = account.connection.execute(
        f"SELECT body FROM {table} WHERE {' AND '.join(query.conditions)} ORDER BY seq {order} LIMIT ?",  # noqa: S608
        (*query.values, limit + 1),
    ).fetchall()
    bodies = [without_private_fields(json.loads(row["body"])) for row in rows[:limit]]
    if backwards:
        bodies.reverse()
    return {"object": "list", "data": bodies, "has_more": len(rows) > limit, "url": url}


def items_page(items: list[dict[str, Any]], url: str, params: dict[str, Any], *, kind: str) -> dict[str, Any]:
    """Return one page of an object's items, in their own order, as a Stripe list."""
    limit = _limit(params)
    after, before = _cursors(params)
    positions = {item["id"]: position for position, item in enumerate(items)}
    if (after or before) and (after or before) not in positions:
        param = "starting_after" if after else "ending_before"
        raise no_such_object(kind, str(after or before), param=param, in_url=False)
    if before:
        candidates = items[: positions[before]]
        selected = candidates[-limit:]
    else:
        candidates = items[positions[after] + 1 :] if after else items
        selected = candidates[:limit]
    return {"object": "list", "data": selected, "has_more": len(candidates) > len(selected), "url": url}


def _limit(params: dict[str, Any]) -> int:
    limit = int(params.get("limit", _DEFAULT_LIMIT))
    if limit < 1:
        raise InvalidRequestError(
            "This value must be greater than or equal to 1.", code="parameter_invalid_integer", param="limit"
        )
    if limit > _MAX_LIMIT:
        raise InvalidRequestError(
            f"This value must be less than or equal to {_MAX_LIMIT}.",
            code="parameter_invalid_integer",
            param="limit",
        )
    return limit


def _seek(account: Account, table: str, params: dict[str, Any], query: Query, kind: str) -> bool:
    """Limit the query to one side of the cursor; return whether the page is read towards newer objects."""
    after, before = _cursors(params)
    if not after and not before:
        return False
    param = "starting_after" if after else "ending_before"
    row = account.connection.execute(
        f"SELECT seq FROM {table} WHERE account = ? AND id = ?",  # noqa: S608
        (account.id, after or before),
    ).fetchone()
    if row is None:
        raise no_such_object(kind, str(after or before), param=param, in_url=False)
    query.where("seq < ?" if after else "seq > ?", row["seq"])
    return bool(before)


def _cursors(params: dict[str, Any]) -> tuple[str | None, str | None]:
    after, before = params.get("starting_after"), params.get("ending_before")
    if after and before:
        raise InvalidRequestError(
            "You can only specify one of these parameters: ending_before, starting_after.",
            param="ending_before",
        )
    return after, before
