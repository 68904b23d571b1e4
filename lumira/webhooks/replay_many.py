"""Process many stored events again, chosen by a filter, by the decision of an operator."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from lumira.database import atomic
from lumira.models import EventStatus
from lumira.repositories.events import event_lists
from lumira.repositories.events.event_lists import ListedEvent
from lumira.services.events.view_events import EventSearch, criteria_of
from lumira.webhooks.replay_events import replay_events

#: Events that one form replays.
MOST_REPLAYED = 500
#: Events that one transaction makes due: workers must not wait long for the rows.
_BATCH = 100
#: States in which processing an event again may change something. A processed event has no new fact.
REPLAYABLE = (EventStatus.FAILED, EventStatus.PARKED, EventStatus.IGNORED, EventStatus.FOREIGN)


@dataclass(frozen=True, slots=True)
class ReplayableEvents:
    """How many events one form would replay, by type; the newest of them, and whether there are more."""

    by_type: Mapping[str, int]
    newest: UUID | None
    has_more: bool

    @property
    def number(self) -> int:
        """How many there are in all."""
        return sum(self.by_type.values())


def find_replayable(tenant_id: int, search: EventSearch) -> ReplayableEvents:
    """Return the events that match the search and still have their payload: the newest, up to `MOST_REPLAYED`.

    None for a state that is not in `REPLAYABLE`.
    """
    found = _list(tenant_id, search, until=None, limit=MOST_REPLAYED + 1)
    chosen = found[:MOST_REPLAYED]
    return ReplayableEvents(
        by_type=Counter(event.type for event in chosen),
        newest=chosen[0].id if chosen else None,
        has_more=len(found) > MOST_REPLAYED,
    )


def replay_many(tenant_id: int, search: EventSearch, *, until: UUID, actor: str) -> int:
    """Replay the events that `find_replayable` counted, up to the one with the id `until`; return how many there were.

    An event that was received since then is not among them: the operator has not seen it.
    """
    found = _list(tenant_id, search, until=until, limit=MOST_REPLAYED)
    event_ids = [event.id for event in reversed(found)]
    return sum(
        replay_events(tenant_id, event_ids[first : first + _BATCH], actor=actor)
        for first in range(0, len(event_ids), _BATCH)
    )


def _list(tenant_id: int, search: EventSearch, *, until: UUID | None, limit: int) -> list[ListedEvent]:
    if search.status not in REPLAYABLE:
        return []
    with atomic(tenant_id):
        wanted = criteria_of(tenant_id, replace(search, text="", before=None), None)
        last = min((each for each in (wanted.last, until) if each is not None), default=None)
        return event_lists.list_page(tenant_id, replace(wanted, last=last, has_payload=True), limit=limit)
