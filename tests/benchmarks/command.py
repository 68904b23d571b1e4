"""What the commands of the benchmarks share: their output, and the option about their aims."""

import argparse
import sys


def print_line(line: str) -> None:
    """Print a line at once, also if the output is a file."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def add_aims_option(parser: argparse.ArgumentParser) -> None:
    """Add `--no-aims`: only measure."""
    parser.add_argument(
        "--no-aims", dest="aims", action="store_false", help="exit with 0 even if an aim is missed"
    )
