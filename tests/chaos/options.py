"""The options of a run, from arguments or from the environment."""

import argparse
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Options:
    """The numbers of purchases and kills, and the seed of the plan."""

    events: int
    kills: int
    seed: int
    keep: bool
    #: The parent of the run's folder; `None`: the system's temporary folder.
    parent: Path | None


def read_options(arguments: list[str]) -> Options:
    """Return the options: arguments, else `EVENTS`, `KILLS` and `SEED`, else the defaults and a random seed."""
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--events", type=_count(1), default=os.environ.get("EVENTS") or "2000")
    parser.add_argument("--kills", type=_count(0), default=os.environ.get("KILLS") or "20")
    parser.add_argument("--seed", type=int, default=os.environ.get("SEED") or str(secrets.randbelow(10**6)))
    parser.add_argument("--keep", action="store_true", help="keep the folder even if the run succeeds")
    parser.add_argument("--parent", type=Path, help="create the run's folder here")
    parsed = parser.parse_args(arguments)
    return Options(parsed.events, parsed.kills, parsed.seed, parsed.keep, parsed.parent)


def _count(minimum: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        number = int(text)
        if number < minimum:
            raise argparse.ArgumentTypeError(f"must be {minimum} or more")
        return number

    return read
