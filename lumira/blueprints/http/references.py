"""Names of orders and payments that come in a path."""

import re

from lumira.errors import NotFound, OrderNotFound

#: Our ids and numbers, and Stripe's ids; whatever else stands in a path names nothing of ours.
_REFERENCE = re.compile(r"[A-Za-z0-9_-]{1,255}")


def checked_reference(reference: str) -> str:
    """The reference, if it could be one; `OrderNotFound` if not, as for every other that names nothing.

    PostgreSQL takes no NUL in a text, so a path with one must not reach a query.
    """
    if not _REFERENCE.fullmatch(reference):
        raise OrderNotFound("There is no such order.")
    return reference


def checked_name(name: str) -> str:
    """The same for what a path names besides an order; `NotFound` if it could be no name of ours."""
    if not _REFERENCE.fullmatch(name):
        raise NotFound("There is nothing of this name.")
    return name
