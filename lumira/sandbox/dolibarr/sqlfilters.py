"""``sqlfilters``: the search conditions of Dolibarr's lists, with its own errors."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from fnmatch import translate
from typing import Any

from lumira.sandbox.dolibarr.errors import ApiError
from lumira.sandbox.dolibarr.tables import Row

Condition = Callable[[Row], bool]

_CONDITION = re.compile(r"\(\s*(t|ef)\.(\w+)\s*:\s*([a-z]+|[<>=!]{1,2})\s*:([^()]*)\)")
_TOKEN = re.compile(r"\s*(#\d+|\(|\)|and\b|or\b)", re.IGNORECASE)
_TEXT = re.compile(r"'(.*)'", re.DOTALL)


def parse(
    text: str, columns: Mapping[str, str], extra_fields: Mapping[str, Any], *, utc_offset: int
) -> Condition:
    """Return the condition of a search; ``columns`` are the SQL names and the keys of the rows.

    Raises 400 for bad syntax, and 503 for a column that does not exist. ``utc_offset`` is that of the database server,
    in seconds: it writes ``tms`` in its local time.
    """
    found: list[Condition] = []

    def keep(match: re.Match[str]) -> str:
        found.append(_condition(match, columns, extra_fields, utc_offset))
        return f"#{len(found) - 1}"

    rest = _CONDITION.sub(keep, text)
    if rest.count("(") != rest.count(")"):
        raise ApiError(400, "Error when validating parameter sqlfilters -> Wrong balance of parenthesis")
    tokens = _tokens(rest)
    condition = _either(tokens, found)
    if tokens:
        raise _bad_syntax()
    return condition


def _bad_syntax() -> ApiError:
    return ApiError(400, "Error when validating parameter sqlfilters -> Bad syntax of the search string")


def _tokens(text: str) -> list[str]:
    tokens = []
    while text.strip():
        match = _TOKEN.match(text)
        if match is None:
            raise _bad_syntax()
        tokens.append(match[1].lower())
        text = text[match.end() :]
    return tokens


def _either(tokens: list[str], found: list[Condition]) -> Condition:
    parts = [_both(tokens, found)]
    while tokens[:1] == ["or"]:
        tokens.pop(0)
        parts.append(_both(tokens, found))
    return lambda row: any(part(row) for part in parts)


def _both(tokens: list[str], found: list[Condition]) -> Condition:
    parts = [_single(tokens, found)]
    while tokens[:1] == ["and"]:
        tokens.pop(0)
        parts.append(_single(tokens, found))
    return lambda row: all(part(row) for part in parts)


def _single(tokens: list[str], found: list[Condition]) -> Condition:
    token = tokens.pop(0) if tokens else ""
    if token == "(":  # noqa: S105 - a parenthesis
        inner = _either(tokens, found)
        if tokens[:1] != [")"]:
            raise _bad_syntax()
        tokens.pop(0)
        return inner
    if not token.startswith("#"):
        raise _bad_syntax()
    return found[int(token[1:])]


def _condition(
    match: re.Match[str], columns: Mapping[str, str], extra_fields: Mapping[str, Any], utc_offset: int
) -> Condition:
    table, column, operator, written = match.groups()
    if operator not in _OPERATORS:
        raise _bad_syntax()
    known = columns if table == "t" else {"tms": "ef_tms", **{name: name for name in extra_fields}}
    if column not in known:
        raise ApiError(503, f"Error when retrieve list : Unknown column '{table}.{column}' in 'where clause'")
    test = _OPERATORS[operator](written.strip())

    def holds(row: Row) -> bool:
        source = row if table == "t" or column == "tms" else row.get("extra") or {}
        return test(_comparable(source.get(known[column]), column, utc_offset))

    return holds


def _comparable(value: object, column: str, utc_offset: int) -> str | None:
    if value is None:
        return None
    if column == "tms":
        return f"{datetime.fromtimestamp(int(str(value)) + utc_offset, UTC):%Y-%m-%d %H:%M:%S}"
    return str(value).lower()


def _value(written: str) -> str:
    match = _TEXT.fullmatch(written)
    return (match[1] if match else written).lower()


def _order(test: Callable[[int], bool]) -> Callable[[str], Callable[[str | None], bool]]:
    def build(written: str) -> Callable[[str | None], bool]:
        wanted = _value(written)

        def compare(value: str | None) -> bool:
            if value is None:
                return False
            try:
                left: Any = float(value)
                right: Any = float(wanted)
            except ValueError:
                left, right = value, wanted
            return test((left > right) - (left < right))

        return compare

    return build


def _like(written: str) -> Callable[[str | None], bool]:
    pattern = _value(written).replace("[", "[[]").replace("*", "[*]").replace("?", "[?]")
    compiled = re.compile(translate(pattern.replace("%", "*").replace("_", "?")), re.DOTALL)
    return lambda value: value is not None and compiled.match(value) is not None


def _in(written: str) -> Callable[[str | None], bool]:
    wanted = {_value(part.strip()) for part in written.split(",")}
    return lambda value: value in wanted


def _is(_: str) -> Callable[[str | None], bool]:
    return lambda value: value is None


def _not(
    build: Callable[[str], Callable[[str | None], bool]],
) -> Callable[[str], Callable[[str | None], bool]]:
    def built(written: str) -> Callable[[str | None], bool]:
        test = build(written)
        return lambda value: not test(value)

    return built


_OPERATORS: dict[str, Callable[[str], Callable[[str | None], bool]]] = {
    "=": _order(lambda sign: sign == 0),
    "!=": _order(lambda sign: sign != 0),
    "<": _order(lambda sign: sign < 0),
    ">": _order(lambda sign: sign > 0),
    "<=": _order(lambda sign: sign <= 0),
    ">=": _order(lambda sign: sign >= 0),
    "like": _like,
    "notlike": _not(_like),
    "in": _in,
    "notin": _not(_in),
    "is": _is,
    "isnot": _not(_is),
}
