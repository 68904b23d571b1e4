"""What a run can be told, by arguments or by the environment."""

import argparse
import os
import secrets
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Options:
    """One run: how many purchases and kills, and the seed that everything is drawn from."""

    events: int
    kills: int
    seed: int
    keep: bool
    #: Where the run's folder is made; the system's temporary folder unless given.
    parent: Path | None


def read_options(arguments: list[str]) -> Options:
    """Arguments win over `EVENTS`, `KILLS`, `SEED`; without a seed a new one is drawn, and printed."""
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--events", type=_count(1), default=os.environ.get("EVENTS") or "2000")
    parser.add_argument("--kills", type=_count(0), default=os.environ.get("KILLS") or "20")
    parser.add_argument("--seed", type=int, default=os.environ.get("SEED") or str(secrets.randbelow(10**6)))
    parser.add_argument("--keep", action="store_true", help="keep the folder also after a good run")
    parser.add_argument("--parent", type=Path, help="make the run's folder here")
    given = parser.parse_args(arguments)
    return Options(given.events, given.kills, given.seed, given.keep, given.parent)


def _count(least: int):
    def read(text: str) -> int:
        number = int(text)
        if number < least:
            raise argparse.ArgumentTypeError(f"must be {least} or more")
        return number

    return read
