"""Files that are streamed from here: whole, or the part that was asked for (RFC 9110, section 14)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus

from flask import Response, request

#: Whatever a file holds, a browser that opens it runs nothing of it and sends nothing anywhere.
_POLICY = "default-src 'none'; sandbox; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


@dataclass(frozen=True, slots=True)
class Streamed:
    """What is known of a file before it is opened; `size` in bytes, `disposition` the header that names it."""

    size: int
    sha256: str
    content_type: str
    disposition: str
    #: Its bytes from the first to the last that are wanted, both included.
    read: Callable[[int, int], Iterator[bytes]]


def stream(file: Streamed) -> Response:
    """The reply to the running request: 200, 206 for one part of the file, 416 for a part that it has not."""
    etag = f'"{file.sha256}"'
    first, last, status = _wanted(file.size, etag)
    reply = Response(status=status)
    reply.headers["Content-Type"] = file.content_type
    reply.headers["Accept-Ranges"] = "bytes"
    reply.headers["Content-Security-Policy"] = _POLICY
    if status is HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
        reply.headers["Content-Range"] = f"bytes */{file.size}"
        return reply
    if status is HTTPStatus.PARTIAL_CONTENT:
        reply.headers["Content-Range"] = f"bytes {first}-{last}/{file.size}"
    reply.headers["ETag"] = etag
    reply.headers["Content-Disposition"] = file.disposition
    # Only shown by the page that it belongs to, and never as a part of another site's.
    reply.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    if request.method != "HEAD":
        reply.response = file.read(first, last)
    reply.headers["Content-Length"] = str(last - first + 1)
    return reply


def _wanted(size: int, etag: str) -> tuple[int, int, HTTPStatus]:
    """First and last byte, and the status. Several parts at once are answered with the whole, as may be done."""
    whole = (0, size - 1, HTTPStatus.OK)
    asked = request.range
    if request.method != "GET" or asked is None or asked.units != "bytes" or len(asked.ranges) != 1:
        return whole
    if "If-Range" in request.headers and request.headers["If-Range"] != etag:
        # What was begun is of another version of the file, so it is begun anew.
        return whole
    if asked.ranges[0][0] < -size:
        # The last bytes of a file that is shorter are all of it (RFC 9110, section 14.1.2).
        return 0, size - 1, HTTPStatus.PARTIAL_CONTENT
    found = asked.range_for_length(size)
    if found is None:
        return 0, 0, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
    first, end = found
    return first, end - 1, HTTPStatus.PARTIAL_CONTENT
