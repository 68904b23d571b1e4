"""How a refusal of a Checkout Session is put."""

from collections.abc import Iterator
from contextlib import contextmanager

from lumira.sandbox.errors import InvalidRequestError


def unsupported(param: str, what: str) -> InvalidRequestError:
    """The error for what Stripe takes and the sandbox does not play; silence would be mistaken for it."""
    return InvalidRequestError(f"This sandbox does not support Checkout Sessions with {what}.", param=param)


@contextmanager
def nested_in(parent: str) -> Iterator[None]:
    """Let refusals of a nested hash name their parameter in full."""
    try:
        yield
    except InvalidRequestError as error:
        if error.param is not None:
            head, bracket, tail = error.param.partition("[")
            full = f"{parent}[{head}]{bracket}{tail}"
            error.message = error.message.replace(f"param: {error.param}.", f"param: {full}.")
            error.param = full
        raise
