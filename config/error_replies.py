"""The replies to requests that do not reach the application: incomplete, malformed, or too long for the server."""

import json
from dataclasses import dataclass
from http import HTTPStatus
from uuid import uuid4

from gunicorn.http.errors import (  # type: ignore[import-untyped]
    ConfigurationProblem,
    ExpectationFailed,
    ForbiddenProxyRequest,
    InvalidResponseHeader,
    InvalidResponseHeaderName,
    LimitRequestHeaders,
    LimitRequestLine,
    ParseException,
    UnsupportedTransferCoding,
)

_RETRY_AFTER = 5
#: Code and message by status.
_ERRORS = {
    HTTPStatus.BAD_REQUEST: ("INVALID_REQUEST", "The request is malformed."),
    HTTPStatus.FORBIDDEN: ("FORBIDDEN", "This proxy is not accepted."),
    HTTPStatus.REQUEST_TIMEOUT: ("REQUEST_TIMEOUT", "The request did not arrive in time: send it again."),
    HTTPStatus.REQUEST_URI_TOO_LONG: ("REQUEST_URI_TOO_LONG", "The URL exceeds the size limit."),
    HTTPStatus.EXPECTATION_FAILED: ("EXPECTATION_FAILED", "Only `Expect: 100-continue` is supported."),
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: ("HEADERS_TOO_LARGE", "The headers exceed the size limit."),
    HTTPStatus.INTERNAL_SERVER_ERROR: ("INTERNAL_ERROR", "An internal error occurred and was logged."),
    HTTPStatus.NOT_IMPLEMENTED: ("NOT_IMPLEMENTED", "This transfer coding is not supported."),
    HTTPStatus.SERVICE_UNAVAILABLE: (
        "SERVICE_UNAVAILABLE",
        "Too many large requests arrive at the moment: send the request again.",
    ),
}
#: The status of what Gunicorn's parser refuses, the first class that fits.
_STATUSES: tuple[tuple[type[Exception], HTTPStatus], ...] = (
    # The application's own mistakes, although they are kinds of malformed headers.
    (InvalidResponseHeader, HTTPStatus.INTERNAL_SERVER_ERROR),
    (InvalidResponseHeaderName, HTTPStatus.INTERNAL_SERVER_ERROR),
    (ConfigurationProblem, HTTPStatus.INTERNAL_SERVER_ERROR),
    (LimitRequestLine, HTTPStatus.REQUEST_URI_TOO_LONG),
    (LimitRequestHeaders, HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE),
    (UnsupportedTransferCoding, HTTPStatus.NOT_IMPLEMENTED),
    (ExpectationFailed, HTTPStatus.EXPECTATION_FAILED),
    (ForbiddenProxyRequest, HTTPStatus.FORBIDDEN),
    (ParseException, HTTPStatus.BAD_REQUEST),
)


@dataclass(frozen=True, slots=True)
class ErrorReply:
    """A whole reply, and the id by which its line in the log is found."""

    content: bytes
    request_id: str


def status_of(error: Exception) -> HTTPStatus:
    """Return the status for an error of Gunicorn's parser; any other error is an internal one."""
    return next(
        (status for kind, status in _STATUSES if isinstance(error, kind)), HTTPStatus.INTERNAL_SERVER_ERROR
    )


def error_reply(status: int) -> ErrorReply:
    """Return the reply in the form of the API's errors; the connection ends with it."""
    phrase = HTTPStatus(status).phrase
    code, message = _ERRORS[HTTPStatus(status)]
    request_id = uuid4().hex
    body = json.dumps({"error": phrase, "code": code, "message": message, "requestId": request_id}).encode()
    headers = [
        f"HTTP/1.1 {int(status)} {phrase}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        f"X-Request-Id: {request_id}",
        "Cache-Control: no-store",
        "Connection: close",
    ]
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers.append(f"Retry-After: {_RETRY_AFTER}")
    return ErrorReply("\r\n".join([*headers, "", ""]).encode() + body, request_id)
