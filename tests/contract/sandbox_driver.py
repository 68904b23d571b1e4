"""What a test of the sandbox needs: its control addresses, and an endpoint that receives webhooks."""

import http.server
import json
import threading
import time
from collections.abc import Callable
from typing import Any

import requests
import stripe

SUCCESS_URL = "https://shop.example/done?session={CHECKOUT_SESSION_ID}"
CANCEL_URL = "https://shop.example/cart"


class Control:
    """The control addresses of one account."""

    def __init__(self, url: str, key: str) -> None:
        self._url, self._key = url, key

    def get(self, name: str) -> dict[str, Any]:
        return self._ask("GET", name, None)

    def post(self, name: str, /, **body: Any) -> dict[str, Any]:
        return self._ask("POST", name, body)

    def requests(self, path: str = "/v1/", method: str = "POST") -> list[dict[str, Any]]:
        """The logged API requests below an address."""
        logged = self.get("requests")["requests"]
        return [entry for entry in logged if entry["path"].startswith(path) and entry["method"] == method]

    def flush(self) -> dict[str, int]:
        """Deliver all that waits; how many deliveries stand where."""
        flushed = self.post("deliveries/flush")
        assert flushed["idle"]
        return flushed["counts"]

    def ask(self, method: str, name: str, body: dict[str, Any] | None) -> tuple[int, dict[str, Any]]:
        """Status and JSON of any answer, a refusal too."""
        reply = requests.request(
            method,
            f"{self._url}/sandbox/{name}",
            json=body,
            headers={"Authorization": f"Bearer {self._key}"},
            timeout=40,
        )
        return reply.status_code, reply.json()

    def _ask(self, method: str, name: str, body: dict[str, Any] | None) -> dict[str, Any]:
        status, answer = self.ask(method, name, body)
        assert status == 200, answer
        return answer


class Delivery:
    """One request that arrived at the endpoint."""

    def __init__(self, body: bytes, headers: dict[str, str]) -> None:
        self.body, self.headers = body, headers
        self.event = json.loads(body)

    def is_signed_with(self, secret: str) -> bool:
        signature = self.headers["stripe-signature"]
        return stripe.WebhookSignature.verify_header(self.body.decode(), signature, secret, 300)


class Receiver:
    """An HTTP endpoint that keeps what arrives and answers what a test wants."""

    def __init__(self) -> None:
        self.arrived: list[Delivery] = []
        #: The status for the nth delivery; 200 after the list's end.
        self.answers: list[int] = []
        #: Seconds before each answer.
        self.delay = 0.0
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                status = outer.answers.pop(0) if outer.answers else 200
                time.sleep(outer.delay)
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


def eventually(question: Callable[[], Any], seconds: float = 10) -> Any:
    """The first true answer, asked again until the deadline."""
    deadline = time.monotonic() + seconds
    while True:
        answer = question()
        if answer or time.monotonic() > deadline:
            assert answer, "it did not happen in time"
            return answer
        time.sleep(0.01)


def line(
    amount: int = 4700, *, quantity: int = 1, currency: str = "eur", name: str = "Mystique"
) -> dict[str, Any]:
    """One line item of a Checkout Session."""
    price = {"currency": currency, "unit_amount": amount, "product_data": {"name": name}}
    return {"price_data": price, "quantity": quantity}


def told(api: Any) -> list[str]:
    """The types of all events of the account, oldest first."""
    return [event.type for event in reversed(api.events.list({"limit": 100}).data)]


def told_of(api: Any, intent: Any) -> list[str]:
    """The types of all events about an intent and its charges, oldest first."""
    events = reversed(api.events.list({"limit": 100}).data)
    return [event.type for event in events if _is_about(event.data.object, intent.id)]


def _is_about(body: Any, intent_id: str) -> bool:
    return intent_id in (body["id"], getattr(body, "payment_intent", None))
