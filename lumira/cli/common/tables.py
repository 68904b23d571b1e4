"""Tables for a terminal."""

from collections.abc import Sequence

import click


def echo_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print headings and rows in columns as wide as their widest entry."""
    lines = [headings, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(headings))]
    for line in lines:
        padded = (entry.ljust(width) for entry, width in zip(line, widths, strict=True))
        click.echo("  ".join(padded).rstrip())
