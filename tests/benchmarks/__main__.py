"""`make bench`: measure, write `docs/performance.md`, and fail if an aim is missed."""

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

from tests.benchmarks import installation, opening, report, rounds, server
from tests.benchmarks.command import add_aims_option, print_line
from tests.benchmarks.opening import Opening
from tests.benchmarks.payment_succeeded import Paid, encode
from tests.benchmarks.report import Run
from tests.benchmarks.rounds import Round

#: The load average above which other programs distort the results.
_QUIET = 0.5


def main() -> int:
    options = _options()
    if shutil.which("wrk") is None:
        print_line(
            "wrk, the load generator, is missing: install it first (on Debian and Ubuntu: apt install wrk)."
        )
        return 2
    load = os.getloadavg()[0]
    if load > _QUIET:
        print_line(f"The machine is busy (load {load:.1f}): the results will vary.")
    scratch = Path(tempfile.mkdtemp(prefix="lumira-benchmark-"))
    run, measured, opened = _measure(options, scratch, load)
    figures = rounds.figures(measured) + opening.figures(opened)
    for figure in figures:
        print_line(
            f"{figure.name}: {figure.median:.2f} (aim {figure.aim:g}, {'met' if figure.is_met else 'MISSED'})"
        )
    if options.report:
        report.write(run, measured, figures, {"opening": opening.table(opened)})
    # An exception skips this line, so that the logs of a failed run remain.
    shutil.rmtree(scratch, ignore_errors=True)
    return 0 if not options.aims or all(figure.is_met for figure in figures) else 1


def _measure(
    options: argparse.Namespace, scratch: Path, load: float
) -> tuple[Run, list[Round], list[Opening]]:
    with server.running(scratch) as database:
        flushes = database.commits_per_second()
        print_line(f"PostgreSQL {database.version()}, {flushes:,.0f} commits per second; logs in {scratch}")
        setup = installation.prepare(database, scratch, orders=options.orders)
        opening.prepare(setup)
        run = Run(
            command=" ".join(["python -m tests.benchmarks", *sys.argv[1:]]),
            events=options.events,
            orders=options.orders,
            event_size=len(encode(Paid("evt_" + "0" * 24, "pi_" + "0" * 24, "LUM-0000000000"))),
            postgresql=database.version(),
            commits_per_second=flushes,
            load=load,
        )
        measured = list(
            rounds.measure(
                setup, rounds=options.rounds, events=options.events, scratch=scratch, log=print_line
            )
        )
        opened = opening.measure(setup, rounds=options.rounds, scratch=scratch, log=print_line)
    return run, measured, opened


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="number of rounds (default 5)")
    parser.add_argument(
        "--events", type=int, default=8_000, help="events delivered per round (default 8,000)"
    )
    parser.add_argument("--orders", type=int, default=4_000, help="orders settled per round (default 4,000)")
    add_aims_option(parser)
    parser.add_argument(
        "--no-report", dest="report", action="store_false", help="do not write docs/performance.md"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
