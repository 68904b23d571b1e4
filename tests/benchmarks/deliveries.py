"""Deliver signed events with wrk, each exactly once, and check every response."""

import os
import subprocess
from collections.abc import Sequence
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
    #: Whether bodies are sent without their length: Lumira's door declines those, and its route replies.
    is_chunked: bool = False


@dataclass(frozen=True, slots=True)
class Delivered:
    """The result of one run; latencies in milliseconds."""

    accepted: int
    refused: int
    seconds: float
    p50: float
    p99: float
    #: Processor time of the web server and of PostgreSQL, where it was measured.
    processor_seconds: float = 0.0
    #: Bytes by which the database grew for each event, and those written to its log ahead, where they were measured.
    stored_bytes: float = 0.0
    logged_bytes: float = 0.0

    @property
    def processor_ms(self) -> float:
        """Milliseconds of the processor for each event."""
        return self.processor_seconds / self.accepted * 1000

    @property
    def rate(self) -> float:
        """Events accepted per second."""
        return self.accepted / self.seconds


def deliver(target: Target, events: Sequence[Paid], *, scratch: Path) -> Delivered:
    """Sign the events, send each once, wait for every response, and return the result."""
    requests = [_request(target, encode(paid)) for paid in events]
    return send(target.address, requests, expected='"received"', scratch=scratch)


def send(
    address: str, requests: Sequence[bytes], *, expected: str, scratch: Path, connections: int = CONNECTIONS
) -> Delivered:
    """Send complete requests, each once, and return the result: a response is a 200 with the expected text."""
    file = scratch / "deliveries"
    _write(file, requests)
    try:
        ended = subprocess.run(
            [
                *("wrk", "--threads", "1", "--connections", str(connections), "--timeout", "10s"),
                *("--duration", f"{_TIMEOUT}s", "--script", str(_SCRIPT), f"http://{address}/"),
            ],
            env={**os.environ, "DELIVERIES": str(file), "EXPECTED": expected},
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        file.unlink()
    output = {line.split()[0]: line.split()[1:] for line in ended.stdout.splitlines() if line.strip()}
    if "DELIVERED" not in output:
        raise RuntimeError(f"Not every delivery got a response.\n{ended.stdout}{ended.stderr}")
    accepted, refused, seconds = output["DELIVERED"]
    p50, p99 = output["LATENCY"]
    return Delivered(int(accepted), int(refused), float(seconds), float(p50), float(p99))


def _write(file: Path, requests: Sequence[bytes]) -> None:
    """Write complete requests, each after its length, so that the load generator computes nothing."""
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
    )
    if target.is_chunked:
        return f"{head}Transfer-Encoding: chunked\r\n\r\n{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
