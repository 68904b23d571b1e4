"""Stripe as far as polling needs it, with a fixed time for each response; run as a process of its own.

It holds PaymentIntents that others add, lists and returns them, cancels them, and lists the events of what it canceled.
A payment that is marked as paid has no event, as if Stripe had lost it.
"""

import json
import sys
import threading
import time
from bisect import bisect_left, bisect_right
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlparse

import stripe

_PAGE = 100


class Account:
    """The objects of the one account, and how often each operation was called."""

    def __init__(self, template: dict[str, Any], seconds: float) -> None:
        self.template, self.seconds = template, seconds
        self.lock = threading.Lock()
        #: By creation, oldest first.
        self.ids: list[str] = []
        self.created: list[int] = []
        self.intents: dict[str, dict[str, Any]] = {}
        self.events: list[dict[str, Any]] = []
        self.calls: Counter[str] = Counter()

    def add(self, added: list[list[Any]]) -> dict[str, Any]:
        """Add intents, oldest first: id, order number and time of each."""
        for intent_id, number, created in added:
            metadata = {**self.template["metadata"], "orderNumber": number}
            changes = {"id": intent_id, "created": created, "metadata": metadata}
            self.intents[intent_id] = {**self.template, **changes}
            self.ids.append(intent_id)
            self.created.append(created)
        return {}

    def shift(self, seconds: int) -> dict[str, Any]:
        """Let every intent have been created later."""
        self.created = [created + seconds for created in self.created]
        for intent in self.intents.values():
            intent["created"] += seconds
        return {}

    def pay(self, intent_id: str) -> dict[str, Any]:
        intent = self.intents[intent_id]
        intent.update(status="succeeded", amount_received=intent["amount"], latest_charge=f"ch_{intent_id}")
        return intent

    def list_intents(self, query: dict[str, str]) -> dict[str, Any]:
        first = bisect_left(self.created, int(query.get("created[gte]", 0)))
        last = bisect_right(self.created, int(query.get("created[lte]", 2**40)))
        if "starting_after" in query:
            last = min(last, self.ids.index(query["starting_after"], first))
        ids = self.ids[max(first, last - _PAGE) : last][::-1]
        return _list([self.intents[intent_id] for intent_id in ids], has_more=last - first > _PAGE)

    def list_events(self, query: dict[str, str]) -> dict[str, Any]:
        since, until = int(query["created[gte]"]), int(query["created[lte]"])
        inside = [event for event in reversed(self.events) if since <= event["created"] <= until]
        if "starting_after" in query:
            ids = [event["id"] for event in inside]
            inside = inside[ids.index(query["starting_after"]) + 1 :]
        return _list(inside[:_PAGE], has_more=len(inside) > _PAGE)

    def cancel(self, intent_id: str) -> dict[str, Any] | None:
        intent = self.intents[intent_id]
        if intent["status"] != "requires_payment_method":
            return None
        intent.update(status="canceled", canceled_at=int(time.time()))
        self.events.append(
            {
                "id": f"evt_{intent_id}",
                "object": "event",
                "api_version": stripe.api_version,
                "created": int(time.time()),
                "livemode": False,
                "type": "payment_intent.canceled",
                "data": {"object": dict(intent)},
            }
        )
        return intent


def _list(objects: list[dict[str, Any]], *, has_more: bool) -> dict[str, Any]:
    return {"object": "list", "data": objects, "has_more": has_more, "url": "/"}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    account: Account

    def do_GET(self) -> None:
        url = urlparse(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        match url.path.split("/")[1:]:
            case ["v1", "payment_intents"]:
                self._reply("list PaymentIntents", lambda: self.account.list_intents(query))
            case ["v1", "payment_intents", intent_id]:
                self._reply("get a PaymentIntent", lambda: self.account.intents[intent_id])
            case ["v1", "events"]:
                self._reply("list events", lambda: self.account.list_events(query))
            case ["calls"]:
                self._reply(None, lambda: dict(self.account.calls))
            case _:
                self._reply("others", lambda: _list([], has_more=False))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        match self.path.split("/")[1:]:
            case ["v1", "payment_intents", intent_id, "cancel"]:
                self._reply("cancel a PaymentIntent", lambda: self.account.cancel(intent_id))
            case ["add"]:
                self._reply(None, lambda: self.account.add(json.loads(body)))
            case ["shift", seconds]:
                self._reply(None, lambda: self.account.shift(int(seconds)))
            case ["pay", intent_id]:
                self._reply(None, lambda: self.account.pay(intent_id))
            case _:
                self._reply("others", lambda: None)

    def _reply(self, operation: str | None, act: Any) -> None:
        if operation is not None:
            time.sleep(self.account.seconds)
        with self.account.lock:
            if operation is not None:
                self.account.calls[operation] += 1
            response = act()
            payload = json.dumps(response if response is not None else _REFUSED).encode()
        self.send_response(200 if response is not None else 400)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


_REFUSED = {
    "error": {"type": "invalid_request_error", "code": "payment_intent_unexpected_state", "message": "No."}
}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256


def main(port: int, seconds: float, template: str) -> None:
    """Serve until the process is ended."""
    _Handler.account = Account(json.loads(template), seconds)
    _Server(("127.0.0.1", port), _Handler).serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]), sys.argv[3])
