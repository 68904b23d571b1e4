"""Measure how a payment is opened and how the catalog and the orders are read, against hand-written routes."""

import json
import statistics
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from tests.benchmarks import installation, opening_reference
from tests.benchmarks.deliveries import send
from tests.benchmarks.installation import Installation
from tests.benchmarks.processes import free_address, process, web_server
from tests.benchmarks.processor_time import seconds_of
from tests.benchmarks.rounds import Figure
from tests.benchmarks.server import LOGIN

#: Concurrent connections: fewer than the calls to Stripe that the processes make at once.
CONNECTIONS = 8
#: Payments per round and side, in parts that alternate, after unmeasured ones.
PAYMENTS, PARTS, WARM_UP = 800, 4, 100
#: Requests per reading route and round.
READS = 1_500
_REFERENCE = "opening_reference"
#: Every limit counts, and none is reached: one address opens all payments.
LIMITS = {
    "RATE_LIMIT_PER_KEY": "10000000 per minute",
    "RATE_LIMIT_PER_ADDRESS": "10000000 per minute",
    "RATE_LIMIT_PER_EMAIL": "1000000 per hour",
    "RATE_LIMIT_PER_ADDRESS_EMAILS": "1000000 per hour",
}


@dataclass(frozen=True, slots=True)
class Load:
    """What a number of requests took: the rate per second, and milliseconds of processor time for each."""

    rate: float
    #: Of the web server's processes.
    web: float
    #: Of the database's processes.
    database: float

    @property
    def processor(self) -> float:
        return self.web + self.database


@dataclass(frozen=True, slots=True)
class Opening:
    """The results of one round, by the name of what was requested."""

    loads: dict[str, Load] = field(default_factory=dict)

    def __str__(self) -> str:
        return "; ".join(
            f"{name} {load.rate:,.0f}/s, {load.processor:.1f} ms" for name, load in self.loads.items()
        )


@dataclass(frozen=True, slots=True)
class _Web:
    """A running web server, and the database that it uses."""

    address: str
    pid: int
    database_pid: int
    scratch: Path

    def measure(self, requests: Sequence[bytes], expected: str) -> Load:
        before = seconds_of(self.pid), seconds_of(self.database_pid)
        sent = send(self.address, requests, expected=expected, scratch=self.scratch, connections=CONNECTIONS)
        if sent.refused:
            raise RuntimeError(f"{sent.refused} requests were refused: see the logs in {self.scratch}.")
        after = seconds_of(self.pid), seconds_of(self.database_pid)
        web, database = (
            (end - start) * 1000 / len(requests) for start, end in zip(before, after, strict=True)
        )
        return Load(sent.rate, web, database)


def prepare(setup: Installation) -> None:
    """Create the database of the reference."""
    setup.server.create(_REFERENCE, owner=LOGIN)
    with psycopg.connect(setup.server.address(_REFERENCE, login=LOGIN), autocommit=True) as connection:
        connection.execute(opening_reference.TABLES)


def measure(setup: Installation, *, rounds: int, scratch: Path, log: Callable[[str], None]) -> list[Opening]:
    """Run the rounds and return the results of each."""
    measured = []
    for number in range(rounds):
        with _stripe(scratch) as stripe, ExitStack() as running:
            reference = running.enter_context(_reference(setup, stripe, scratch))
            lumira = running.enter_context(_lumira(setup, stripe, scratch))
            opening = Opening(_open(setup, reference, lumira) | _read(setup, reference, lumira))
        log(f"opening, round {number + 1}: {opening}")
        measured.append(opening)
    return measured


@contextmanager
def _stripe(scratch: Path) -> Iterator[str]:
    address = free_address()
    with process(["tests.benchmarks.stripe_stub", address], {}, scratch / "stripe.log"):
        yield f"http://{address}"


@contextmanager
def _reference(setup: Installation, stripe: str, scratch: Path) -> Iterator[_Web]:
    with setup.server.copied(_REFERENCE) as database:
        environment = setup.environment(database) | {"STRIPE_API_BASE": stripe, "CONNECTIONS": "16"}
        application, log = "tests.benchmarks.opening_reference:wsgi()", scratch / "opening_reference.log"
        with web_server(application, environment, log) as (address, pid):
            yield _Web(address, pid, setup.server.pid, scratch)
            _check_opened(setup, database, "SELECT count(*) FROM orders")


@contextmanager
def _lumira(setup: Installation, stripe: str, scratch: Path) -> Iterator[_Web]:
    with setup.server.copied(installation.WITH_CATALOG) as database:
        environment = setup.environment(database) | {"STRIPE_API_BASE": stripe} | LIMITS
        with web_server("wsgi:app", environment, scratch / "opening.log") as (address, pid):
            yield _Web(address, pid, setup.server.pid, scratch)
            _check_opened(
                setup,
                database,
                "SELECT count(*) FROM payments JOIN idempotency_keys USING (tenant_id, order_id) "
                "JOIN orders ON orders.id = order_id JOIN customers ON customers.id = orders.customer_id "
                "WHERE reply_sealed IS NOT NULL AND stripe_customer_id IS NOT NULL",
            )


def _check_opened(setup: Installation, database: str, query: str) -> None:
    with setup.server.connect(database) as connection:
        [(opened,)] = connection.execute(query).fetchall()
    if opened != WARM_UP + PAYMENTS:
        raise RuntimeError(f"{opened} payments are stored instead of {WARM_UP + PAYMENTS}.")


def _open(setup: Installation, reference: _Web, lumira: _Web) -> dict[str, Load]:
    """Open payments at both sides alternately, each for a new buyer; the medians of the parts."""
    key = setup.brand.publishable_key
    sides = {
        "reference opens": (reference, "/create-payment-intent", ""),
        "Lumira opens": (lumira, "/api/products/create-payment-intent", key),
    }
    parts: dict[str, list[Load]] = {name: [] for name in sides}
    for part in range(PARTS + 1):
        first, number = (0, WARM_UP) if part == 0 else (part * PAYMENTS, PAYMENTS // PARTS)
        for name in sides if part % 2 else reversed(sides):
            web, path, key = sides[name]
            requests = [_post(web.address, path, key, buyer) for buyer in range(first, first + number)]
            load = web.measure(requests, '"clientSecret"')
            if part:
                parts[name].append(load)
    return {name: _median(loads) for name, loads in parts.items()}


def _read(setup: Installation, reference: _Web, lumira: _Web) -> dict[str, Load]:
    public, secret = setup.brand.publishable_key, setup.brand.secret_key
    routes = {
        "bare route": (reference, "/bare", "", '"ok"'),
        "GET /products": (lumira, "/api/products", public, '"products"'),
        "GET /stripe/levels": (lumira, "/api/stripe/levels", public, '"levels"'),
        "GET /access": (lumira, "/api/access?customerEmail=buyer-0@example.com", secret, '"grants"'),
        "GET /orders": (lumira, "/api/orders?limit=20", secret, '"orders"'),
    }
    loads = {}
    for name, (web, path, key, expected) in routes.items():
        request = _head("GET", web.address, path, key) + b"\r\n"
        web.measure([request] * WARM_UP, expected)
        loads[name] = web.measure([request] * READS, expected)
    return loads


def _post(address: str, path: str, key: str, buyer: int) -> bytes:
    body = json.dumps({"productId": "mystique", "customerEmail": f"buyer-{buyer}@example.com"}).encode()
    head = _head("POST", address, path, key)
    return (
        head
        + f"Idempotency-Key: purchase-{buyer:016}\r\n".encode()
        + f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        + body
    )


def _head(method: str, address: str, path: str, key: str) -> bytes:
    authorization = f"Authorization: Bearer {key}\r\n" if key else ""
    return f"{method} {path} HTTP/1.1\r\nHost: {address}\r\n{authorization}".encode()


def _median(loads: Sequence[Load]) -> Load:
    return Load(
        statistics.median(load.rate for load in loads),
        statistics.median(load.web for load in loads),
        statistics.median(load.database for load in loads),
    )


def figures(measured: Sequence[Opening]) -> list[Figure]:
    """Return the figures that have an aim."""
    rounds = [opening.loads for opening in measured]

    def rates(name: str, reference: str) -> tuple[float, ...]:
        return tuple(loads[name].rate / loads[reference].rate for loads in rounds)

    return [
        Figure("payments opened, against the reference", 0.4, rates("Lumira opens", "reference opens")),
        Figure(
            "processor time of opening a payment, against the reference",
            2.5,
            tuple(loads["Lumira opens"].processor / loads["reference opens"].processor for loads in rounds),
            is_largest=True,
        ),
        Figure("catalogs read, against a bare route", 0.5, rates("GET /products", "bare route")),
        Figure("levels read, against a bare route", 0.5, rates("GET /stripe/levels", "bare route")),
    ]


def table(measured: Sequence[Opening]) -> str:
    """Return the rows of the report: medians of the rounds."""
    rows = [
        "| | per second | web server, ms | database, ms |",
        "|---|---|---|---|",
    ]
    for name in measured[0].loads:
        load = _median([opening.loads[name] for opening in measured])
        rows.append(f"| {name} | {load.rate:,.0f} | {load.web:.1f} | {load.database:.1f} |")
    return "\n".join(rows)
