"""API calls and the routes that handle them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from lumira.sandbox.account import Account

#: A JSON object in Stripe's format.
Object: TypeAlias = dict[str, Any]


@dataclass
class Call:
    """One API request: validated parameters, the ids in the URL, and the account, in one transaction."""

    account: Account
    params: Object
    path: dict[str, str]
    publishable: bool = False

    def __getitem__(self, name: str) -> Any:
        return self.params.get(name)


@dataclass(frozen=True)
class Route:
    """A URL, the parameters that it accepts, and the function that handles it."""

    method: str
    rule: str
    params: type
    handle: Callable[[Call], Object]
    #: Whether a publishable key with the object's client secret may call it.
    publishable: bool = False


class Routes:
    """The routes of one resource, registered by a decorator on each handler."""

    def __init__(self) -> None:
        self.all: list[Route] = []

    def add(
        self, method: str, rule: str, params: type, *, publishable: bool = False
    ) -> Callable[[Callable[[Call], Object]], Callable[[Call], Object]]:
        """Register the decorated function for ``method rule`` with parameters of the type ``params``."""

        def register(handle: Callable[[Call], Object]) -> Callable[[Call], Object]:
            self.all.append(Route(method, rule, params, handle, publishable))
            return handle

        return register
