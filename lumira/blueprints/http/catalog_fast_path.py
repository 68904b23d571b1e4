"""The fast path for lists of the catalog: a WSGI layer in front of Flask that sends a kept reply again.

A shop's pages read the catalog with every view, and it rarely changes. For a regular request (a cached caller, within
its limits) one statement reads the state of the catalog. If the reply that the process keeps was made from this state,
or the caller has it already, it is sent without Flask. Everything else passes on to the application, whose routes are
complete without the fast path; both must always give the same reply.
"""

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

import structlog
from flask import Flask
from werkzeug.http import parse_etags, quote_etag
from werkzeug.wsgi import get_host

from config.settings import Settings
from lumira import extensions, tenancy
from lumira.blueprints.http import catalog_replies, correlation, cors, response_headers
from lumira.repositories.tenants import api_keys
from lumira.services.catalog.catalog_state import CatalogState, read_state
from lumira.tenancy import Caller

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_BEARER = "Bearer "
_VARY = ", ".join((*catalog_replies.VARY, cors.VARY[1]))

log = structlog.get_logger()


class CatalogFastPath:
    """The WSGI application with the fast path in front."""

    def __init__(self, app: Flask, settings: Settings) -> None:
        self._app = app
        self._application = app.wsgi_app
        self._settings = settings

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Send a kept list to a regular request, and pass every other request on to the application."""
        started = time.perf_counter()
        if environ["PATH_INFO"] in catalog_replies.LISTS and self._is_plain(environ):
            with self._app.app_context():
                reply = self._reply(environ, start_response, started)
            if reply is not None:
                return reply
        return self._application(environ, start_response)

    def _is_plain(self, environ: "WSGIEnvironment") -> bool:
        """Whether the request is a GET without a body, a foreign token, or an untrusted proxy in front."""
        authorization = environ.get("HTTP_AUTHORIZATION", "")
        return (
            environ["REQUEST_METHOD"] == "GET"
            and environ.get("CONTENT_LENGTH") in (None, "", "0")
            and "HTTP_TRANSFER_ENCODING" not in environ
            and (not authorization or authorization.startswith(_BEARER + "lum_"))
            and (bool(self._settings.trusted_proxies) or "HTTP_X_FORWARDED_FOR" not in environ)
        )

    def _reply(
        self, environ: "WSGIEnvironment", start_response: "StartResponse", started: float
    ) -> list[bytes] | None:
        key = environ.get("HTTP_AUTHORIZATION", "").removeprefix(_BEARER).strip()
        key_digest = api_keys.digest(key) if key else None
        caller = tenancy.find_cached(key_digest, get_host(environ))
        if caller is None:
            return None
        request_id = correlation.begin_request(environ.get("HTTP_X_REQUEST_ID", ""))
        structlog.contextvars.bind_contextvars(tenant=caller.slug)
        state = self._read_state(environ, caller, key_digest)
        if state is None:
            return None
        path = environ["PATH_INFO"]
        etag = catalog_replies.etag_of(caller.tenant_id, path, state, catalog_replies.LISTS[path](state))
        is_known = _is_known(environ.get("HTTP_IF_NONE_MATCH"), etag)
        body = b"" if is_known else catalog_replies.of(self._app).find(caller.tenant_id, path, etag)
        if body is None:
            return None
        headers = self._headers(environ, caller, request_id, etag)
        if is_known:
            start_response("304 NOT MODIFIED", headers)
        else:
            start_response(
                "200 OK",
                [*headers, ("Content-Type", "application/json"), ("Content-Length", str(len(body)))],
            )
        correlation.end_request("GET", path, 304 if is_known else 200, started)
        # A 304 has no body, and the web server sends each part by itself.
        return [] if is_known else [body]

    def _read_state(
        self, environ: "WSGIEnvironment", caller: Caller, key_digest: str | None
    ) -> CatalogState | None:
        """Count the request, and read the catalog's state; `None` if the application has to reply."""
        try:
            if not extensions.count_request(caller, key_digest, environ.get("REMOTE_ADDR", "")):
                # The application counts it, once more if a limit is exceeded, and refuses it then.
                return None
            environ[extensions.COUNTED] = True
            return read_state(caller.tenant_id)
        except Exception as error:  # noqa: BLE001 - the application replies to each
            log.info("catalog_fast_path_failed", error=type(error).__name__)
            return None

    def _headers(
        self, environ: "WSGIEnvironment", caller: Caller, request_id: str, etag: str
    ) -> list[tuple[str, str]]:
        origin = environ.get("HTTP_ORIGIN")
        allowed = {} if origin is None else cors.headers_for(origin, caller, self._settings)
        own = {
            "ETag": quote_etag(etag),
            "Cache-Control": catalog_replies.CACHE_CONTROL,
            "Vary": _VARY,
            correlation.HEADER: request_id,
        }
        default = dict(response_headers.default_headers(is_secure=environ["wsgi.url_scheme"] == "https"))
        return list((default | own | allowed).items())


def _is_known(sent: str | None, etag: str) -> bool:
    """Whether the caller has the reply with this ETag. Most callers send none, or the one that they got."""
    return sent is not None and (sent == quote_etag(etag) or parse_etags(sent).contains_weak(etag))
