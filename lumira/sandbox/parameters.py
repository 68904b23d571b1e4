"""Parameters validated against the SDK's own types: the sandbox rejects what the SDK cannot send."""

import re
import sys
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from types import UnionType
from typing import Any, Literal, NotRequired, Union, get_args, get_origin, get_type_hints

import typing_extensions
from stripe import RequestOptions

from lumira.sandbox.errors import InvalidRequestError, missing_parameter, unknown_parameter

#: Options of the SDK itself, which its parameter types inherit; they are sent as headers, not as parameters.
_NOT_PARAMETERS = frozenset(RequestOptions.__annotations__)
_INTEGER = re.compile(r"^-?\d{1,18}$")
_DECIMAL = re.compile(r"^-?\d{1,15}(\.\d{1,12})?$")


@dataclass(frozen=True)
class Shape:
    """The parameters of a TypedDict of the SDK: the type of each, and which are required."""

    fields: dict[str, Any]
    required: frozenset[str]


@cache
def shape_of(declared: type) -> Shape:
    """Return the parameters that a TypedDict declares, with forward references resolved in its module."""
    namespace = vars(sys.modules[declared.__module__])
    names = [name for name in declared.__annotations__ if name not in _NOT_PARAMETERS]
    return Shape(
        fields={name: _resolve(declared.__annotations__[name], namespace) for name in names},
        required=frozenset(getattr(declared, "__required_keys__", ())) - _NOT_PARAMETERS,
    )


def _resolve(annotation: Any, namespace: dict[str, Any]) -> Any:
    # get_type_hints fails on the SDK's whole classes, because some names are imported under TYPE_CHECKING only.
    holder = type("Holder", (), {"__annotations__": {"field": annotation}})
    return get_type_hints(holder, globalns=namespace, include_extras=False)["field"]


def check(declared: type, sent: dict[str, Any], also: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Return the parameters converted to Python's types.

    ``also`` names further accepted parameters (those of a browser), which are dropped. Raises
    ``InvalidRequestError``, with Stripe's message, for an unknown, missing or malformed parameter.
    """
    return _check_hash(shape_of(declared), {k: v for k, v in sent.items() if k not in also}, "")


def _check_hash(shape: Shape, sent: dict[str, Any], prefix: str) -> dict[str, Any]:
    for name in sent:
        if name not in shape.fields:
            raise unknown_parameter(_name(prefix, name))
    for name in sorted(shape.required):
        if name not in sent:
            raise missing_parameter(_name(prefix, name))
    return {name: _convert(shape.fields[name], value, _name(prefix, name)) for name, value in sent.items()}


def _name(prefix: str, name: str) -> str:
    return f"{prefix}[{name}]" if prefix else name


def _alternatives(kind: Any) -> list[Any]:
    """Return the members of a union, flattened."""
    if get_origin(kind) in (NotRequired, typing_extensions.NotRequired):
        return _alternatives(get_args(kind)[0])
    if get_origin(kind) in (Union, UnionType):
        return [member for part in get_args(kind) for member in _alternatives(part)]
    return [kind]


def _convert(kind: Any, value: Any, name: str) -> Any:
    alternatives = _alternatives(kind)
    if isinstance(value, dict):
        return _convert_nested(alternatives, value, name)
    return _convert_text(alternatives, value, name)


def _convert_nested(alternatives: list[Any], value: dict[str, Any], name: str) -> Any:
    for kind in alternatives:
        if typing_extensions.is_typeddict(kind):
            return _check_hash(shape_of(kind), value, name)
        origin = get_origin(kind)
        if origin is list and all(key.isascii() and key.isdigit() for key in value):
            (item,) = get_args(kind)
            return [_convert(item, value[key], f"{name}[{key}]") for key in sorted(value, key=int)]
        if origin is dict:
            return _check_texts(value, name)
    expected = "string" if str in alternatives or not _accepts_nested(alternatives) else "array"
    raise InvalidRequestError(f"Invalid {expected}: {_abbreviated(value)}", param=name)


def _accepts_nested(alternatives: list[Any]) -> bool:
    return any(get_origin(kind) is list for kind in alternatives)


def _check_texts(value: dict[str, Any], name: str) -> dict[str, str]:
    for key, item in value.items():
        if not isinstance(item, str):
            raise InvalidRequestError(
                f"{name.capitalize()} values must be strings, but for key '{key}' you passed in a value of "
                "type hash",
                param=f"{name}[{key}]",
            )
    return dict(value)


def _abbreviated(value: dict[str, Any]) -> str:
    return "{" + ", ".join(f'"{key}"=>…' for key in list(value)[:3]) + "}"


def _choices(alternatives: list[Any]) -> list[str]:
    return [choice for kind in alternatives if get_origin(kind) is Literal for choice in get_args(kind)]


def _convert_text(alternatives: list[Any], value: str, name: str) -> Any:
    choices = _choices(alternatives)
    if value == "":
        return _convert_empty(alternatives, choices, name)
    if value in choices:
        return value
    if bool in alternatives and (value in ("true", "false") or not choices):
        return _boolean(value, name)
    if int in alternatives:
        return _integer(value, name)
    if float in alternatives or Decimal in alternatives:
        return _decimal(value, name)
    named = [choice for choice in choices if choice]
    if named:
        raise InvalidRequestError(f"Invalid {name}: must be one of {_joined(named)}", param=name)
    if str in alternatives or Any in alternatives:
        return value
    expected = "array" if _accepts_nested(alternatives) else "hash"
    raise InvalidRequestError(f"Invalid {expected}", param=name)


def _convert_empty(alternatives: list[Any], choices: list[str], name: str) -> Any:
    if "" in choices:
        return ""
    if _accepts_nested(alternatives):
        return []
    raise InvalidRequestError(
        f"You passed an empty string for '{name}'. We assume empty values are an attempt to unset a "
        f"parameter; however '{name}' cannot be unset. You should remove '{name}' from your request or "
        "supply a non-empty value.",
        code="parameter_invalid_empty",
        param=name,
    )


def _boolean(value: str, name: str) -> bool:
    if value not in ("true", "false"):
        raise InvalidRequestError(f"Invalid boolean: {value}", param=name)
    return value == "true"


def _integer(value: str, name: str) -> int:
    if _INTEGER.match(value) is None:
        raise InvalidRequestError(f"Invalid integer: {value}", code="parameter_invalid_integer", param=name)
    return int(value)


def _decimal(value: str, name: str) -> float:
    if _DECIMAL.match(value) is None:
        raise InvalidRequestError(f"Invalid decimal: {value}", param=name)
    return float(value)


def _joined(choices: list[str]) -> str:
    if len(choices) == 1:
        return choices[0]
    return ", ".join(choices[:-1]) + f", or {choices[-1]}"
