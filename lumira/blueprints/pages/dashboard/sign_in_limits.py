"""How often a browser may try to sign in.

An account is never locked: a stranger could lock its operator out. Attempts count for the browser in which the operator
has signed in before, else for the network; so an operator is not stopped by a stranger, not even by one in the same
network. The password and the one-time code withstand as many attempts as all networks of the world have left.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from lumira import extensions
from lumira.blueprints.pages.dashboard.cookies import read_device
from lumira.quotas import give_back


@contextmanager
def counted_attempt() -> Iterator[None]:
    """Count an attempt before it is made, and no longer if it succeeds; raises `RateLimited`."""
    http = extensions.of()
    device = read_device()
    source = f"network:{extensions.callers_network()}" if device is None else f"device:{device[1]}"
    taken = http.sign_in_quota.take(source)
    yield
    give_back(taken)
