"""The fast path for Stripe's deliveries: a WSGI layer in front of Flask that stores a regular event at once.

Flask's request handling takes several times as long as storing an event, and a delivery needs almost none of it.
Every irregular delivery (an uncached tenant, a wrong signature, an `Origin` header, a failure) passes on to the
application with its body, and the route in `blueprints.webhooks` replies. That route is complete without the fast
path, and both must always give the same reply. Under Gunicorn most deliveries do not come this far (`delivery_door`).
"""

import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, BinaryIO

import structlog
from flask import Flask
from gunicorn.http.errors import ParseException  # type: ignore[import-untyped]
from werkzeug.wsgi import get_host

from lumira import tenancy
from lumira.blueprints.http import correlation, cors, response_headers
from lumira.blueprints.http.request_body import MAX_WEBHOOK_BODY
from lumira.blueprints.webhooks import PATHS, blueprint
from lumira.tenancy import Caller
from lumira.webhooks import inbox
from lumira.webhooks.event_rows import EventRow
from lumira.webhooks.inbox import Received

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_PATH = re.compile(f"({blueprint.url_prefix}(?:{'|'.join(PATHS)}))(?:/([^/]+))?")
#: As the route's schema and Flask write it.
REPLY = b'{"received":true}\n'

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class RegularPath:
    """The path of a regular delivery."""

    #: The tenant in the path; `None`: that of the host.
    slug: str | None
    #: As the log and the figures name it.
    rule: str


@dataclass(frozen=True, slots=True)
class Regular:
    """A verified delivery that needs no query but the one that stores its event."""

    #: The tenant that received it; the event may be another one's.
    receiver: Caller
    row: EventRow


class WebhookFastPath:
    """The WSGI application with the fast path in front."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._application = app.wsgi_app

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Store a regular delivery, and pass every other request on to the application."""
        started = time.perf_counter()
        path = regular_path(environ)
        body = None if path is None else _read(environ)
        if path is None or body is None:
            return self._application(environ, start_response)
        request_id = correlation.begin_request(environ.get("HTTP_X_REQUEST_ID", ""))
        received = self._store(environ, path.slug, body)
        if received is None:
            environ["wsgi.input"] = BytesIO(body)
            return self._application(environ, start_response)
        start_response("200 OK", headers_of(request_id, is_secure=environ["wsgi.url_scheme"] == "https"))
        correlation.end_request("POST", path.rule, 200, started, received.as_logged())
        return [REPLY]

    def _store(self, environ: "WSGIEnvironment", slug: str | None, body: bytes) -> Received | None:
        regular = find_row(self._app, environ, slug, body)
        if regular is None:
            return None
        with self._app.app_context():
            structlog.contextvars.bind_contextvars(tenant=regular.receiver.slug)
            try:
                return inbox.count_received(regular.row, is_new=inbox.store_row(regular.row))
            except Exception as error:  # noqa: BLE001 - the application replies to each
                log.info("webhook_fast_path_failed", error=type(error).__name__)
                return None


def find_row(app: Flask, environ: "WSGIEnvironment", slug: str | None, body: bytes) -> Regular | None:
    """Return the row of a delivery that one of its cached tenants verifies; `None` if the application has to decide."""
    try:
        for receiver in tenancy.find_cached_receivers(app, slug, get_host(environ) if slug is None else None):
            row = inbox.row_if_cached(
                receiver.tenant_id, body=body, signature=environ.get("HTTP_STRIPE_SIGNATURE")
            )
            if row is not None:
                return Regular(receiver, row)
    except Exception as error:  # noqa: BLE001 - the application replies to each
        log.info("webhook_fast_path_failed", error=type(error).__name__)
    return None


def regular_path(environ: "WSGIEnvironment") -> RegularPath | None:
    """Return the path of a delivery: a POST with an accepted `Content-Length`, and not from a browser's page."""
    length = environ.get("CONTENT_LENGTH") or ""
    is_plain = (
        environ["REQUEST_METHOD"] == "POST"
        and "HTTP_ORIGIN" not in environ
        and "HTTP_TRANSFER_ENCODING" not in environ
        # Eight digits exceed the limit by far, and they convert to a number quickly.
        and length.isascii()
        and length.isdigit()
        and len(length) <= 8  # noqa: PLR2004 - see above
        and int(length) <= MAX_WEBHOOK_BODY
    )
    path = _PATH.fullmatch(environ["PATH_INFO"]) if is_plain else None
    if path is None:
        return None
    return RegularPath(path[2], path[1] if path[2] is None else f"{path[1]}/<tenant>")


def headers_of(request_id: str, *, is_secure: bool) -> list[tuple[str, str]]:
    """Return the headers of the reply to a stored delivery."""
    return [
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(REPLY))),
        cors.VARY,
        *response_headers.default_headers(is_secure=is_secure),
        (correlation.HEADER, request_id),
    ]


def _read(environ: "WSGIEnvironment") -> bytes | None:
    """The body; `None` if reading fails: the application then fails in the same way and replies."""
    stream: BinaryIO = environ["wsgi.input"]
    try:
        return stream.read(int(environ["CONTENT_LENGTH"]))
    except (ParseException, OSError):
        return None
