"""Connect: accounts that a platform's key acts for, and whose events the platform's endpoints receive."""

import re
import sqlite3
from dataclasses import replace

from lumira.sandbox.account import Account, ensure_account, open_account
from lumira.sandbox.control_parameters import Json, check_names
from lumira.sandbox.errors import ForbiddenError, InvalidRequestError
from lumira.sandbox.ids import account_id
from lumira.sandbox.keys import Caller

_NAME = re.compile(r"[A-Za-z0-9_]{6,200}")


def connect_account(platform: Account, sent: Json) -> Json:
    """Connect the account of the key ``sk_test_<name>`` to this platform."""
    check_names(sent, {"name"})
    name = sent.get("name", "")
    if _NAME.fullmatch(name) is None:
        raise InvalidRequestError("`name` must have 6 to 200 letters, digits or underscores.", param="name")
    connected_id = account_id(name)
    if connected_id == platform.id:
        raise InvalidRequestError("An account cannot be connected to itself.", param="name")
    ensure_account(platform.connection, connected_id, name)
    connected = open_account(platform.connection, connected_id)
    connected.settings["platform"] = platform.id
    connected.save_settings()
    return {"account": connected_id, "key": f"sk_test_{name}"}


def acting_for(connection: sqlite3.Connection, caller: Caller, named: str | None) -> Caller:
    """Return the caller on behalf of the account in the header ``Stripe-Account``.

    Raises ``ForbiddenError`` (403) for an account that is neither the caller's own nor connected to it.
    """
    if named is None or named == caller.account_id:
        return caller
    settings = open_account(connection, named).settings
    if settings.get("platform") != caller.account_id:
        raise ForbiddenError(
            f"The provided key does not have access to account '{named}' (or that account does not exist). "
            "Application access may have been revoked.",
            code="account_invalid",
        )
    return replace(caller, account_id=named, name=settings["name"])
