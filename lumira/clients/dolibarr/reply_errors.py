"""Which error a reply of Dolibarr is: by its text as well as its code.

A failed create or change is a 500 whatever the cause, a deadlock in a payment a 400, and a search for an unknown column
a 503. Measured on Dolibarr 23; version 16 sends 401 where 23 sends 403.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from lumira.card_numbers import hide_card_numbers
from lumira.clients.bounded_http import Reply
from lumira.clients.dolibarr.errors import (
    DolibarrDuplicate,
    DolibarrError,
    DolibarrRefused,
    DolibarrUnavailable,
    DolibarrUnknownResult,
    RefusalReason,
)
from lumira.clients.dolibarr.values import storable

_LONGEST_TEXT = 300
_LONGEST_READ = 20_000
_TAG = re.compile(r"<[^<>]{0,200}>")
_EMAIL = re.compile(r"[^\s@'\"<>]{1,64}@[^\s@'\"<>]{1,255}")

#: The database undid the statement, or did not begin it: the same call may succeed. The last three are races of four
#: parallel calls for the next number.
_TRANSIENT = re.compile(
    r"deadlock|try restarting transaction|lock wait|too many connections|server has gone away|lost connection"
    r"|duplicate value in a unique field|uk_ecm_files|uk_\w+_ref(?!_ext)\b",
    re.IGNORECASE,
)
_DUPLICATE_EXTRA_FIELD = re.compile(
    r"duplicate entry .*?uk_[a-z_]+_extrafields_(\w+)", re.IGNORECASE | re.DOTALL
)
_UNKNOWN_COLUMN = re.compile(r"unknown column '(ef\.)?(\w+)'?", re.IGNORECASE)
_EXISTS = re.compile(r"already ?exists?|duplicate entry", re.IGNORECASE)

_REASONS: tuple[tuple[re.Pattern[str], RefusalReason], ...] = (
    (re.compile(r"data too long", re.IGNORECASE), RefusalReason.TOO_LONG),
    (re.compile(r"higher than remain", re.IGNORECASE), RefusalReason.OVERPAID),
    (re.compile(r"assigned to another third", re.IGNORECASE), RefusalReason.EMAIL_TAKEN),
    (re.compile(r"\bfield (is )?missing|missing field", re.IGNORECASE), RefusalReason.MISSING_FIELD),
    (re.compile(r"\bErrorBad|incorrect \w+ value|bad value", re.IGNORECASE), RefusalReason.BAD_FIELD),
)
_BY_STATUS = {
    403: RefusalReason.MISSING_RIGHT,
    404: RefusalReason.NOT_FOUND,
    409: RefusalReason.IN_USE,
    501: RefusalReason.MODULE_OFF,
}
_BUSY = frozenset((408, 425, 429))


def read_json(content: bytes) -> Any:
    """Return the value of a JSON text, its fractions as text; raises `ValueError`."""
    try:
        return json.loads(content, parse_float=str, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def error_of(reply: Reply, *, is_write: bool, method: str, key: str) -> DolibarrError:
    """Return the error of a reply whose status is not a success."""
    parts = _parts_of(reply)
    if parts is None:
        return _error_without_json(reply, is_write=is_write)
    text = " ".join(parts)
    shown = shortened(": ".join(part for part in parts if part), key=key) or f"HTTP {reply.status}"
    return _transient(reply.status, text, shown, is_write=is_write) or _permanent(
        reply.status, text, shown, parts, is_write=is_write, method=method
    )


def _error_without_json(reply: Reply, *, is_write: bool) -> DolibarrError:
    """Return the error of a proxy, of PHP that ended in the middle, or of something that is not Dolibarr."""
    text = reply.content[:_LONGEST_READ].decode(errors="replace").lower()
    if reply.status == 501 and "api not found" in text:  # noqa: PLR2004 - Dolibarr's reply without the module
        return DolibarrRefused(RefusalReason.MODULE_OFF, "API not found")
    shown = f"HTTP {reply.status} without JSON"
    if reply.status >= 500 or reply.status in _BUSY:  # noqa: PLR2004 - the class of all server errors
        return DolibarrUnknownResult(shown) if is_write else DolibarrUnavailable(shown)
    if reply.status == 401:  # noqa: PLR2004
        return DolibarrRefused(RefusalReason.WRONG_KEY, shown)
    return DolibarrRefused(RefusalReason.NOT_DOLIBARR, shown)


def _transient(status: int, text: str, shown: str, *, is_write: bool) -> DolibarrUnavailable | None:
    if _DUPLICATE_EXTRA_FIELD.search(text) is None and _TRANSIENT.search(text):
        return DolibarrUnavailable(shown)
    if status in _BUSY:
        return DolibarrUnavailable(shown)
    if status in (502, 504) or (status == 503 and not _UNKNOWN_COLUMN.search(text)):  # noqa: PLR2004
        return DolibarrUnknownResult(shown) if is_write else DolibarrUnavailable(shown)
    return None


def _permanent(
    status: int, text: str, shown: str, parts: list[str], *, is_write: bool, method: str
) -> DolibarrError:
    if duplicate := _DUPLICATE_EXTRA_FIELD.search(text):
        return DolibarrDuplicate(duplicate[1], shown)
    if column := _UNKNOWN_COLUMN.search(text):
        reason = RefusalReason.UNKNOWN_EXTRA_FIELD if column[1] else RefusalReason.BAD_FIELD
        return DolibarrRefused(reason, shown)
    for pattern, reason in _REASONS:
        if pattern.search(text):
            return DolibarrRefused(reason, shown)
    if _EXISTS.search(text):
        return DolibarrDuplicate("", shown)
    if status == 401:  # noqa: PLR2004
        is_right = "not allowed" in text.lower()
        return DolibarrRefused(RefusalReason.MISSING_RIGHT if is_right else RefusalReason.WRONG_KEY, shown)
    if status in _BY_STATUS:
        return DolibarrRefused(_BY_STATUS[status], shown)
    if status >= 500 and not any(parts[1:]):  # noqa: PLR2004
        return _without_text(shown, is_write=is_write, method=method)
    return DolibarrRefused(RefusalReason.OTHER, shown)


def _without_text(shown: str, *, is_write: bool, method: str) -> DolibarrError:
    """Return the error of a 500 without a text: Dolibarr sends it for a change that one of its rules blocks."""
    if method == "PUT":
        return DolibarrRefused(RefusalReason.BLOCKED, shown)
    return DolibarrUnknownResult(shown) if is_write else DolibarrUnavailable(shown)


def _parts_of(reply: Reply) -> list[str] | None:
    """Return the name of the status and then each text of an error; `None` if the reply is none of Dolibarr's API.

    The texts are the rest of `message`, and the values of the keys "0", "1", … beside it.
    """
    try:
        error = read_json(reply.content)["error"]
        message = error["message"]
    except (ValueError, TypeError, KeyError, IndexError):
        return None
    if not isinstance(error, Mapping) or not isinstance(message, str):
        return None
    name, _, rest = message[:_LONGEST_READ].partition(": ")
    details = (error[str(number)] for number in range(20) if str(number) in error)
    return [name, rest, *(str(detail)[:_LONGEST_READ] for detail in details)]


def shortened(text: str, *, key: str) -> str:
    """Return Dolibarr's text without markup, key, e-mail addresses and card numbers, on one line, and short."""
    plain = " ".join(_TAG.sub(" ", storable(text[:_LONGEST_READ])).split())
    if key:
        plain = plain.replace(key, "…")
    return hide_card_numbers(_EMAIL.sub("…", plain))[:_LONGEST_TEXT]
