"""One id for each request, on its reply and on every line that is logged meanwhile."""

import re
import time
from uuid import uuid4

import structlog
from flask import Flask, Response, g, request

_SANE = re.compile(r"[A-Za-z0-9._-]{1,128}")
#: Probes come every few seconds from every balancer, and say nothing while all is well.
_NOT_LOGGED = frozenset(("health",))

#: What is kept in `g` between one step of a request and the next.
_OF_ONE_REQUEST = ("caller", "tenant_id", "body", "catalog_version", "customer_digest")

log = structlog.get_logger()


def init_app(app: Flask) -> None:
    """Name each request before anything else looks at it, and log it once it is answered."""
    app.before_request_funcs.setdefault(None, []).insert(0, _begin)
    app.after_request(_end)


def callers_request_id() -> str | None:
    """The caller's own id for this request, if it sent a sane one."""
    sent = request.headers.get("X-Request-Id", "")
    return sent if _SANE.fullmatch(sent) else None


def _begin() -> None:
    # Where an application context spans several requests, nobody may be taken for the caller before.
    for name in _OF_ONE_REQUEST:
        g.pop(name, None)
    g.started = time.perf_counter()
    g.request_id = callers_request_id() or uuid4().hex
    # Threads are used again: nothing of the last request may be said of this one.
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.request_id)


def _end(response: Response) -> Response:
    response.headers["X-Request-Id"] = g.request_id
    if request.blueprint not in _NOT_LOGGED or response.status_code >= 500:  # noqa: PLR2004 - server errors
        log.info(
            "request",
            method=request.method,
            # The rule, not the path: ids stay out of the log, and query strings and bodies too.
            route=request.url_rule.rule if request.url_rule else None,
            status=response.status_code,
            ms=round((time.perf_counter() - g.started) * 1000, 1),
        )
    return response
