"""A progress bar for commands that read large tables."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click


@contextmanager
def progress(label: str, count: Callable[[], int]) -> Iterator[Callable[[int], None]]:
    """Yield a function that is called with the number of rows done since its last call.

    The bar is on stderr, so that stdout holds only the result, and only on a terminal. `count` returns how many rows
    there are in all, and is called only then.
    """
    if not sys.stderr.isatty():
        yield lambda _done: None
        return
    with click.progressbar(length=max(count(), 1), label=label, file=sys.stderr, show_pos=True) as bar:
        yield bar.update
