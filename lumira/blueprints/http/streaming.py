"""Stream a file: whole, or the requested range (RFC 9110, section 14)."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus

from flask import Response, request

#: A browser that opens the file runs no script in it and sends nothing.
_POLICY = "default-src 'none'; sandbox; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


@dataclass(frozen=True, slots=True)
class Streamed:
    """A file to stream; `size` in bytes, `disposition` for the `Content-Disposition` header."""

    size: int
    sha256: str
    content_type: str
    disposition: str
    #: Reads the bytes between two positions, both included.
    read: Callable[[int, int], Iterator[bytes]]


def stream_pdf(content: bytes, *, disposition: str) -> Response:
    """The reply with a PDF that is in memory, as `stream`."""
    return stream(
        Streamed(
            size=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            content_type="application/pdf",
            disposition=disposition,
            read=lambda first, last: iter((content[first : last + 1],)),
        )
    )


def stream(file: Streamed) -> Response:
    """The reply to the running request: 200, 206 for one range, 416 for a range outside the file."""
    etag = f'"{file.sha256}"'
    first, last, status = _requested_range(file.size, etag)
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
    # Only a page of the same origin may embed it.
    reply.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    if request.method != "HEAD":
        reply.response = file.read(first, last)
    reply.headers["Content-Length"] = str(last - first + 1)
    return reply


def _requested_range(size: int, etag: str) -> tuple[int, int, HTTPStatus]:
    """First and last byte, and the status. A request for several ranges gets the whole file, which RFC 9110 allows."""
    whole = (0, size - 1, HTTPStatus.OK)
    requested = request.range
    if (
        request.method != "GET"
        or requested is None
        or requested.units != "bytes"
        or len(requested.ranges) != 1
    ):
        return whole
    if "If-Range" in request.headers and request.headers["If-Range"] != etag:
        # The caller has the beginning of another version of the file, so it gets the whole new one.
        return whole
    if requested.ranges[0][0] < -size:
        # A suffix longer than the file means the whole file (RFC 9110, section 14.1.2).
        return 0, size - 1, HTTPStatus.PARTIAL_CONTENT
    bounds = requested.range_for_length(size)
    if bounds is None:
        return 0, 0, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
    first, end = bounds
    return first, end - 1, HTTPStatus.PARTIAL_CONTENT
