"""What the pages of Stripe's events show besides the events themselves."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from lumira.domain.redaction import without_personal_data
from lumira.formats import last_line
from lumira.models import EventStatus, Language, WebhookEvent
from lumira.pages.dashboard import actors
from lumira.pages.dashboard.stripe_links import url_at_stripe
from lumira.pages.dashboard.texts import TEXTS
from lumira.repositories.events.event_lists import ListedEvent
from lumira.services.events.view_events import EventView

#: What the list filters by.
STATUSES = tuple(EventStatus)
#: Characters of an error and of a payload that are shown.
_SHOWN_ERROR, _WHOLE_ERROR, _SHOWN_PAYLOAD = 200, 4_000, 50_000


def status_of(text: str) -> EventStatus | None:
    """Return the status with this name; `None` for all of them, also for an unknown name."""
    return EventStatus(text) if text in STATUSES else None


def short_error(error: str | None) -> str:
    """Return the last line of an error, which says what it is; empty without an error."""
    return last_line(error, _SHOWN_ERROR)


def explain(event: ListedEvent | WebhookEvent, language: Language) -> str:
    """Return why an event is in its state, and what to do."""
    words: Mapping[str, str] = TEXTS[language]["webhooks"]["reasons"]
    # An event that is retried after an error has no reason yet.
    reason = "error" if event.status is EventStatus.RECEIVED and event.last_error else event.reason
    return words.get(f"{event.status}_{reason}", words[event.status])


@dataclass(frozen=True, slots=True)
class EventPage:
    """One event as an operator sees it."""

    view: EventView
    language: Language

    @property
    def advice(self) -> str:
        """Why the event is in its state, and what to do."""
        return explain(self.view.event, self.language)

    @property
    def payload(self) -> str | None:
        """The payload without personal data, as JSON; `None` if it was removed."""
        if self.view.event.payload_removed_at is not None:
            return None
        # A payload may hold a lone surrogate, which only its escape can show.
        redacted = json.dumps(without_personal_data(self.view.event.payload), indent=2, ensure_ascii=True)
        return redacted[:_SHOWN_PAYLOAD]

    @property
    def whole_error(self) -> str:
        """The last error with what led to it."""
        return (self.view.event.last_error or "")[-_WHOLE_ERROR:]

    @property
    def at_stripe(self) -> str | None:
        """The URL at which Stripe's Dashboard shows the event."""
        event = self.view.event
        account = self.view.tenant.stripe_account
        return url_at_stripe(event.stripe_event_id, account=account, livemode=bool(event.livemode))

    def action(self, name: str) -> str:
        """Return the word for what an operator did; its stored name if there is none."""
        words: Mapping[str, str] = TEXTS[self.language]["webhooks"]["actions"]
        return words.get(name, name)

    def actor(self, actor: str) -> str:
        """Return who acted, as the team knows them."""
        return actors.name_of(actor, self.view.operators, self.language)
