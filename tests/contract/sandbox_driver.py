"""A client of the sandbox's control routes, and an endpoint that receives webhooks."""

import http.server
import json
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import requests
import stripe

SUCCESS_URL = "https://shop.example/done?session={CHECKOUT_SESSION_ID}"
CANCEL_URL = "https://shop.example/cart"


class Control:
    """Client of the control routes of one account."""

    def __init__(self, url: str, key: str) -> None:
        self._url, self._key = url, key

    def get(self, name: str) -> dict[str, Any]:
        return self._send_ok("GET", name, None)

    def post(self, name: str, /, **body: Any) -> dict[str, Any]:
        return self._send_ok("POST", name, body)

    def requests(self, path: str = "/v1/", method: str = "POST") -> list[dict[str, Any]]:
        """Return the logged API requests below a path."""
        logged = self.get("requests")["requests"]
        return [entry for entry in logged if entry["path"].startswith(path) and entry["method"] == method]

    def flush(self) -> dict[str, int]:
        """Send all pending deliveries; return the number of deliveries in each status."""
        flushed = self.post("deliveries/flush")
        assert flushed["idle"]
        return flushed["counts"]

    def send(self, method: str, name: str, body: dict[str, Any] | None) -> tuple[int, dict[str, Any]]:
        """Return status and JSON of any response, including an error."""
        reply = requests.request(
            method,
            f"{self._url}/sandbox/{name}",
            json=body,
            headers={"Authorization": f"Bearer {self._key}"},
            timeout=40,
        )
        return reply.status_code, reply.json()

    def _send_ok(self, method: str, name: str, body: dict[str, Any] | None) -> dict[str, Any]:
        status, response = self.send(method, name, body)
        assert status == 200, response
        return response


class Delivery:
    """One request that the endpoint received."""

    def __init__(self, body: bytes, headers: dict[str, str]) -> None:
        self.body, self.headers = body, headers
        self.event = json.loads(body)

    def is_signed_with(self, secret: str) -> bool:
        signature = self.headers["stripe-signature"]
        return stripe.WebhookSignature.verify_header(self.body.decode(), signature, secret, 300)


class Receiver:
    """An HTTP endpoint that stores what it receives and responds with the statuses that a test sets."""

    def __init__(self) -> None:
        self.arrived: list[Delivery] = []
        #: The statuses for the next deliveries; 200 after the end of the list.
        self.statuses: list[int] = []
        #: Seconds before each response.
        self.delay = 0.0
        #: Where deliveries wait for each other before each answer.
        self.meeting: threading.Barrier | None = None
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                status = outer.statuses.pop(0) if outer.statuses else 200
                time.sleep(outer.delay)
                if outer.meeting is not None:
                    with suppress(threading.BrokenBarrierError):
                        # Shorter than the sender waits for an answer.
                        outer.meeting.wait(timeout=8)
                outer.arrived.append(Delivery(body, headers))
                self.send_response(status)
                if status // 100 == 3:
                    self.send_header("Location", outer.url + "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def types(self) -> list[str]:
        return sorted(delivery.event["type"] for delivery in self.arrived)

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def eventually(condition: Callable[[], Any], seconds: float = 60) -> Any:
    """Call the condition until it is true, and return its result; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result or time.monotonic() > deadline:
            assert result, f"the condition was not met within {seconds} s"
            return result
        time.sleep(0.01)


def line(
    amount: int = 4700, *, quantity: int = 1, currency: str = "eur", name: str = "Mystique"
) -> dict[str, Any]:
    """Return one line item of a Checkout Session."""
    price = {"currency": currency, "unit_amount": amount, "product_data": {"name": name}}
    return {"price_data": price, "quantity": quantity}


def intent_of(api: Any, session: Any) -> Any:
    """Return the PaymentIntent of a Checkout Session."""
    return api.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]}).payment_intent


def event_types(api: Any) -> list[str]:
    """Return the types of all events of the account, oldest first."""
    return [event.type for event in reversed(api.events.list({"limit": 100}).data)]


def event_types_of(api: Any, intent: Any) -> list[str]:
    """Return the types of all events about an intent and its charges, oldest first."""
    events = reversed(api.events.list({"limit": 100}).data)
    return [event.type for event in events if _is_about(event.data.object, intent.id)]


def _is_about(body: Any, intent_id: str) -> bool:
    return intent_id in (body["id"], getattr(body, "payment_intent", None))
