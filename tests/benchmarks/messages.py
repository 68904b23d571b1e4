"""`make bench-messages`: how fast one worker sends messages with receipts, and what memory it needs.

Left out: TLS, and the distance to a mail server. Both are time that a message waits, not time that a worker works.
"""

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

from tests.benchmarks import installation, message_rates, message_report, server
from tests.benchmarks.command import add_aims_option, print_line
from tests.benchmarks.message_report import Run

#: Messages with receipts per second, and megabytes of the worker after all of them.
RATE_AIM, MEMORY_AIM = 30.0, 130.0


def main() -> int:
    options = _options()
    load = os.getloadavg()[0]
    scratch = Path(tempfile.mkdtemp(prefix="lumira-benchmark-"))
    with server.running(scratch) as database:
        print_line(f"PostgreSQL {database.version()}; logs in {scratch}")
        setup = installation.prepare(
            database,
            scratch,
            orders=options.orders + options.seconds * message_rates.PER_SECOND,
            seller=message_rates.SELLER,
        )
        measured = message_rates.measure(
            setup, backlog=options.orders, seconds=options.seconds, scratch=scratch
        )
        print_line(str(measured))
        command = " ".join(["python -m tests.benchmarks.messages", *sys.argv[1:]])
        run = Run(command, database.version(), load, RATE_AIM, MEMORY_AIM)
    is_met = measured.rate >= RATE_AIM and measured.memory_after <= MEMORY_AIM
    if options.report:
        message_report.write(run, measured)
    shutil.rmtree(scratch, ignore_errors=True)
    return 0 if is_met or not options.aims else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.messages", description=__doc__)
    parser.add_argument(
        "--orders", type=int, default=3_000, help="messages that wait at the start (default 3,000)"
    )
    parser.add_argument(
        "--seconds", type=int, default=30, help="seconds of steady sales afterwards (default 30)"
    )
    add_aims_option(parser)
    parser.add_argument("--no-report", dest="report", action="store_false", help="write no documentation")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
