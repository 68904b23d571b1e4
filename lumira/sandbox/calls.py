"""One request to the API, as a resource sees it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from lumira.sandbox.account import Account

#: A JSON object of Stripe's.
Object: TypeAlias = dict[str, Any]


@dataclass
class Call:
    """Validated parameters, the ids in the address, and the account's books, all in one transaction."""

    account: Account
    params: Object
    path: dict[str, str]
    publishable: bool = False

    def __getitem__(self, name: str) -> Any:
        return self.params.get(name)


@dataclass(frozen=True)
class Route:
    """An address, the parameters that it takes, and who answers it."""

    method: str
    rule: str
    params: type
    handle: Callable[[Call], Object]
    #: Whether a publishable key with the object's client secret may ask.
    publishable: bool = False


class Routes:
    """The addresses of one resource, collected by decorators beside the functions that answer."""

    def __init__(self) -> None:
        self.all: list[Route] = []

    def add(
        self, method: str, rule: str, params: type, *, publishable: bool = False
    ) -> Callable[[Callable[[Call], Object]], Callable[[Call], Object]]:
        """Let the decorated function answer ``method rule`` with parameters of the type ``params``."""

        def register(handle: Callable[[Call], Object]) -> Callable[[Call], Object]:
            self.all.append(Route(method, rule, params, handle, publishable))
            return handle

        return register
