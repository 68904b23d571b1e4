"""Stripe that responds at once, or after a delay: customers and PaymentIntents, in a process of its own.

`python -m tests.benchmarks.stripe_stub ADDRESS [SECONDS]`. The sandbox would take longer than what is measured.
"""

import itertools
import json
import socket
import sys
import threading
import time
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qsl

_numbers = itertools.count(1)


def respond(path: str, body: str) -> dict[str, Any]:
    """Return the new object, with the fields that the two sides read and those that make it as long as Stripe's."""
    sent = dict(parse_qsl(body))
    metadata = {key[9:-1]: value for key, value in sent.items() if key.startswith("metadata[")}
    number = next(_numbers)
    if path.startswith("/v1/customers"):
        return {
            "id": f"cus_{number:014}",
            "object": "customer",
            "email": sent.get("email"),
            "metadata": metadata,
            "created": 1,
            "livemode": False,
            "name": None,
            "phone": None,
        }
    return {
        "id": f"pi_{number:024}",
        "object": "payment_intent",
        "amount": int(sent["amount"]),
        "amount_received": 0,
        "automatic_payment_methods": {"enabled": True, "allow_redirects": "always"},
        "capture_method": "automatic",
        "client_secret": f"pi_{number:024}_secret_{number:024}",
        "created": 1,
        "currency": sent["currency"],
        "customer": sent.get("customer"),
        "description": sent.get("description"),
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": metadata,
        "next_action": None,
        "payment_method": None,
        "payment_method_types": ["card", "link"],
        "status": "requires_payment_method",
    }


def _serve(connection: socket.socket, delay: float) -> None:
    with connection, connection.makefile("rb") as stream:
        while request := stream.readline():
            length = 0
            while (line := stream.readline()) not in (b"\r\n", b""):
                name, _, value = line.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
            created = respond(request.split()[1].decode(), stream.read(length).decode())
            body = json.dumps(created).encode()
            time.sleep(delay)
            head = (
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nRequest-Id: req_1\r\n"
                f"Date: {formatdate(usegmt=True)}\r\nContent-Length: {len(body)}\r\n\r\n"
            )
            connection.sendall(head.encode() + body)


def main() -> None:
    host, _, port = sys.argv[1].partition(":")
    delay = float(sys.argv[2]) if len(sys.argv) > 2 else 0
    listener = socket.create_server((host, int(port)), backlog=256)
    while True:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=_serve, args=(connection, delay), daemon=True).start()


if __name__ == "__main__":
    main()
