"""Tables for a terminal."""

from collections.abc import Callable, Iterable, Sequence
from itertools import chain, islice
from typing import Any, TypeVar

import click

#: Rows of a long table that decide how wide its columns are.
_MEASURED = 1_000

_Command = TypeVar("_Command", bound=Callable[..., Any])


def limit_option(command: _Command) -> _Command:
    """Add `--limit` to a command that prints a table."""
    option = click.option(
        "--limit", type=click.IntRange(min=1), default=50, show_default=True, help="At most this many rows."
    )
    return option(command)


def echo_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print headings and rows in columns as wide as their widest entry."""
    _echo_lines([headings, *rows], _widths([headings, *rows]))


def echo_long_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table while its rows are read; only the first thousand are held in memory, for the widths."""
    remaining = iter(rows)
    first = [headings, *islice(remaining, _MEASURED)]
    _echo_lines(chain(first, remaining), _widths(first))


def _widths(lines: Sequence[Sequence[str]]) -> list[int]:
    return [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]


def _echo_lines(lines: Iterable[Sequence[str]], widths: Sequence[int]) -> None:
    for line in lines:
        padded = (entry.ljust(width) for entry, width in zip(line, widths, strict=True))
        click.echo("  ".join(padded).rstrip())
