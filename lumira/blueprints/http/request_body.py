"""Strict reading of request bodies: what two parsers could read differently is refused."""

import contextlib
import hashlib
import json
import math
from typing import IO, Any, NoReturn

from flask import Request
from gunicorn.http.errors import ParseException  # type: ignore[import-untyped]
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from lumira.errors import InvalidRequest, LumiraError, RequestTimedOut, UnsupportedMediaType

#: Bytes. The largest regular request, with twenty full metadata entries in escapes, is smaller.
MAX_JSON_BODY = 64 * 1024
#: Bytes. Stripe's largest events are far smaller.
MAX_WEBHOOK_BODY = 1024 * 1024
#: Bytes around a file in its form: the name, the type, and the boundaries.
MAX_FORM_OVERHEAD = 8 * 1024
#: More than any form has: enough to detect that a form has too many.
_MAX_FORM_PARTS = 4
#: Bytes of a form in memory at once. Werkzeug limits its buffer to it, and reads 64 KiB at a time.
_MAX_FORM_MEMORY = 256 * 1024
#: Levels of nesting. A body with metadata has two; a parser's own limit is far higher.
_MAX_DEPTH = 16
#: Bytes of a file in memory at once.
_CHUNK = 64 * 1024
#: Digits of a number. No field needs more; Python itself refuses only past 4,300.
_MAX_DIGITS = 18


def read_body(request: Request, *, limit: int) -> bytes:
    """The whole body; 413 if it is longer than `limit` bytes, also without a `Content-Length`."""
    # One byte more than the limit: Werkzeug silently cuts off a longer body without a `Content-Length`.
    request.max_content_length = limit + 1
    try:
        body = request.get_data(cache=True)
    except (ParseException, OSError, ClientDisconnected) as error:
        # Gunicorn reads a chunked body only now, and raises if it is malformed.
        raise _incomplete(error) from error
    if len(body) > limit:
        raise RequestEntityTooLarge
    return body


def _incomplete(error: Exception) -> LumiraError:
    """The error of a body that cannot be read to its end."""
    # Werkzeug raises its own error from that of the connection.
    cause = error.__context__ if isinstance(error, ClientDisconnected) else error
    if isinstance(cause, TimeoutError):
        return RequestTimedOut("The request did not arrive in time: send it again.")
    return InvalidRequest("The body is incomplete: send the request again.")


def read_json_object(request: Request) -> dict[str, Any]:
    """The body as a JSON object.

    Raises `UnsupportedMediaType` if its content type is not JSON in UTF-8, and `InvalidRequest` if the body is not
    a valid JSON object.
    """
    if request.mimetype != "application/json" or not _is_utf8(request) or request.content_encoding:
        raise UnsupportedMediaType("Send the body as application/json, in UTF-8.")
    return parse_json_object(read_body(request, limit=MAX_JSON_BODY))


def _is_utf8(request: Request) -> bool:
    return request.mimetype_params.get("charset", "utf-8").lower() in ("utf-8", "utf8")


def read_files(request: Request, *, limit: int) -> dict[str, FileStorage]:
    """The files of a multipart form, none longer than `limit` bytes; long files are stored on disk.

    Raises `UnsupportedMediaType` if the body is not a multipart form, and `InvalidRequest` if it contains anything
    but one file for each name.
    """
    if request.mimetype != "multipart/form-data" or request.content_encoding:
        raise UnsupportedMediaType("Send the file as multipart/form-data.")
    request.max_content_length = limit + MAX_FORM_OVERHEAD
    request.max_form_parts = _MAX_FORM_PARTS
    request.max_form_memory_size = _MAX_FORM_MEMORY
    with contextlib.ExitStack() as unfinished:
        _close_unfinished_files(request, unfinished)
        try:
            files, fields = request.files, request.form
        except (ParseException, OSError, ClientDisconnected) as error:
            raise _incomplete(error) from error
        # Werkzeug closes the files of a complete form together with the request.
        unfinished.pop_all()
    if fields or any(len(sent) > 1 for sent in files.listvalues()):
        raise InvalidRequest(
            "The form must contain one file for each name, with a file name, and nothing else."
        )
    return files.to_dict()


def _close_unfinished_files(request: Request, unfinished: contextlib.ExitStack) -> None:
    """Register every file of the form in `unfinished`: Werkzeug's parser does not close those of a broken form."""
    open_file = request._get_file_stream  # noqa: SLF001 - Werkzeug's hook for the storage of files

    def open_registered(*args: Any, **options: Any) -> IO[bytes]:
        return unfinished.enter_context(contextlib.closing(open_file(*args, **options)))

    request._get_file_stream = open_registered  # type: ignore[method-assign]  # noqa: SLF001


def digest_of(file: FileStorage) -> str:
    """The SHA-256 of a file; the file is rewound afterwards."""
    digest = hashlib.sha256()
    while chunk := file.stream.read(_CHUNK):
        digest.update(chunk)
    file.stream.seek(0)
    return digest.hexdigest()


def parse_json_object(body: bytes) -> dict[str, Any]:
    """The JSON object in `body`; raises `InvalidRequest` with the reason if it is not a valid one."""
    try:
        value = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_without_duplicates,
            parse_constant=_refuse_constant,
            parse_int=_parse_integer,
            parse_float=_parse_float,
        )
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InvalidRequest("The body is not valid JSON in UTF-8.") from error
    except RecursionError as error:
        raise InvalidRequest("The body is nested too deeply.") from error
    if not isinstance(value, dict):
        raise InvalidRequest("The body must be a JSON object.")
    _check_values(value)
    return value


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise InvalidRequest("The body contains a field twice.")
    return fields


def _refuse_constant(_name: str) -> NoReturn:
    raise InvalidRequest("The body contains NaN or Infinity, which are not JSON.")


def _parse_integer(digits: str) -> int:
    if len(digits.removeprefix("-")) > _MAX_DIGITS:
        raise InvalidRequest("The body contains a number with too many digits.")
    return int(digits)


def _parse_float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise InvalidRequest("The body contains a number that is too large.")
    return number


def _check_values(value: dict[str, Any]) -> None:
    """Refuse NUL characters, unpaired surrogates and deep nesting, which databases and other services refuse."""
    level: list[Any] = [value]
    for _ in range(_MAX_DEPTH):
        below: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                below += [*item.keys(), *item.values()]
            elif isinstance(item, list):
                below += item
            elif isinstance(item, str):
                _check_text(item)
        if not below:
            return
        level = below
    raise InvalidRequest("The body is nested too deeply.")


def _check_text(text: str) -> None:
    if "\x00" in text:
        raise InvalidRequest("The body contains a NUL character.")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InvalidRequest("The body contains an unpaired surrogate.") from error
