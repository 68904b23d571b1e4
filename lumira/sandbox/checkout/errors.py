"""Errors of Checkout Session parameters."""

from collections.abc import Iterator
from contextlib import contextmanager

from lumira.sandbox.errors import InvalidRequestError


def unsupported(param: str, what: str) -> InvalidRequestError:
    """Return the error for a parameter that Stripe supports and the sandbox does not, instead of ignoring it."""
    return InvalidRequestError(f"This sandbox does not support Checkout Sessions with {what}.", param=param)


@contextmanager
def nested_in(parent: str) -> Iterator[None]:
    """Prefix the parameter names in errors of a nested hash with the name of its parent."""
    try:
        yield
    except InvalidRequestError as error:
        if error.param is not None:
            head, bracket, tail = error.param.partition("[")
            full = f"{parent}[{head}]{bracket}{tail}"
            error.message = error.message.replace(f"param: {error.param}.", f"param: {full}.")
            error.param = full
        raise
