"""The registry of composers: one for each kind of message."""

from collections.abc import Callable
from dataclasses import dataclass

from lumira.domain import messages
from lumira.models import Customer, Language, MessageKind, Order, OutboxMessage, Tenant
from lumira.notifications.draft import Draft, Postponed


@dataclass(frozen=True, slots=True)
class MessageContext:
    """What a composer works with: the claimed message, its order, fully loaded, and the order's customer.

    The customer is the one that the order belongs to now, merges followed; `None` for an order without an address.
    `is_preview` if an operator looks at the message: it then has no link that opens anything.
    """

    tenant: Tenant
    order: Order
    message: OutboxMessage
    customer: Customer | None
    language: Language
    is_preview: bool = False

    @property
    def lacks_recipient(self) -> bool:
        """Whether it is for a buyer whose address is unknown."""
        is_unknown = self.customer is None or self.order.customer_email is None
        return is_unknown and not messages.is_for_team(self.message.kind)


#: Composes a message from the current state of its order; `None` if the message is superseded.
Composer = Callable[[MessageContext], Draft | Postponed | None]

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
    """Return the composer of this kind; `KeyError` for a kind without one, which is a programming error."""
    return _composers[kind]
