"""`make bench-slow-stripe`: how fast the catalog and webhooks are answered while many buyers wait for Stripe.

Leaves out workers and nginx. The callers and the measuring process share the processors with the web server.
"""

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

from tests.benchmarks import installation, server
from tests.benchmarks.command import add_aims_option, print_line
from tests.benchmarks.installation import Installation
from tests.benchmarks.opening import LIMITS
from tests.benchmarks.payment_succeeded import Paid, encode
from tests.benchmarks.processes import free_address, process, web_server
from tests.support import stripe_events

#: Seconds: the aim for each of the routes, also for the slowest reply.
_AIM = 0.3
#: Seconds between two measured requests, and until all callers wait.
_PAUSE, _SETTLE = 0.05, 12.0


def main() -> int:
    options = _options()
    load = os.getloadavg()[0]
    scratch = Path(tempfile.mkdtemp(prefix="lumira-slow-stripe-"))
    with server.running(scratch) as database:
        setup = installation.prepare(database, scratch, orders=0)
        with _running(setup, scratch, options) as address:
            time.sleep(_SETTLE)
            took = _measure(setup, address, options.seconds)
    missed = False
    for name, times in took.items():
        ordered = sorted(times)
        p95 = ordered[int(len(ordered) * 0.95)]
        missed = missed or ordered[-1] > _AIM
        print_line(
            f"{name}: {len(ordered)} replies, p50 {statistics.median(ordered) * 1000:.0f} ms, "
            f"p95 {p95 * 1000:.0f} ms, slowest {ordered[-1] * 1000:.0f} ms (aim {_AIM * 1000:.0f} ms)"
        )
    print_line(
        f"{options.callers} callers, Stripe takes {options.latency:g} s; load before the start {load:.1f}"
    )
    shutil.rmtree(scratch, ignore_errors=True)
    return 1 if options.aims and missed else 0


@contextmanager
def _running(setup: Installation, scratch: Path, options: argparse.Namespace) -> Iterator[str]:
    """Run the slow Stripe, the web server with its default settings, and the callers."""
    stripe = free_address()
    delay = ["tests.benchmarks.stripe_stub", stripe, str(options.latency)]
    with setup.server.copied(installation.WITH_CATALOG) as database:
        environment = setup.environment(database) | {"STRIPE_API_BASE": f"http://{stripe}"} | LIMITS
        with (
            process(delay, {}, scratch / "stripe.log"),
            web_server("wsgi:app", environment, scratch / "web.log") as (address, _),
        ):
            callers = [
                "tests.benchmarks.slow_callers",
                address,
                setup.brand.publishable_key,
                str(options.callers),
            ]
            with process(callers, {}, scratch / "callers.log"):
                yield address


def _measure(setup: Installation, address: str, seconds: float) -> dict[str, list[float]]:
    """Return the seconds that each reply took, by route; every reply must be a 200."""
    routes: dict[str, Callable[[int], None]] = {
        "GET /products": lambda _: _get(address, "/api/products", setup.brand.publishable_key),
        "webhook": lambda number: _deliver(address, setup, number),
        "GET /readyz": lambda _: _get(address, "/readyz", None),
    }
    took: dict[str, list[float]] = {name: [] for name in routes}
    end, number = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        number += 1
        for name, call in routes.items():
            started = time.monotonic()
            call(number)
            took[name].append(time.monotonic() - started)
            time.sleep(_PAUSE)
    return took


def _get(address: str, path: str, key: str | None) -> None:
    _request(address, "GET", path, b"", {"Authorization": f"Bearer {key}"} if key else {})


def _deliver(address: str, setup: Installation, number: int) -> None:
    body = encode(Paid(f"evt_{number:024}", f"pi_{number:024}", f"LUM-{number:010}"))
    headers = {"Stripe-Signature": stripe_events.signature(body, setup.brand.webhook_secret)}
    _request(address, "POST", f"/api/webhooks/stripe/{setup.brand.slug}", body, headers)


def _request(address: str, method: str, path: str, body: bytes, headers: dict[str, str]) -> None:
    connection = HTTPConnection(address, timeout=60)
    try:
        connection.request(method, path, body, headers)
        reply = connection.getresponse()
        reply.read()
        if reply.status != 200:
            raise RuntimeError(f"{method} {path} was answered with {reply.status}.")
    finally:
        connection.close()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.slow_stripe", description=__doc__)
    parser.add_argument("--callers", type=int, default=256, help="buyers who call at once (default 256)")
    parser.add_argument("--latency", type=float, default=6, help="seconds of a call to Stripe (default 6)")
    parser.add_argument("--seconds", type=float, default=30, help="duration of the measurement (default 30)")
    add_aims_option(parser)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
