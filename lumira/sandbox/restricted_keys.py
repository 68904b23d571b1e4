"""Restricted API keys of an account: stored with their permissions, which can be replaced."""

import json
import sqlite3
from typing import Any

from lumira.sandbox.account import Account
from lumira.sandbox.control_parameters import Json, check_names
from lumira.sandbox.errors import InvalidRequestError, NotFoundError
from lumira.sandbox.ids import random_id
from lumira.sandbox.keys import RESTRICTED, Caller, mask
from lumira.sandbox.permissions import PERMISSIONS


def find_restricted_key(connection: sqlite3.Connection, key: str) -> Caller | None:
    """Return the caller of a restricted key, or None if the key does not exist."""
    row = connection.execute(
        "SELECT accounts.id, name, permissions FROM restricted_keys JOIN accounts ON accounts.id = account"
        " WHERE key = ?",
        (key,),
    ).fetchone()
    if row is None:
        return None
    permissions = frozenset(json.loads(row["permissions"]))
    return Caller(row["id"], row["name"], permissions=permissions, masked_key=mask(key))


def save_restricted_key(account: Account, sent: Json) -> Json:
    """Create a key with ``permissions``, or replace the permissions of the existing ``key``."""
    check_names(sent, {"key", "permissions"})
    permissions = sent.get("permissions")
    if not isinstance(permissions, list) or not PERMISSIONS.issuperset(map(str, permissions)):
        raise InvalidRequestError(
            f"`permissions` must be a list of {', '.join(sorted(PERMISSIONS))}.", param="permissions"
        )
    key = sent.get("key")
    if key is None:
        key = RESTRICTED + str(account.settings.get("name", "key"))[:40] + random_id("", 24)
    else:
        _check_exists(account, key)
    account.connection.execute(
        "INSERT OR REPLACE INTO restricted_keys (key, account, permissions) VALUES (?, ?, ?)",
        (key, account.id, json.dumps(permissions)),
    )
    return {"key": key, "permissions": permissions}


def revoke_restricted_key(account: Account, sent: Json) -> Json:
    """Revoke ``key``; requests with it are then 401."""
    check_names(sent, {"key"})
    _check_exists(account, sent.get("key"))
    account.connection.execute("DELETE FROM restricted_keys WHERE key = ?", (sent["key"],))
    return {"revoked": sent["key"]}


def _check_exists(account: Account, key: Any) -> None:
    row = account.connection.execute(
        "SELECT 1 FROM restricted_keys WHERE key = ? AND account = ?", (key, account.id)
    ).fetchone()
    if row is None:
        raise NotFoundError(f"No such restricted key: '{key}'", code="resource_missing", param="key")
