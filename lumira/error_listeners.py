"""What gets the exceptions of the log: every line of level error that has a traceback is about an unexpected error."""

import sys
from collections.abc import Callable, Mapping
from typing import Any, cast

from structlog.typing import EventDict, WrappedLogger

#: Gets an exception, and the fields of the line about it.
ErrorListener = Callable[[BaseException, Mapping[str, Any]], None]

_listeners: list[ErrorListener] = []
_LEVELS = ("error", "critical")


def listen(*listeners: ErrorListener) -> None:
    """Call these with the exception of every line that is logged as an error; they replace earlier ones."""
    _listeners[:] = listeners


def report(_logger: WrappedLogger, _method: str, event_dict: EventDict) -> EventDict:
    """Call the listeners if the line has an exception; a structlog processor."""
    if "exc_info" in event_dict and event_dict.get("level") in _LEVELS:
        error = _exception_of(event_dict["exc_info"])
        if error is not None:
            _call(error, event_dict)
    return event_dict


def _call(error: BaseException, event_dict: EventDict) -> None:
    for listener in _listeners:
        try:
            listener(error, event_dict)
        except Exception as failure:  # noqa: BLE001 - the line is written in any case
            event_dict["not_reported"] = type(failure).__name__


def _exception_of(exc_info: object) -> BaseException | None:
    """Return the exception that a line is about: itself, in a tuple as `logging` has it, or the one being handled."""
    if isinstance(exc_info, BaseException):
        return exc_info
    if isinstance(exc_info, tuple):
        return cast("BaseException | None", exc_info[1])
    return sys.exc_info()[1] if exc_info else None
