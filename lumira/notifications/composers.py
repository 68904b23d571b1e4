"""Which effect a kind of message has."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lumira.models import Language, MessageKind, Order, OutboxMessage, Tenant

if TYPE_CHECKING:
    from lumira.notifications.emails import Draft


@dataclass(frozen=True, slots=True)
class Occasion:
    """A message whose turn has come: what it is about, loaded whole, and the buyer's language."""

    tenant: Tenant
    order: Order
    message: OutboxMessage
    language: Language


#: Composes the message from what is true now; `None` where it would no longer be true.
Composer = Callable[[Occasion], "Draft | None"]

_composers: dict[MessageKind, Composer] = {}


def composes(kind: MessageKind) -> Callable[[Composer], Composer]:
    """Register the composer of one kind of message."""

    def register(composer: Composer) -> Composer:
        if kind in _composers:
            raise ValueError(f"{kind} has a composer already.")
        _composers[kind] = composer
        return composer

    return register


def get_composer(kind: MessageKind) -> Composer:
    """The composer of this kind; a kind that is owed and cannot be composed is a mistake of ours."""
    return _composers[kind]
