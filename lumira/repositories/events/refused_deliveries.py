"""Deliveries to the webhook endpoint that were refused: counted, summed up and removed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select, tuple_
from sqlalchemy.dialects.postgresql import insert

from lumira.database import db
from lumira.models import RefusalReason, RefusedDelivery


@dataclass(frozen=True, slots=True)
class Refusals:
    """How many deliveries were refused for one reason, and when the last one was."""

    reason: RefusalReason
    number: int
    last_at: datetime


def add(tenant_id: int, reason: RefusalReason, number: int, now: datetime) -> None:
    """Add so many refused deliveries to those of this hour."""
    values = {
        "tenant_id": tenant_id,
        "hour": now.replace(minute=0, second=0, microsecond=0),
        "reason": reason,
        "number": number,
        "last_at": now,
    }
    statement = insert(RefusedDelivery).values(**values)
    db.session.execute(
        statement.on_conflict_do_update(
            index_elements=["tenant_id", "hour", "reason"],
            set_={"number": RefusedDelivery.number + number, "last_at": now},
        )
    )


def sum_up(tenant_id: int, since: datetime) -> Sequence[Refusals]:
    """Return the refused deliveries of the hours since this time, for each reason, the most frequent first."""
    number = func.sum(RefusedDelivery.number)
    query = (
        select(RefusedDelivery.reason, number, func.max(RefusedDelivery.last_at))
        .where(RefusedDelivery.tenant_id == tenant_id, RefusedDelivery.hour >= since)
        .group_by(RefusedDelivery.reason)
        .order_by(number.desc(), RefusedDelivery.reason)
    )
    return [Refusals(*row) for row in db.session.execute(query)]


def remove_old(tenant_id: int, before: datetime, *, limit: int) -> int:
    """Remove the counts of hours before this time; return how many."""
    key = (RefusedDelivery.hour, RefusedDelivery.reason)
    old = select(*key).where(RefusedDelivery.tenant_id == tenant_id, RefusedDelivery.hour < before)
    removed = db.session.execute(
        delete(RefusedDelivery)
        .where(RefusedDelivery.tenant_id == tenant_id, tuple_(*key).in_(old.limit(limit)))
        .returning(RefusedDelivery.hour)
        .execution_options(synchronize_session=False)
    )
    return len(removed.all())
