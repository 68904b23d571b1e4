"""Which handler knows what to do with which type of event."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lumira.models import Order


@dataclass(frozen=True, slots=True)
class EventObject:
    """What an event says: its object, and when Stripe said it (whole seconds, so never used to order)."""

    object: Mapping[str, Any]
    at: datetime | None


#: Notes what was told as facts on a loaded order, without a query and without a decision. Reads the object
#: whole before it notes anything, and raises `MalformedObject` if it makes no sense.
Handler = Callable[[Order, EventObject], None]

_handlers: dict[str, Handler] = {}


def handles(*event_types: str) -> Callable[[Handler], Handler]:
    """Register a handler for these types of event."""

    def register(handler: Handler) -> Handler:
        for event_type in event_types:
            if event_type in _handlers:
                raise ValueError(f"{event_type} has a handler already.")
            _handlers[event_type] = handler
        return handler

    return register


def find_handler(event_type: str) -> Handler | None:
    """The handler of this type, or `None`: then the event is kept and ignored."""
    return _handlers.get(event_type)


def handled_types() -> list[str]:
    """Every type of event that acts."""
    return sorted(_handlers)
