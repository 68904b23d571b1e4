"""``expand[]``: ids replaced by the objects that they name."""

from typing import Any

from lumira.sandbox.books import Books
from lumira.sandbox.errors import InvalidRequestError

_KINDS = {
    "charge": "charge",
    "customer": "customer",
    "latest_charge": "charge",
    "payment_intent": "payment_intent",
    "payment_method": "payment_method",
}
_DEEPEST = 4


def check_expansions(paths: list[str]) -> None:
    """Refuse what cannot be expanded, before anything is done."""
    for path in paths:
        parts = path.split(".")
        if len(parts) > _DEEPEST:
            raise InvalidRequestError(
                f"You cannot expand more than {_DEEPEST} levels of a property. Property: {path}",
                param="expand",
            )
        for position, part in enumerate(parts):
            if part not in _KINDS and not (part == "data" and position == 0 and len(parts) > 1):
                raise InvalidRequestError(f"This property cannot be expanded ({path}).", param="expand")


def expand(books: Books, body: dict[str, Any], paths: list[str]) -> dict[str, Any]:
    """The object with the named properties inlined; the stored object is left alone."""
    for path in paths:
        body = _expand(books, body, path.split("."), path)
    return body


def _expand(books: Books, body: dict[str, Any], parts: list[str], path: str) -> dict[str, Any]:
    name, rest = parts[0], parts[1:]
    if name == "data":
        if body.get("object") != "list":
            raise InvalidRequestError(f"This property cannot be expanded ({path}).", param="expand")
        return {**body, "data": [_expand(books, item, rest, path) for item in body["data"]]}
    if name not in body:
        raise InvalidRequestError(f"This property cannot be expanded ({path}).", param="expand")
    value = body[name]
    if isinstance(value, str):
        value = books.find(_KINDS[name], value)
    if rest and isinstance(value, dict):
        value = _expand(books, value, rest, path)
    return {**body, name: value}
