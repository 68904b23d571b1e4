"""The reply of a use case that runs under an idempotency key."""

from dataclasses import dataclass
from typing import Generic, TypeVar

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Reply(Generic[T_co]):
    """The value that a use case returns, and whether an earlier call under the same key stored it."""

    value: T_co
    replayed: bool = False
