"""Figures of Stripe's events for operators: how many arrived, and how long they took. Each reads a bounded number."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise, takewhile

from sqlalchemy import ARRAY, Uuid, bindparam, func, select, text

from lumira.database import constant, db
from lumira.models import EventStatus, WebhookEvent
from lumira.models.columns import uuid7_from
from lumira.repositories.audit import audit

#: Events of one day or hour that are counted: more are shown as "more than".
MOST_COUNTED = 20_000
#: Parts of a day or hour, and events of each whose durations are measured: a sample that no rush hour distorts.
_PARTS, _SAMPLED = 12, 40
#: An event arrives so long after Stripe has created it at most: Stripe lists events for 30 days.
_LATEST = timedelta(days=31)
#: The newest events among which the last delivered one is looked for.
_LOOKED_AT = 200
#: What reconciliation records about an event that no webhook delivered.
_RECOVERED = "event_recovered"


@dataclass(frozen=True, slots=True)
class Durations:
    """How long the events of one day or hour took from their arrival until they were handled, in milliseconds."""

    median: int
    #: 95 of a hundred took no longer.
    high: int


@dataclass(frozen=True, slots=True)
class Deliveries:
    """The newest events: when one was last delivered by a webhook, and how many were fetched instead, and when."""

    last_delivered_at: datetime | None
    looked_at: int
    recovered: int
    last_recovered_at: datetime | None


# The ids bound each day or hour; Stripe's time leaves out the months before. Sorted, so that their index is used.
_COUNT = text(
    "SELECT counted.number FROM unnest(:lows, :highs) WITH ORDINALITY AS span(low, high, place) "
    "CROSS JOIN LATERAL (SELECT count(*) AS number FROM (SELECT FROM webhook_events AS e "
    "WHERE e.tenant_id = :tenant_id AND e.id >= span.low AND e.id < span.high AND e.stripe_created_at >= :oldest "
    "ORDER BY e.id LIMIT :most) AS bounded) AS counted ORDER BY span.place"
).bindparams(bindparam("lows", type_=ARRAY(Uuid)), bindparam("highs", type_=ARRAY(Uuid)))

# Limited before what is not handled is left out: of a backlog, all events would be read.
_MEASURE = text(
    "SELECT (span.place - 1) / :parts AS place, "
    "percentile_disc(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY sample.processed_at - sample.received_at) AS took "
    "FROM unnest(:lows, :highs) WITH ORDINALITY AS span(low, high, place) "
    "CROSS JOIN LATERAL (SELECT e.received_at, e.processed_at FROM webhook_events AS e "
    "WHERE e.tenant_id = :tenant_id AND e.id >= span.low AND e.id < span.high AND e.stripe_created_at >= :oldest "
    "ORDER BY e.id LIMIT :sampled) AS sample WHERE sample.processed_at IS NOT NULL GROUP BY 1"
).bindparams(bindparam("lows", type_=ARRAY(Uuid)), bindparam("highs", type_=ARRAY(Uuid)))


def count_received(tenant_id: int, edges: Sequence[datetime]) -> list[int]:
    """Return how many events arrived between each time and the next one, up to `MOST_COUNTED` and one more."""
    rows = db.session.execute(_COUNT, _spans(tenant_id, edges) | {"most": MOST_COUNTED + 1})
    return list(rows.scalars())


def measure(tenant_id: int, edges: Sequence[datetime]) -> dict[int, Durations]:
    """Return how long events took, by the place of the time between which and the next one they arrived.

    Measured on a sample. An event that was replayed took until then.
    """
    parts = [
        before + (after - before) * part / _PARTS
        for before, after in pairwise(edges)
        for part in range(_PARTS)
    ]
    values = _spans(tenant_id, [*parts, edges[-1]]) | {"parts": _PARTS, "sampled": _SAMPLED}
    return {
        row.place: Durations(*(round(took / timedelta(milliseconds=1)) for took in row.took))
        for row in db.session.execute(_MEASURE, values)
    }


def _spans(tenant_id: int, edges: Sequence[datetime]) -> dict[str, object]:
    ids = [uuid7_from(edge) for edge in edges]
    return {"tenant_id": tenant_id, "lows": ids[:-1], "highs": ids[1:], "oldest": edges[0] - _LATEST}


def find_deliveries(tenant_id: int) -> Deliveries:
    """Return how the newest events arrived."""
    query = (
        select(WebhookEvent.stripe_event_id, WebhookEvent.received_at)
        .where(WebhookEvent.tenant_id == tenant_id)
        .order_by(WebhookEvent.id.desc())
        .limit(constant(_LOOKED_AT))
    )
    arrived = {f"event:{row.stripe_event_id}": row.received_at for row in db.session.execute(query)}
    recovered = audit.find_last(tenant_id, action=_RECOVERED, subjects=list(arrived))
    delivered = [at for subject, at in arrived.items() if subject not in recovered]
    return Deliveries(
        last_delivered_at=max(delivered, default=None),
        looked_at=len(arrived),
        recovered=len(recovered),
        last_recovered_at=max(recovered.values(), default=None),
    )


def find_longest_due(tenant_id: int) -> datetime | None:
    """Return when the event arrived that has waited longest to be processed; `None` if none waits.

    Looked for among the first that are due, so that one is found that is retried behind those that arrived later.
    """
    first = (
        select(WebhookEvent.received_at)
        .where(WebhookEvent.tenant_id == tenant_id, WebhookEvent.status == constant(EventStatus.RECEIVED))
        .order_by(WebhookEvent.next_attempt_at)
        .limit(constant(_LOOKED_AT))
        .subquery()
    )
    longest: datetime | None = db.session.execute(select(func.min(first.c.received_at))).scalar_one()
    return longest


def find_undelivered_since(tenant_id: int) -> datetime | None:
    """Return since when every event had to be fetched from Stripe; `None` if a webhook delivered the newest one.

    Looked for among the newest events: a shop without payments has none that could be missing.
    """
    query = (
        select(WebhookEvent.is_pulled, WebhookEvent.received_at)
        .where(WebhookEvent.tenant_id == tenant_id)
        .order_by(WebhookEvent.id.desc())
        .limit(constant(_LOOKED_AT))
    )
    undelivered = list(takewhile(lambda row: row.is_pulled, db.session.execute(query)))
    since: datetime | None = undelivered[-1].received_at if undelivered else None
    return since
