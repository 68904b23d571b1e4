"""Stored events, parsed once: what finding the order, checking and handling need of them."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from lumira.clock import utc_now
from lumira.domain.stripe.objects import MalformedObject
from lumira.models import WebhookEvent
from lumira.webhooks import handlers  # noqa: F401 - importing the handlers registers them
from lumira.webhooks.references import Reference, read_reference
from lumira.webhooks.registry import BalanceHandler, EventObject, Handler, find_balance_handler, find_handler


@dataclass(frozen=True, slots=True)
class ParsedContent:
    """The readable content of an event."""

    event_object: EventObject
    reference: Reference
    #: The mode that the event states, and the one that its object states: both have to be the order's.
    livemodes: tuple[object, object]


@dataclass(frozen=True, slots=True)
class ParsedEvent:
    """One event of the inbox, as far as its type has a handler."""

    id: UUID
    type: str
    account: str | None
    api_version: str | None
    #: `None` if events of this type change no order; without a handler for the balance, too, they are ignored, and
    #: the content is not parsed either.
    handler: Handler | None
    content: ParsedContent | None
    #: The name of the field that makes the content unusable.
    malformed_field: str | None = None
    balance_handler: BalanceHandler | None = None


def parse_event(event: WebhookEvent) -> ParsedEvent:
    """Return what processing needs of a stored event. Raises nothing: a malformed event says so itself."""
    handler = find_handler(event.type)
    balance_handler = find_balance_handler(event.type) if handler is None else None
    content, malformed_field = None, None
    if handler is not None or balance_handler is not None:
        try:
            content = _parse_content(event)
        except MalformedObject as error:
            malformed_field = str(error)
    return ParsedEvent(
        id=event.id,
        type=event.type,
        account=event.stripe_account,
        api_version=event.api_version,
        handler=handler,
        content=content,
        malformed_field=malformed_field,
        balance_handler=balance_handler,
    )


def _parse_content(event: WebhookEvent) -> ParsedContent:
    stripe_object = _object_of(event)
    return ParsedContent(
        event_object=EventObject(stripe_object, event.stripe_created_at, utc_now()),
        reference=read_reference(stripe_object),
        livemodes=(event.livemode, stripe_object.get("livemode", event.livemode)),
    )


def _object_of(event: WebhookEvent) -> dict[str, Any]:
    data = event.payload.get("data")
    stripe_object = data.get("object") if isinstance(data, dict) else None
    if not isinstance(stripe_object, dict):
        raise MalformedObject("data.object")
    if event.livemode is None:
        raise MalformedObject("livemode")
    return stripe_object
