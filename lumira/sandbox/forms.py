"""Stripe's form encoding: decodes ``a[b][0][c]=d`` to nested dictionaries."""

import re
from typing import Any
from urllib.parse import parse_qsl

from lumira.sandbox.errors import InvalidRequestError

_KEY = re.compile(r"^([^\[\]]+)((?:\[[^\[\]]*\])*)$")
_PART = re.compile(r"\[([^\[\]]*)\]")
#: Deeper than any parameter of Stripe's, and shallow enough for recursion.
_MAX_DEPTH = 12
_MAX_FIELDS = 2000


def decode(encoded: str) -> dict[str, Any]:
    """Return the parameters of a query string or form body; values are strings or dictionaries.

    A list is a dictionary of positions here: only the parameter's type distinguishes it from a hash. Raises
    ``InvalidRequestError`` for malformed or too deeply nested parameters.
    """
    try:
        pairs = parse_qsl(encoded, keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS)
    except (UnicodeDecodeError, ValueError) as error:
        raise InvalidRequestError("Invalid request: the parameters could not be decoded.") from error
    tree: dict[str, Any] = {}
    for name, value in pairs:
        if "\x00" in value or "\x00" in name:
            raise InvalidRequestError("Invalid request: null bytes are not allowed in parameters.")
        _place(tree, _path(name), value, name)
    return tree


def _path(name: str) -> list[str]:
    matched = _KEY.match(name)
    if matched is None:
        # Not of the form ``a[b]``: returned unchanged, so that it is rejected as an unknown parameter.
        return [name]
    path = [matched.group(1), *_PART.findall(matched.group(2))]
    if len(path) > _MAX_DEPTH:
        raise InvalidRequestError(f"Invalid request: parameter nested too deeply: {matched.group(1)}")
    return path


def _place(tree: dict[str, Any], path: list[str], value: str, name: str) -> None:
    node = tree
    for part in path[:-1]:
        key = part or str(len(node))
        child = node.setdefault(key, {})
        if not isinstance(child, dict):
            raise InvalidRequestError("Invalid hash", param=name)
        node = child
    last = path[-1]
    if not last and node is not tree:
        last = str(len(node))
    if isinstance(node.get(last), dict):
        raise InvalidRequestError("Invalid hash", param=name)
    node[last] = value
