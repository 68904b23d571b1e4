"""Addresses of this machine, which only a development installation may call."""

from collections.abc import Iterator
from contextlib import contextmanager

from lumira.clients import public_addresses


@contextmanager
def allowed() -> Iterator[None]:
    """Allow them during the block."""
    public_addresses.configure(is_development=True)
    try:
        yield
    finally:
        public_addresses.configure(is_development=False)
