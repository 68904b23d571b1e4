"""Reading a body strictly: what two parsers could understand differently is refused."""

import contextlib
import hashlib
import json
import math
from typing import IO, Any, NoReturn

from flask import Request
from gunicorn.http.errors import ParseException  # type: ignore[import-untyped]
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import RequestEntityTooLarge

from lumira.errors import InvalidRequest, UnsupportedMediaType

#: Bytes. The largest honest request, twenty full metadata entries in escapes, stays below.
MAX_JSON_BODY = 64 * 1024
#: Bytes. Stripe's largest events are far below.
MAX_WEBHOOK_BODY = 1024 * 1024
#: Bytes around a file in its form: the name, the type, and the boundaries.
MAX_FORM_OVERHEAD = 8 * 1024
#: More than any form of ours has: enough to see that one has too many.
_MAX_FORM_PARTS = 4
#: Bytes of a form in memory at once. Werkzeug holds its buffer to it, whatever is in it, and reads 64 KiB at a time.
_MAX_FORM_MEMORY = 256 * 1024
#: Nothing that is read here nests deeper than a body with its metadata; far below any parser's own limit.
_MAX_DEPTH = 16
#: Bytes of a file that are in memory at once.
_MAX_PIECE = 64 * 1024
#: More digits than any number of ours; Python itself refuses only past 4,300.
_MAX_DIGITS = 18


def read_body(request: Request, *, limit: int) -> bytes:
    """The whole body; 413 if it is longer than `limit` bytes, also where its length was not announced."""
    # One more than may be: of a body that did not announce its length Werkzeug cuts the rest off silently.
    request.max_content_length = limit + 1
    try:
        body = request.get_data(cache=True)
    except (ParseException, OSError) as error:
        # Gunicorn reads a chunked body only now, so that what is wrong with it is found here.
        raise InvalidRequest("The body did not arrive whole.") from error
    if len(body) > limit:
        raise RequestEntityTooLarge
    return body


def read_json_object(request: Request) -> dict[str, Any]:
    """The body as the one JSON object that it can mean.

    `UnsupportedMediaType` if it does not claim to be JSON in UTF-8, `InvalidRequest` if it is not.
    """
    if request.mimetype != "application/json" or not _is_utf8(request) or request.content_encoding:
        raise UnsupportedMediaType("Send the body as application/json, in UTF-8.")
    return parse_json_object(read_body(request, limit=MAX_JSON_BODY))


def _is_utf8(request: Request) -> bool:
    return request.mimetype_params.get("charset", "utf-8").lower() in ("utf-8", "utf8")


def read_files(request: Request, *, limit: int) -> dict[str, FileStorage]:
    """The files of a form, none longer than `limit` bytes; long ones lie on the disk and not in memory.

    `UnsupportedMediaType` if it is no form with files, `InvalidRequest` if it holds anything else.
    """
    if request.mimetype != "multipart/form-data" or request.content_encoding:
        raise UnsupportedMediaType("Send the file as multipart/form-data.")
    request.max_content_length = limit + MAX_FORM_OVERHEAD
    request.max_form_parts = _MAX_FORM_PARTS
    request.max_form_memory_size = _MAX_FORM_MEMORY
    with contextlib.ExitStack() as broken_off:
        _note_files(request, broken_off)
        try:
            files, fields = request.files, request.form
        except (ParseException, OSError) as error:
            raise InvalidRequest("The body did not arrive whole.") from error
        # What arrived whole is closed with its request.
        broken_off.pop_all()
    if fields or any(len(sent) > 1 for sent in files.listvalues()):
        raise InvalidRequest("Send each file once, as a part with a file name, and nothing else.")
    return files.to_dict()


def _note_files(request: Request, broken_off: contextlib.ExitStack) -> None:
    """Let a form that breaks off close the files that it began: its parser forgets them."""
    open_file = request._get_file_stream  # noqa: SLF001 - Werkzeug's place to decide where files go

    def open_noted(*args: Any, **options: Any) -> IO[bytes]:
        return broken_off.enter_context(contextlib.closing(open_file(*args, **options)))

    request._get_file_stream = open_noted  # type: ignore[method-assign]  # noqa: SLF001


def digest_of(file: FileStorage) -> str:
    """The SHA-256 of a file, which is read from its beginning again afterwards."""
    digest = hashlib.sha256()
    while piece := file.stream.read(_MAX_PIECE):
        digest.update(piece)
    file.stream.seek(0)
    return digest.hexdigest()


def parse_json_object(body: bytes) -> dict[str, Any]:
    """The object in `body`; `InvalidRequest` says what is wrong with it otherwise."""
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
        raise InvalidRequest("The body is nested too deep.") from error
    if not isinstance(value, dict):
        raise InvalidRequest("The body must be a JSON object.")
    _check_values(value)
    return value


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise InvalidRequest("The body names a field twice.")
    return found


def _refuse_constant(_name: str) -> NoReturn:
    raise InvalidRequest("The body holds a number that JSON does not have.")


def _parse_integer(digits: str) -> int:
    if len(digits.removeprefix("-")) > _MAX_DIGITS:
        raise InvalidRequest("The body holds a number that is too long.")
    return int(digits)


def _parse_float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise InvalidRequest("The body holds a number that is too large.")
    return number


def _check_values(value: dict[str, Any]) -> None:
    """Refuse what no database and no other service takes: NUL, halves of surrogate pairs, deep nesting."""
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
    raise InvalidRequest("The body is nested too deep.")


def _check_text(text: str) -> None:
    if "\x00" in text:
        raise InvalidRequest("The body holds a NUL character.")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InvalidRequest("The body holds half of a surrogate pair.") from error
