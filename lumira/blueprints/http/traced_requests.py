"""Spans of requests: a WSGI layer in front of everything else, which is installed only where traces are recorded.

A caller's `traceparent` is not continued: anyone can send one, and would decide which requests are recorded and what
they belong to. `X-Request-Id` joins both sides.
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import structlog
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from lumira import tracing

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

#: The key in the environment of a request with the rule of its route.
_RULE = "lumira.route"
#: Probes come every few seconds.
_NOT_TRACED = ("/healthz", "/readyz", "/metrics")


class TracedRequests:
    """The WSGI application with a span around each request, until its reply begins."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._application = app.wsgi_app
        app.after_request(_note_rule)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Pass the request on, and record its method, route and status."""
        if environ["PATH_INFO"] in _NOT_TRACED:
            return self._application(environ, start_response)
        method = environ["REQUEST_METHOD"]
        with tracing.span(method, "server") as span:

            def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Callable[[bytes], object]:
                code = int(status.partition(" ")[0])
                span.set({"http.response.status_code": code})
                if code >= 500:  # noqa: PLR2004 - server errors
                    span.fail(str(code))
                return start_response(status, headers, *error)

            reply = self._application(environ, start)
            rule = environ.get(_RULE) or self._rule(environ)
            fields = structlog.contextvars.get_contextvars()
            span.rename(f"{method} {rule}")
            span.set(
                {
                    "http.request.method": method,
                    "http.route": rule,
                    "lumira.request_id": fields.get("request_id"),
                    "lumira.tenant": fields.get("tenant"),
                }
            )
            return reply

    def _rule(self, environ: "WSGIEnvironment") -> str:
        """The rule of a request that Flask did not handle: the path itself may have ids."""
        try:
            found, _ = self._app.url_map.bind_to_environ(environ).match(return_rule=True)
        except HTTPException:
            return "no route"
        return found.rule


def _note_rule(response: Response) -> Response:
    request.environ[_RULE] = request.url_rule.rule if request.url_rule else "no route"
    return response
