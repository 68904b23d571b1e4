"""Deliver signed events with wrk, each exactly once, and check every response."""

import os
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.payment_succeeded import Paid, encode
from tests.support import stripe_events

#: Concurrent connections: the number of threads of two Gunicorn processes.
CONNECTIONS = 32
#: Seconds after which a run fails: a missing response is a failure, not a slow result.
_TIMEOUT = 120
_SCRIPT = Path(__file__).with_name("deliveries.lua")


@dataclass(frozen=True, slots=True)
class Target:
    """The endpoint of the events, and the secret that signs them."""

    address: str
    path: str
    secret: str


@dataclass(frozen=True, slots=True)
class Delivered:
    """The result of one run; latencies in milliseconds."""

    accepted: int
    refused: int
    seconds: float
    p50: float
    p99: float

    @property
    def rate(self) -> float:
        """Events accepted per second."""
        return self.accepted / self.seconds


def deliver(target: Target, events: Sequence[Paid], *, scratch: Path) -> Delivered:
    """Sign the events, send each once, wait for every response, and return the result."""
    requests = scratch / "deliveries"
    _write(requests, target, events)
    try:
        ended = subprocess.run(
            [
                *("wrk", "--threads", "1", "--connections", str(CONNECTIONS), "--timeout", "10s"),
                *("--duration", f"{_TIMEOUT}s", "--script", str(_SCRIPT), f"http://{target.address}/"),
            ],
            env={**os.environ, "DELIVERIES": str(requests)},
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        requests.unlink()
    output = {line.split()[0]: line.split()[1:] for line in ended.stdout.splitlines() if line.strip()}
    if "DELIVERED" not in output:
        raise RuntimeError(f"Not every delivery got a response.\n{ended.stdout}{ended.stderr}")
    accepted, refused, seconds = output["DELIVERED"]
    p50, p99 = output["LATENCY"]
    return Delivered(int(accepted), int(refused), float(seconds), float(p50), float(p99))


def _write(file: Path, target: Target, events: Iterable[Paid]) -> None:
    """Write complete requests, each after its length, so that the load generator computes nothing."""
    requests = [_request(target, encode(paid)) for paid in events]
    with file.open("wb") as output:
        output.write(b"%08d" % len(requests))
        for request in requests:
            output.write(b"%08d" % len(request) + request)


def _request(target: Target, body: bytes) -> bytes:
    head = (
        f"POST {target.path} HTTP/1.1\r\n"
        f"Host: {target.address}\r\n"
        "User-Agent: Stripe/1.0 (+https://stripe.com/docs/webhooks)\r\n"
        "Accept: */*; q=0.5, application/xml\r\n"
        "Cache-Control: no-cache\r\n"
        "Content-Type: application/json; charset=utf-8\r\n"
        f"Stripe-Signature: {stripe_events.signature(body, target.secret)}\r\n"
        f"Content-Length: {len(body)}\r\n"
        "\r\n"
    )
    return head.encode() + body
