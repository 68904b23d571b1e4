"""One id for each request, on its reply and on every line that is logged meanwhile."""

import re
import time
from collections.abc import Mapping
from uuid import uuid4

import structlog
from flask import Flask, Response, g, request

HEADER = "X-Request-Id"
_SANE = re.compile(r"[A-Za-z0-9._-]{1,128}")
#: Probes come every few seconds from every balancer, and say nothing while all is well.
_NOT_LOGGED = frozenset(("health",))

#: What is kept in `g` between one step of a request and the next.
_OF_ONE_REQUEST = ("caller", "tenant_id", "body", "catalog_version", "customer_digest", "told")

log = structlog.get_logger()


def init_app(app: Flask) -> None:
    """Name each request before anything else looks at it, and log it once it is answered."""
    app.before_request_funcs.setdefault(None, []).insert(0, _begin)
    app.after_request(_end)


def callers_request_id() -> str | None:
    """The caller's own id for this request, if it sent a sane one."""
    return sane(request.headers.get(HEADER, ""))


def sane(sent: str) -> str | None:
    """What was sent as an id, if it can be one."""
    return sent if _SANE.fullmatch(sent) else None


def new_request_id() -> str:
    """An id for a request that brought none."""
    return uuid4().hex


def begin(request_id: str) -> None:
    """Let every line that is logged from now on tell which request it belongs to."""
    # Threads are used again: nothing of the last request may be said of this one.
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=request_id)


def log_answer(
    method: str, route: str | None, status: int, started: float, told: Mapping[str, object] | None = None
) -> None:
    """The one line of a request. The rule, not the path: ids stay out, and query strings and bodies too."""
    milliseconds = round((time.perf_counter() - started) * 1000, 1)
    log.info("request", method=method, route=route, status=status, ms=milliseconds, **(told or {}))


def _begin() -> None:
    # Where an application context spans several requests, nobody may be taken for the caller before.
    for name in _OF_ONE_REQUEST:
        g.pop(name, None)
    g.started = time.perf_counter()
    g.request_id = callers_request_id() or new_request_id()
    begin(g.request_id)


def _end(response: Response) -> Response:
    response.headers[HEADER] = g.request_id
    if request.blueprint not in _NOT_LOGGED or response.status_code >= 500:  # noqa: PLR2004 - server errors
        rule = request.url_rule.rule if request.url_rule else None
        log_answer(request.method, rule, response.status_code, g.started, g.get("told"))
    return response
