"""References to orders, payments and deliverables in a path."""

import re

from lumira.errors import NotFound
from lumira.errors.orders import OrderNotFound

#: Lumira's ids and order numbers, and Stripe's ids; nothing else can reference an object.
_REFERENCE = re.compile(r"[A-Za-z0-9_-]{1,255}")


def checked_reference(reference: str) -> str:
    """The reference; raises `OrderNotFound` if it has an impossible form.

    PostgreSQL accepts no NUL character in a text, so a path that contains one must not reach a query.
    """
    if not _REFERENCE.fullmatch(reference):
        raise OrderNotFound("There is no such order.")
    return reference


def checked_name(name: str) -> str:
    """The id or key in a path; raises `NotFound` if it has an impossible form."""
    if not _REFERENCE.fullmatch(name):
        raise NotFound("This object does not exist.")
    return name
