"""Stripe's API over the objects of one story: what the reconciliation reads and closes, with a restricted key."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support.story_objects import StoryObjects

#: By the collection's path: the kind of its objects, and the name in Stripe's permissions.
_COLLECTIONS = {
    "payment_intents": ("payment_intent", "payment_intent"),
    "checkout/sessions": ("checkout.session", "checkout_session"),
    "charges": ("charge", "charge"),
    "refunds": ("refund", "refund"),
    "disputes": ("dispute", "dispute"),
    "radar/early_fraud_warnings": ("radar.early_fraud_warning", "early_fraud_warning"),
    # Nothing is booked or paid out in the stories: their sales have no fee.
    "balance_transactions": ("balance_transaction", "balance_transaction_source"),
    "payouts": ("payout", "payout"),
    "events": ("event", "event"),
}


class StoryStripe:
    """The served story, and the permission that its key lacks."""

    def __init__(self) -> None:
        self.player: StoryObjects | None = None
        self.missing_permission: str | None = None

    @contextmanager
    def serve(self) -> Iterator[str]:
        """Serve the API; yields its URL."""
        handler = type("Handler", (_Handler,), {"stripe": self})
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        server.daemon_threads = True
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    def respond(
        self, method: str, path: str, query: dict[str, list[str]]
    ) -> tuple[HTTPStatus, dict[str, Any]]:
        """Return the status and the body of Stripe's response."""
        assert self.player is not None
        name = next(name for name in _COLLECTIONS if path.startswith(name))
        kind, permission = _COLLECTIONS[name]
        needed = f"rak_{permission}_{'read' if method == 'GET' else 'write'}"
        if needed == self.missing_permission:
            message = f"Having the '{needed}' permission would allow this request to continue."
            return HTTPStatus.FORBIDDEN, _error("invalid_request_error", message)
        rest = path.removeprefix(name).strip("/")
        if not rest:
            return HTTPStatus.OK, {"object": "list", "data": self._list(kind, query), "has_more": False}
        stripe_id, _, action = rest.partition("/")
        found = self.player.objects.get(stripe_id)
        if found is None:
            return HTTPStatus.NOT_FOUND, _error("invalid_request_error", "No such object", "resource_missing")
        if not action:
            return HTTPStatus.OK, found
        closed = self.player.cancel(stripe_id) if action == "cancel" else self.player.expire(stripe_id)
        if closed is None:
            return HTTPStatus.BAD_REQUEST, _error(
                "invalid_request_error", "It cannot be closed in its state."
            )
        return HTTPStatus.OK, closed

    def _list(self, kind: str, query: dict[str, list[str]]) -> list[dict[str, Any]]:
        assert self.player is not None
        if kind == "event":
            types = {value for name, values in query.items() if name.startswith("types") for value in values}
            return [event for event in reversed(self.player.events) if event["type"] in types]
        intent_ids = query.get("payment_intent", [None])
        return self.player.list_objects(kind, intent_ids[0])


def _error(error_type: str, message: str, code: str | None = None) -> dict[str, Any]:
    return {"error": {"type": error_type, "message": message, "code": code}}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    #: The whole response in one packet: a second one would wait for the first to be acknowledged.
    wbufsize = -1
    stripe: StoryStripe

    def do_GET(self) -> None:
        self._respond()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._respond()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the base class
        """Print nothing."""

    def _respond(self) -> None:
        url = urlsplit(self.path)
        status, body = self.stripe.respond(
            self.command, url.path.removeprefix("/v1/"), parse_qs(url.query, keep_blank_values=True)
        )
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
