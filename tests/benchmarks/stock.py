"""`make bench-stock`: measure reservations of one product in demand, relative to PostgreSQL's own limit."""

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks import server, stock_rates, stock_report, stock_shop
from tests.benchmarks.command import add_aims_option, print_line
from tests.benchmarks.stock_rates import Round
from tests.benchmarks.stock_report import Run

#: The minimum ratio of reservations to bare updates of the same row.
AIM = 0.3


def main() -> int:
    options = _options()
    pgbench = stock_rates.find_pgbench()
    if pgbench is None:
        print_line(
            "pgbench is missing: install it first (on Debian and Ubuntu: apt install postgresql-contrib)."
        )
        return 2
    load = os.getloadavg()[0]
    scratch = Path(tempfile.mkdtemp(prefix="lumira-benchmark-"))
    with server.running(scratch) as database:
        flushes = database.commits_per_second()
        print_line(f"PostgreSQL {database.version()}, {flushes:,.0f} commits per second; logs in {scratch}")
        shop = stock_shop.prepare(database, scratch)
        rounds = list(_rounds(shop, pgbench, options.rounds, options.seconds))
        command = " ".join(["python -m tests.benchmarks.stock", *sys.argv[1:]])
        run = Run(command, options.seconds, database.version(), flushes, load)
    ratio = stock_report.ratio(rounds)
    print_line(
        f"reservations relative to the bare update: {ratio:.2f} (aim {AIM:.1f}, {'met' if ratio >= AIM else 'MISSED'})"
    )
    if options.report:
        stock_report.write(run, rounds, aim=AIM)
    # An exception skips this line, so that the logs of a failed run remain.
    shutil.rmtree(scratch, ignore_errors=True)
    return 0 if ratio >= AIM or not options.aims else 1


def _rounds(shop: stock_shop.Shop, pgbench: str, rounds: int, seconds: int) -> Iterator[Round]:
    """Measure both rates in each round, in alternating order, so that a drift affects both."""
    for number in range(rounds):
        if number % 2 == 0:
            bare = stock_rates.by_pgbench(shop, pgbench, seconds=seconds)
            reserved = stock_rates.by_lumira(shop, seconds=seconds)
        else:
            reserved = stock_rates.by_lumira(shop, seconds=seconds)
            bare = stock_rates.by_pgbench(shop, pgbench, seconds=seconds)
        print_line(
            f"round {number + 1}: updates {bare:,.0f}/s, reservations {reserved:,.0f}/s, ratio {reserved / bare:.2f}"
        )
        yield Round(bare, reserved)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.stock", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="number of rounds (default 5)")
    parser.add_argument("--seconds", type=int, default=10, help="duration of each measurement (default 10)")
    add_aims_option(parser)
    parser.add_argument(
        "--no-report", dest="report", action="store_false", help="do not write docs/performance-stock.md"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
