"""How Stripe's events arrive and are processed: the health of a webhook endpoint, and figures by day or hour."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from lumira.clock import utc_now
from lumira.database import atomic, plan_for_values
from lumira.domain.days import begin_of
from lumira.repositories.events import event_figures, refused_deliveries
from lumira.repositories.events.event_figures import MOST_COUNTED, Deliveries, Durations
from lumira.repositories.events.refused_deliveries import Refusals
from lumira.repositories.tenants import overview, tenants

#: Refused deliveries are shown for so long.
REFUSED_WITHIN = timedelta(days=7)
_HOURS, _DAYS = 24, 30


class Span(StrEnum):
    """Which figures are shown: of each of the last 24 hours, or of each of the last 30 days."""

    HOURS = "hours"
    DAYS = "days"


@dataclass(frozen=True, slots=True)
class Figures:
    """One day or hour, which begins at `at`: how many events arrived, and how long they took, if any was handled.

    `received` is at most `MOST_COUNTED`; `is_more` if there were more.
    """

    at: datetime
    received: int
    is_more: bool
    took: Durations | None


@dataclass(frozen=True, slots=True)
class EndpointHealth:
    """How events arrive and are processed; `failed` up to `overview.MOST_COUNTED` and one more."""

    deliveries: Deliveries
    #: When the event arrived that has waited longest to be processed.
    longest_due: datetime | None
    failed: int
    #: Of the last seven days, the most frequent reason first.
    refused: Sequence[Refusals]
    figures: Sequence[Figures]


def view_health(tenant_id: int, span: Span) -> EndpointHealth:
    """Return the health of the endpoint, with the figures of the last hours or days, oldest first."""
    with atomic(tenant_id):
        # Planned for the times that are asked for: for any times, all months might be read.
        plan_for_values()
        now = utc_now()
        edges = _edges(span, now, ZoneInfo(tenants.get(tenant_id).time_zone))
        counts = event_figures.count_received(tenant_id, edges)
        took = event_figures.measure(tenant_id, edges)
        return EndpointHealth(
            deliveries=event_figures.find_deliveries(tenant_id),
            longest_due=event_figures.find_longest_due(tenant_id),
            failed=overview.count_waiting(tenant_id).failed_events,
            refused=refused_deliveries.sum_up(tenant_id, now - REFUSED_WITHIN),
            figures=[
                Figures(edges[place], min(number, MOST_COUNTED), number > MOST_COUNTED, took.get(place))
                for place, number in enumerate(counts)
            ],
        )


def _edges(span: Span, now: datetime, zone: ZoneInfo) -> list[datetime]:
    """Where the days or hours begin, in the tenant's zone, and where the last one ends."""
    local = now.astimezone(zone)
    if span is Span.DAYS:
        first = local.date() - timedelta(days=_DAYS - 1)
        days = [first + timedelta(days=number) for number in range(_DAYS + 1)]
        return [begin_of(day, zone) for day in days]
    # In UTC, where an hour after another is always sixty minutes later.
    this_hour = local.replace(minute=0, second=0, microsecond=0).astimezone(UTC)
    return [this_hour - timedelta(hours=_HOURS - 1 - number) for number in range(_HOURS + 1)]
