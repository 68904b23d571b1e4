"""``expand[]``: replaces ids with the objects that they name."""

from typing import Any

from lumira.sandbox.account import Account
from lumira.sandbox.checkout.sessions import KIND, line_items
from lumira.sandbox.errors import InvalidRequestError

_KINDS = {
    "balance_transaction": "balance_transaction",
    "charge": "charge",
    "customer": "customer",
    "latest_charge": "charge",
    "payment_intent": "payment_intent",
    "payment_method": "payment_method",
    "product": "product",
}
#: Included only where they are expanded.
_INCLUDED = "line_items"
#: Expandable at Stripe, always null here.
_EMPTY = ("invoice", "payment_link", "setup_intent", "subscription")
#: Already inlined, so that only their own properties can be expanded.
_INLINE = ("price",)
_MAX_DEPTH = 4


def check_expansions(paths: list[str]) -> None:
    """Raise ``InvalidRequestError`` for a path that cannot be expanded, before anything is executed."""
    for path in paths:
        parts = path.split(".")
        if len(parts) > _MAX_DEPTH:
            raise InvalidRequestError(
                f"You cannot expand more than {_MAX_DEPTH} levels of a property. Property: {path}",
                param="expand",
            )
        for position, part in enumerate(parts):
            if not _is_known(part, position, parts):
                raise InvalidRequestError(f"This property cannot be expanded ({path}).", param="expand")


def _is_known(part: str, position: int, parts: list[str]) -> bool:
    """Whether a property of this name can be expanded; ``data`` only as a step to a list's objects."""
    if part == "data":
        return position + 1 < len(parts) and (position == 0 or parts[position - 1] == _INCLUDED)
    return part in (*_KINDS, *_INLINE, *_EMPTY, _INCLUDED)


def expand(account: Account, body: dict[str, Any], paths: list[str]) -> dict[str, Any]:
    """Return the object with the named properties inlined; the stored object does not change."""
    for path in paths:
        body = _expand(account, body, path.split("."), path)
    return body


def _expand(account: Account, body: dict[str, Any], parts: list[str], path: str) -> dict[str, Any]:
    name, rest = parts[0], parts[1:]
    if name == "data":
        if body.get("object") != "list":
            raise InvalidRequestError(f"This property cannot be expanded ({path}).", param="expand")
        return {**body, "data": [_expand(account, item, rest, path) for item in body["data"]]}
    if name == _INCLUDED and name not in body and body.get("object") == KIND:
        # Loaded again: a listed or returned object no longer has the sandbox's private fields.
        body = {**body, name: line_items(account.get(KIND, body["id"]), {})}
    if name not in body:
        raise InvalidRequestError(f"This property cannot be expanded ({path}).", param="expand")
    value = body[name]
    if isinstance(value, str):
        value = account.find(_KINDS[name], value)
    if rest and isinstance(value, dict):
        value = _expand(account, value, rest, path)
    return {**body, name: value}
