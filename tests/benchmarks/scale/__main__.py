"""`make bench-scale`: measure large tables beside empty ones, and write `docs/performance-scale.md`."""

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

from tests.benchmarks import server
from tests.benchmarks.command import add_aims_option, print_line
from tests.benchmarks.scale import measure, report
from tests.benchmarks.scale.columns import Size
from tests.benchmarks.scale.databases import prepare


def main() -> int:
    options = _options()
    load = os.getloadavg()[0]
    scratch = Path(options.directory or tempfile.mkdtemp(prefix="lumira-scale-"))
    size = Size(options.tenants, options.orders, options.events)
    with server.running(scratch) as database:
        print_line(f"PostgreSQL {database.version()}; {size}; in {scratch}")
        setup = prepare(database, scratch, size, log=print_line)
        results = measure.measure(setup, rounds=options.rounds, log=print_line)
        run = report.Run(
            " ".join(["python -m tests.benchmarks.scale", *sys.argv[1:]]), size, database.version(), load
        )
    missed = [figure for figure in results.figures if not figure.is_met]
    for figure in missed:
        print_line(f"MISSED: {figure.name}: {figure.shown}, aim {figure.aim_shown}")
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
    add_aims_option(parser)
    parser.add_argument(
        "--no-report", dest="report", action="store_false", help="do not write docs/performance-scale.md"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
