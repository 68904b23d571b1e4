"""Searches in Dolibarr's lists, for which its own routes for references are not reliable."""

import re
from datetime import datetime
from typing import Any

from lumira.clients.dolibarr import transport
from lumira.clients.dolibarr.errors import DolibarrRefused, RefusalReason
from lumira.clients.dolibarr.records import EXTRA_FIELD, DolibarrAccount

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
#: What may stand in a search besides: a parenthesis or a quote would change the search.
_EMAIL = re.compile(r"[A-Za-z0-9_.+@-]{3,128}")

#: The most rows of one page.
MOST_ROWS = 500


def by_lumira_id(
    account: DolibarrAccount, operation: str, path: str, lumira_id: str
) -> dict[str, Any] | None:
    """Return the record with this id of ours, or `None`.

    Raises `ValueError` for what is no id of ours, and `DolibarrRefused` (`not_unique`) if there are several.
    """
    if not _ID.fullmatch(lumira_id):
        raise ValueError("no id of Lumira's")
    query = _query(f"(ef.{EXTRA_FIELD}:=:'{lumira_id}')", limit=2)
    found = transport.get_list(account, operation, path, query)
    if len(found) > 1:
        raise DolibarrRefused(RefusalReason.NOT_UNIQUE, f"Several records have the id {lumira_id}.")
    return found[0] if found else None


def by_email(
    account: DolibarrAccount, operation: str, path: str, email: str, *, limit: int
) -> list[dict[str, Any]]:
    """Return the records with this e-mail address; none for an address that cannot be searched for."""
    if not _EMAIL.fullmatch(email):
        return []
    return transport.get_list(account, operation, path, _query(f"(t.email:=:'{email}')", limit=limit))


def page(
    account: DolibarrAccount,
    operation: str,
    path: str,
    *,
    modified_since: datetime | None,
    after_id: int,
    limit: int,
) -> list[dict[str, Any]]:
    """Return the next rows by id; with `modified_since` those that were modified since then.

    `modified_since` is naive, in the local time of Dolibarr's database server.
    """
    if not 0 < limit <= MOST_ROWS or after_id < 0:
        raise ValueError("limit or after_id")
    condition = f"(t.rowid:>:{after_id})"
    if modified_since is not None:
        since = f"{modified_since:%Y-%m-%d %H:%M:%S}"
        # A change of an extra field only moves the time of its own table.
        condition += f" and ((t.tms:>=:'{since}') or (ef.tms:>=:'{since}'))"
    return transport.get_list(account, operation, path, _query(condition, limit=limit))


def ids(
    account: DolibarrAccount, operation: str, path: str, *, after_id: int, limit: int
) -> list[dict[str, Any]]:
    """Return the next rows by id, as far as Dolibarr can leave fields out with their id only."""
    query = _query(f"(t.rowid:>:{int(after_id)})", limit=limit)
    return transport.get_list(account, operation, path, {**query, "properties": "id"})


def _query(condition: str, *, limit: int) -> dict[str, object]:
    return {
        "sqlfilters": condition,
        "sortfield": "t.rowid",
        "sortorder": "ASC",
        "limit": limit,
        "page": 0,
    }
