"""The sandbox as one WSGI application: API, control routes and pages over one store."""

import json
import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from werkzeug.wrappers import Request, Response

from lumira.sandbox.api import Api
from lumira.sandbox.checkout.sessions import PAGE as CHECKOUT
from lumira.sandbox.control import Control
from lumira.sandbox.dolibarr.app import PREFIX as DOLIBARR
from lumira.sandbox.dolibarr.app import Dolibarr
from lumira.sandbox.errors import ConnectionDroppedError, NotFoundError, ServerError, TooLargeError
from lumira.sandbox.latency import Latency
from lumira.sandbox.pages.authenticate import PREFIX as AUTHENTICATE
from lumira.sandbox.pages.authenticate import AuthenticationPage
from lumira.sandbox.pages.browser_files import FRAMES, SCRIPT, send_frame, send_script
from lumira.sandbox.pages.checkout import CheckoutPage
from lumira.sandbox.pages.index import index_page
from lumira.sandbox.scheduled_tasks import ScheduledTasks
from lumira.sandbox.store import Store, StoreClosedError
from lumira.sandbox.webhooks.workers import DeliveryWorkers

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

log = logging.getLogger(__name__)

_MAX_BODY_BYTES = 1024 * 1024
_PAGES: dict[str, Callable[[Request], Response]] = {"/": index_page, SCRIPT: send_script}
_CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key, Stripe-Version",
    "Access-Control-Expose-Headers": "Request-Id, Stripe-Version",
    "Access-Control-Max-Age": "300",
}


class Sandbox:
    """A running stand-in for Stripe; ``close`` it when done."""

    def __init__(self, state_directory: Path, *, delivery_workers: int = 8) -> None:
        self._store = Store(state_directory)
        self._workers = DeliveryWorkers(self._store, delivery_workers)
        self._scheduled_tasks = ScheduledTasks(self._store, self._workers.wake)
        latency = Latency()
        self._api = Api(self._store, self._wake, latency)
        self._control = Control(self._store, self._workers, self._scheduled_tasks, latency)
        self._authentication = AuthenticationPage(self._store, self._wake)
        self._checkout = CheckoutPage(self._store, self._wake)
        self._dolibarr = Dolibarr(state_directory)
        self._handlers: tuple[tuple[str, Callable[[Request], Response]], ...] = (
            (FRAMES, send_frame),
            (AUTHENTICATE, self._authentication.handle),
            (CHECKOUT, self._checkout.handle),
            (DOLIBARR, self._dolibarr.handle),
            ("/sandbox/", self._control.handle),
            ("/v1/", self._api.handle),
        )
        self._workers.start()
        self._scheduled_tasks.start()

    def wsgi_app(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Handle one request; raises ``ConnectionDroppedError`` if the connection must be dropped."""
        request = Request(environ)
        try:
            response = self._find(request)(request)
        except (ConnectionDroppedError, StoreClosedError) as error:
            raise ConnectionDroppedError from error
        except Exception:
            log.exception("sandbox_failed")
            response = _error_response(ServerError("Internal error of the sandbox; see its log."))
        if request.path.startswith("/v1/payment_intents"):
            response.headers.update(_CORS)
        return response(environ, start_response)

    def _find(self, request: Request) -> Callable[[Request], Response]:
        path = request.path
        if (request.content_length or 0) > _MAX_BODY_BYTES:
            return lambda _: _error_response(TooLargeError("The request body is too large."))
        if request.method == "OPTIONS" and path.startswith("/v1/payment_intents"):
            return lambda _: Response(status=204)
        if path in _PAGES:
            return _PAGES[path]
        for prefix, handle in self._handlers:
            if path.startswith(prefix):
                return handle
        not_found = NotFoundError(f"Unrecognized request URL ({request.method}: {path}).")
        return lambda _: _error_response(not_found)

    @property
    def base_url(self) -> str:
        """The sandbox's own address, for links in objects that scheduled tasks create."""
        return self._scheduled_tasks.base_url

    @base_url.setter
    def base_url(self, url: str) -> None:
        self._scheduled_tasks.base_url = url

    def _wake(self) -> None:
        self._workers.wake()
        self._scheduled_tasks.wake()

    def close(self) -> None:
        """Stop all threads and close the file; queued deliveries and tasks resume at the next start."""
        self._scheduled_tasks.stop()
        self._workers.stop()
        self._store.close()
        self._dolibarr.close()


def _error_response(error: ServerError | TooLargeError | NotFoundError) -> Response:
    return Response(json.dumps(error.body(), indent=2), error.status, mimetype="application/json")
