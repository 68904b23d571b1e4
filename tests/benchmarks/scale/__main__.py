"""`make bench-scale`: measure large tables beside empty ones, and write `docs/performance-scale.md`."""

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

from tests.benchmarks import server
from tests.benchmarks.scale import measure, report
from tests.benchmarks.scale.columns import Size
from tests.benchmarks.scale.databases import prepare


def main() -> int:
    options = _options()
    load = os.getloadavg()[0]
    scratch = Path(options.directory or tempfile.mkdtemp(prefix="lumira-scale-"))
    size = Size(options.tenants, options.orders, options.events)
    with server.running(scratch) as database:
        _print(f"PostgreSQL {database.version()}; {size}; in {scratch}")
        setup = prepare(database, scratch, size, log=_print)
        results = measure.measure(setup, rounds=options.rounds, log=_print)
        run = report.Run(
            " ".join(["python -m tests.benchmarks.scale", *sys.argv[1:]]), size, database.version(), load
        )
    missed = [figure for figure in results.figures if not figure.is_met]
    for figure in missed:
        _print(f"MISSED: {figure.name}: {figure.shown}, aim {figure.aim_shown}")
    if options.report:
        report.write(run, results)
    shutil.rmtree(scratch, ignore_errors=True)
    return 1 if missed and options.aims else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.scale", description=__doc__)
    parser.add_argument("--tenants", type=int, default=1_000)
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, default=5_000_000)
    parser.add_argument("--rounds", type=int, default=5, help="rounds of accepting and settling (default 5)")
    parser.add_argument("--directory", help="where the database is created (default: a temporary folder)")
    parser.add_argument(
        "--no-aims", dest="aims", action="store_false", help="exit with 0 even if an aim is missed"
    )
    parser.add_argument(
        "--no-report", dest="report", action="store_false", help="do not write docs/performance-scale.md"
    )
    return parser.parse_args()


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
