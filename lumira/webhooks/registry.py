"""The handlers of Stripe's event types."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lumira.domain.stripe.balance import NamedMovement, PayoutFacts
from lumira.models import Order


@dataclass(frozen=True, slots=True)
class EventObject:
    """The object of an event, `data.object`, as it was when Stripe created the event."""

    object: Mapping[str, Any]
    #: When Stripe created the event: in whole seconds, so it is never used to order events.
    reported_at: datetime | None
    #: When the event is processed: the time of every fact that Stripe does not date.
    now: datetime


#: Records the object as facts on a loaded order, without a query and without a decision. Reads the whole object
#: before it records anything, and raises `MalformedObject` if it cannot be read.
Handler = Callable[[Order, EventObject], None]

#: Reads what an event says about the balance of the account, which belongs to no order; `None` if it says nothing.
#: Raises `MalformedObject` if the object cannot be read.
BalanceHandler = Callable[[EventObject], NamedMovement | PayoutFacts | None]

_handlers: dict[str, Handler] = {}
_balance_handlers: dict[str, BalanceHandler] = {}


def handles(*event_types: str) -> Callable[[Handler], Handler]:
    """Register a function as the handler of these event types."""

    def register(handler: Handler) -> Handler:
        for event_type in event_types:
            if event_type in _handlers:
                raise ValueError(f"{event_type} has a handler already.")
            _handlers[event_type] = handler
        return handler

    return register


def handles_balance(*event_types: str) -> Callable[[BalanceHandler], BalanceHandler]:
    """Register a function as the handler of these event types, which are about the balance and no order."""

    def register(handler: BalanceHandler) -> BalanceHandler:
        for event_type in event_types:
            if event_type in _handlers or event_type in _balance_handlers:
                raise ValueError(f"{event_type} has a handler already.")
            _balance_handlers[event_type] = handler
        return handler

    return register


def find_balance_handler(event_type: str) -> BalanceHandler | None:
    """Return the handler of this event type, if it is about the balance."""
    return _balance_handlers.get(event_type)


def find_handler(event_type: str) -> Handler | None:
    """Return the handler of this event type; `None` if its events change no order."""
    return _handlers.get(event_type)


def counted_as(event_type: str) -> str:
    """Return the type under which an event is counted: its own if it has a handler, of which there are few."""
    return event_type if event_type in _handlers or event_type in _balance_handlers else "other"


def handled_types() -> list[str]:
    """Return every event type that has a handler, sorted."""
    return sorted((*_handlers, *_balance_handlers))


def pulled_types() -> list[str]:
    """Return the event types that are read from Stripe if no webhook delivered them, sorted.

    Those about the balance are not: what they report is read from the balance itself.
    """
    return sorted(_handlers)
