"""How often a browser may try to sign in.

An account is never locked: a stranger could lock its operator out. Attempts count for the browser in which the same
operator has signed in before, else for the network; so an operator is not stopped by a stranger, not even by one in the
same network. Password and one-time code together withstand as many attempts as many networks have.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Response

from lumira import extensions
from lumira.blueprints.pages.dashboard.cookies import mark_device, read_device
from lumira.errors.operators import SignInRefused
from lumira.quotas import give_back


@contextmanager
def counted_attempt(email: str) -> Iterator[None]:
    """Count an attempt with this address before it is made, and no longer unless it is refused; raises `RateLimited`.

    What fails for another reason, such as a weak new password, helps no stranger and must not stop the operator.
    """
    http = extensions.of()
    device = find_device(email)
    source = f"network:{extensions.callers_network()}" if device is None else f"device:{device}"
    taken = http.sign_in_quota.take(source)
    try:
        yield
    except SignInRefused:
        raise
    except BaseException:
        give_back(taken)
        raise
    give_back(taken)


def find_device(email: str) -> str | None:
    """The mark of the browser, if the operator with this address has signed in there."""
    # A mark of another operator is none: an operator could make any number of marks.
    return read_device([_named(email), *extensions.former_digests(_identified(email))])


def mark_browser(reply: Response, email: str) -> None:
    """Mark the browser in which the operator with this address has signed in."""
    mark_device(reply, _named(email))


def _named(email: str) -> str:
    return extensions.digest(_identified(email))


def _identified(email: str) -> str:
    return f"operator\n{email.strip().casefold()}"
