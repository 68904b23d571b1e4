"""`make bench-polling`: many unpaid openings a minute, one worker, a slow Stripe, no webhook. Leaves out the openings
themselves (their rows are inserted, the first half hour of them beforehand), web processes, e-mails and paid orders.

Measured are how late reserved units are released after their grace time, how late a success without any event is
found, the calls to Stripe, and the worker's processor time.
"""

import argparse
import json
import logging
import os
import random
import secrets
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests
from cryptography.fernet import Fernet

from config.settings import Settings
from lumira import create_app
from lumira.database import db
from lumira.models import Order
from lumira.sandbox.server import SandboxServer
from tests.benchmarks import server
from tests.benchmarks.command import print_line
from tests.benchmarks.processes import free_port, process, wait_until
from tests.benchmarks.server import LOGIN, Server
from tests.support import factories, postgresql
from tests.support.factories import Brand
from tests.support.many_orders import Copy, insert_copies

_DATABASE = "polled"
#: How long before the measurement the first order is opened: an order is open until its reservation and grace end.
_OPEN_FOR = {"shirt": timedelta(minutes=33), "mystique": timedelta(minutes=60)}
#: Orders inserted in one transaction.
_CHUNK = 1_000
#: One order in so many is paid, without any event.
_PAID_EVERY = 50
_LATE = """
    SELECT count(*), max(late), percentile_cont(0.5) WITHIN GROUP (ORDER BY late),
        percentile_cont(0.99) WITHIN GROUP (ORDER BY late), count(*) FILTER (WHERE NOT is_released)
    FROM (
        SELECT state <> 'reserved' AS is_released,
            extract(epoch FROM CASE WHEN state = 'reserved' THEN now() ELSE updated_at END - expires_at) - 180 AS late
        FROM stock_reservations
        WHERE state <> 'sold' AND expires_at BETWEEN %(since)s - interval '3 minutes' AND now() - interval '3 minutes'
    ) AS ended
"""


@dataclass(slots=True)
class Bench:
    """One run: the shop, and what was paid when."""

    brand: Brand
    order: Order
    stripe: str
    rate: float
    waiting: list[Copy] = field(default_factory=list)
    paid: dict[str, datetime] = field(default_factory=dict)

    def open(self, times: list[datetime]) -> None:
        """Insert orders that were opened at these times, and their PaymentIntents."""
        copies = [
            Copy(
                f"pi_{secrets.token_hex(12)}",
                f"{self.order.order_number.split('-')[0]}-{secrets.token_hex(5)}",
                at,
            )
            for at in times
        ]
        self.post(
            "add", [[c.payment_intent_id, c.order_number, int(c.opened_at.timestamp())] for c in copies]
        )
        insert_copies(self.brand, self.order, copies)
        self.waiting += copies

    def pay_one(self) -> None:
        """Pay an order of the last twenty minutes, or of the last ten, or of the last minute."""
        now = datetime.now(UTC)
        age = timedelta(seconds=random.choice([60, 600, 1200]))
        candidates = [copied for copied in self.waiting[::-1] if copied.opened_at > now - age]
        chosen = random.choice(candidates)
        self.post(f"pay/{chosen.payment_intent_id}", {})
        self.paid[chosen.order_number] = now

    def post(self, path: str, body: Any) -> None:
        requests.post(f"{self.stripe}/{path}", data=json.dumps(body), timeout=60).raise_for_status()

    def calls(self) -> dict[str, int]:
        reply: dict[str, int] = requests.get(f"{self.stripe}/calls", timeout=60).json()
        return reply


def main() -> int:
    options = _options()
    scratch = Path(tempfile.mkdtemp(prefix="lumira-polling-"))
    load = os.getloadavg()[0]
    with server.running(scratch) as database, _opened(database, scratch, options) as bench:
        results = _measure(database, scratch, bench, options)
    for line in [*results, f"load before the start {load:.1f}"]:
        print_line(line)
    shutil.rmtree(scratch, ignore_errors=True)
    return 0


@contextmanager
def _opened(database: Server, scratch: Path, options: argparse.Namespace) -> Iterator[Bench]:
    """Prepare the shop with one order that was opened at the sandbox, and start the slow Stripe with its intent."""
    database.create(_DATABASE)
    postgresql.migrate(database.address(_DATABASE).replace("postgresql:", "postgresql+psycopg:"))
    with database.connect(_DATABASE) as connection:
        connection.execute(f"GRANT lumira_app TO {LOGIN}")
    options.key = Fernet.generate_key().decode()
    with SandboxServer(scratch / "sandbox") as sandbox:
        environment = _environment(database, scratch, options.key, sandbox.url)
        app = create_app(Settings.from_environment(environment))
        logging.getLogger().setLevel(logging.WARNING)
        with app.app_context():
            brand = factories.make_brand(sandbox_url=sandbox.url)
            opened = factories.open_payment(brand, options.product)
            order = factories.load_order(brand, opened.order_number)
        headers = {"Authorization": f"Bearer {brand.stripe_secret_key}"}
        url = f"{sandbox.url}/v1/payment_intents/{opened.payment_intent_id}"
        intent = requests.get(url, headers=headers, timeout=20).json()
    port = free_port()
    arguments = [
        "tests.benchmarks.polling_stripe",
        str(port),
        str(options.latency / 1000),
        json.dumps(intent),
    ]
    stripe = f"http://127.0.0.1:{port}"
    with process(arguments, {}, scratch / "stripe.log"), app.app_context():
        wait_until(lambda: _responds(port), within=60, what="the slow Stripe to respond")
        yield Bench(brand, order, stripe, options.rate / 60)
        for engine in db.engines.values():
            engine.dispose()


def _measure(database: Server, scratch: Path, bench: Bench, options: argparse.Namespace) -> list[str]:
    began = datetime.now(UTC)
    seconds = _OPEN_FOR[options.product].total_seconds()
    times = [
        began - timedelta(seconds=seconds - number / bench.rate)
        for number in range(int(seconds * bench.rate))
    ]
    for first in range(0, len(times), _CHUNK):
        bench.open(times[first : first + _CHUNK])
    _shift(database, bench, datetime.now(UTC) - began)
    print_line(f"{len(times):,} unpaid orders are open")
    environment = _environment(database, scratch, options.key, bench.stripe)
    with process(["flask", "--app", "wsgi", "worker"], environment, scratch / "worker.log") as worker:
        time.sleep(60)
        since, before = datetime.now(UTC), bench.calls()
        cpu = _cpu(worker)
        _go_on(bench, options.minutes * 60)
        used = _cpu(worker) - cpu
        made = {name: count - before.get(name, 0) for name, count in sorted(bench.calls().items())}
        late = _late(database, since)
        time.sleep(300 if bench.paid and options.wait else 0)
    return [*late, *_found(database, bench), f"calls a minute: {_per_minute(made, options.minutes)}",
            f"the worker used {used / options.minutes / 60:.2f} processors"]  # fmt: skip


def _shift(database: Server, bench: Bench, by: timedelta) -> None:
    """Let all that was prepared have happened later, because preparing it took time."""
    whole = timedelta(seconds=int(by.total_seconds()))
    bench.post(f"shift/{int(whole.total_seconds())}", {})
    bench.waiting = [Copy(c.payment_intent_id, c.order_number, c.opened_at + whole) for c in bench.waiting]
    with database.connect(_DATABASE) as connection:
        for table, columns in (
            ("orders", ("created_at", "updated_at", "next_poll_at")),
            ("payments", ("created_at",)),
            ("payment_requests", ("created_at",)),
            ("stock_reservations", ("expires_at",)),
        ):
            changes = ", ".join(f"{column} = {column} + %(by)s" for column in columns)
            connection.execute(f"UPDATE {table} SET {changes}", {"by": whole})  # noqa: S608
        connection.execute("VACUUM ANALYZE")


def _go_on(bench: Bench, seconds: float) -> None:
    """Open orders at the rate, second by second, and pay some of them."""
    started, opened = time.monotonic(), 0
    while (passed := time.monotonic() - started) < seconds:
        due = int(passed * bench.rate) - opened
        if due > 0:
            bench.open([datetime.now(UTC)] * due)
            opened += due
            if opened // _PAID_EVERY != (opened - due) // _PAID_EVERY:
                bench.pay_one()
        time.sleep(1)


def _late(database: Server, since: datetime) -> list[str]:
    with database.connect(_DATABASE) as connection:
        [(count, most, median, p99, still)] = connection.execute(_LATE, {"since": since}).fetchall()
    if not count:
        return []
    return [
        f"{count:,} reservations ended, {still} of them are not released yet",
        f"released after their grace: median {median:.0f} s, 99 % within {p99:.0f} s, all within {most:.0f} s",
    ]


def _found(database: Server, bench: Bench) -> list[str]:
    """Report how long it took to find the payments without an event, and how long the others have waited."""
    with database.connect(_DATABASE) as connection:
        rows = connection.execute(
            "SELECT order_number, completed_at FROM orders WHERE completed_at IS NOT NULL"
        )
        completed = dict(rows.fetchall())
    now = datetime.now(UTC)
    took = sorted(
        (completed[number] - at).total_seconds() for number, at in bench.paid.items() if number in completed
    )
    waiting = [(now - at).total_seconds() for number, at in bench.paid.items() if number not in completed]
    if not took:
        return []
    found = f"median {took[len(took) // 2]:.0f} s, all within {took[-1]:.0f} s"
    longest = f"{len(waiting)} others were paid at most {max(waiting, default=0):.0f} s ago"
    return [f"{len(took)} payments without an event were found: {found}; {longest}"]


def _per_minute(made: dict[str, int], minutes: float) -> str:
    return ", ".join(f"{name} {count / minutes:.0f}" for name, count in made.items())


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _responds(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def _environment(database: Server, directory: Path, key: str, stripe: str) -> dict[str, str]:
    return {
        "LUMIRA_ENV": "production",
        "SMTP_URL": "files",
        "DATABASE_URL": database.address(_DATABASE, login=LOGIN),
        "SECRET_KEY": "only-for-benchmarks-0123456789abcdef",
        "LUMIRA_ENCRYPTION_KEYS": key,
        "LUMIRA_INSTANCE": str(directory / "instance"),
        "STRIPE_API_BASE": stripe,
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.polling", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10, help="duration of the measurement (default 10)")
    parser.add_argument("--rate", type=float, default=600, help="openings a minute (default 600)")
    parser.add_argument("--latency", type=float, default=300, help="milliseconds of a call (default 300)")
    parser.add_argument(
        "--product",
        choices=sorted(_OPEN_FOR),
        default="shirt",
        help="shirt reserves stock, mystique none (default shirt)",
    )
    parser.add_argument(
        "--no-wait", dest="wait", action="store_false", help="do not wait for the last payments to be found"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
