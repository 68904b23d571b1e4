"""The request id: on the reply and on every log line of the request."""

import re
import secrets
import time
from collections.abc import Mapping

import structlog
from flask import Flask, Response, g, request

from lumira import metrics
from lumira.card_numbers import contains_card_number

HEADER = "X-Request-Id"
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
#: Load balancers probe every few seconds: only failed probes are logged.
_NOT_LOGGED = frozenset(("health",))
#: A caller may send any other word as the method.
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
_STATUS_CLASSES = ("other", "1xx", "2xx", "3xx", "4xx", "5xx", "other", "other", "other", "other")

#: The attributes of `g` that belong to one request.
_REQUEST_ATTRIBUTES = (
    "caller",
    "tenant_id",
    "body",
    "catalog_etag",
    "log_fields",
    "dashboard",
    "csrf_token",
    "csrf_valid",
)

log = structlog.get_logger()


def init_app(app: Flask) -> None:
    """Assign the request id before any other hook runs, and log the request after its reply."""
    app.before_request_funcs.setdefault(None, []).insert(0, _begin)
    app.after_request(_end)


def callers_request_id() -> str | None:
    """The caller's `X-Request-Id`; `None` if it sent none or an invalid one."""
    return valid_request_id(request.headers.get(HEADER, ""))


def valid_request_id(sent: str) -> str | None:
    """The id that was sent; `None` if it has a character or a length that is not accepted, or is a card number."""
    return sent if _REQUEST_ID.fullmatch(sent) and not contains_card_number(sent) else None


def new_request_id() -> str:
    """A new id, for a request without one."""
    return secrets.token_hex(16)


def begin_request(sent: str) -> str:
    """Begin a request that Flask does not handle; returns its id: the one that was sent, or a new one."""
    request_id = valid_request_id(sent) or new_request_id()
    begin(request_id)
    return request_id


def begin(request_id: str) -> None:
    """Add the request id to every log line from now on."""
    # Threads are reused: the context of the previous request must not appear in this one.
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=request_id)


def end_request(
    method: str,
    route: str | None,
    status: int,
    started: float,
    fields: Mapping[str, object] | None = None,
    *,
    is_logged: bool = True,
) -> None:
    """Count a request and log its one line. Both have the route's rule, not the path: no ids, queries or bodies."""
    seconds = time.perf_counter() - started
    counted_method, counted_route = method if method in _METHODS else "other", route or "none"
    metrics.HTTP_REQUESTS.count(counted_method, counted_route, _STATUS_CLASSES[status // 100])
    metrics.HTTP_SECONDS.observe(seconds, counted_method, counted_route)
    if is_logged:
        milliseconds = round(seconds * 1000, 1)
        log.info("request", method=method, route=route, status=status, ms=milliseconds, **(fields or {}))


def _begin() -> None:
    # An application context may span several requests: nothing of the previous request may remain.
    for name in _REQUEST_ATTRIBUTES:
        g.pop(name, None)
    g.started = time.perf_counter()
    g.request_id = callers_request_id() or new_request_id()
    begin(g.request_id)


def _end(response: Response) -> Response:
    response.headers[HEADER] = g.request_id
    end_request(
        request.method,
        request.url_rule.rule if request.url_rule else None,
        response.status_code,
        g.started,
        g.get("log_fields"),
        is_logged=request.blueprint not in _NOT_LOGGED or response.status_code >= 500,  # noqa: PLR2004 - server errors
    )
    return response
