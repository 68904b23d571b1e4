"""A shortcut for Stripe's deliveries, in front of the application: what is as it should be is stored here at once.

Flask and all that surrounds a request take several times as long as storing an event does, and a delivery needs next
to none of it. Whatever is unusual about one (a tenant that this process has not met for a while, a signature that
does not fit, a page's origin, a failure) is handed on with its body, and the route in `webhooks` answers it: that
route is whole without the shortcut, and must never answer differently.
"""

import re
import time
from collections.abc import Iterable
from io import BytesIO
from typing import TYPE_CHECKING, BinaryIO

import structlog
from flask import Flask
from gunicorn.http.errors import ParseException  # type: ignore[import-untyped]
from werkzeug.wsgi import get_host

from lumira import tenancy
from lumira.blueprints.http import correlation, cors, response_headers
from lumira.blueprints.http.request_body import MAX_WEBHOOK_BODY
from lumira.blueprints.webhooks import ADDRESSES, blueprint
from lumira.webhooks import inbox
from lumira.webhooks.inbox import Received

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_ADDRESS = re.compile(f"({blueprint.url_prefix}(?:{'|'.join(ADDRESSES)}))(?:/([^/]+))?")
#: As the route's schema and Flask write it.
_REPLY = b'{"received":true}\n'

log = structlog.get_logger()


class WebhookFastPath:
    """The application, with its shortcut."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._application = app.wsgi_app

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer a delivery that is as it should be, and hand on everything else."""
        started = time.perf_counter()
        address = _ADDRESS.fullmatch(environ["PATH_INFO"]) if _is_plain(environ) else None
        body = None if address is None else _read(environ)
        if address is None or body is None:
            return self._application(environ, start_response)
        request_id = correlation.sane(environ.get("HTTP_X_REQUEST_ID", "")) or correlation.new_request_id()
        correlation.begin(request_id)
        received = self._store(environ, address[2], body)
        if received is None:
            environ["wsgi.input"] = BytesIO(body)
            return self._application(environ, start_response)
        start_response("200 OK", _headers(request_id, is_secure=environ["wsgi.url_scheme"] == "https"))
        correlation.log_answer("POST", _rule(address), 200, started, received.as_logged())
        return [_REPLY]

    def _store(self, environ: "WSGIEnvironment", slug: str | None, body: bytes) -> Received | None:
        with self._app.app_context():
            receiver = tenancy.recall_receiver(slug, get_host(environ) if slug is None else None)
            if receiver is None:
                return None
            structlog.contextvars.bind_contextvars(tenant=receiver.slug)
            try:
                return inbox.receive_as_remembered(
                    receiver.tenant_id, body=body, signature=environ.get("HTTP_STRIPE_SIGNATURE")
                )
            except Exception as error:  # noqa: BLE001 - the application has a reply for each
                log.info("delivery_handed_on", error=type(error).__name__)
                return None


def _is_plain(environ: "WSGIEnvironment") -> bool:
    """Whether it is posted, of an announced length that may be, and not by a browser's page."""
    length = environ.get("CONTENT_LENGTH") or ""
    return (
        environ["REQUEST_METHOD"] == "POST"
        and "HTTP_ORIGIN" not in environ
        and "HTTP_TRANSFER_ENCODING" not in environ
        # Eight digits are far above the limit, and nothing that could take long to read as a number.
        and length.isascii()
        and length.isdigit()
        and len(length) <= 8  # noqa: PLR2004 - see above
        and int(length) <= MAX_WEBHOOK_BODY
    )


def _read(environ: "WSGIEnvironment") -> bytes | None:
    """The body; `None` where reading fails, which the application will find out too."""
    stream: BinaryIO = environ["wsgi.input"]
    try:
        return stream.read(int(environ["CONTENT_LENGTH"]))
    except (ParseException, OSError):
        return None


def _rule(address: re.Match[str]) -> str:
    return address[1] if address[2] is None else f"{address[1]}/<tenant>"


def _headers(request_id: str, *, is_secure: bool) -> list[tuple[str, str]]:
    return [
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(_REPLY))),
        cors.VARY,
        *response_headers.of_every_reply(is_secure=is_secure),
        (correlation.HEADER, request_id),
    ]
