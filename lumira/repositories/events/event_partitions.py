"""The monthly partitions of Stripe's events: created ahead, and dropped as a whole once every event is handled.

The owner's functions do both; they give up after half a second if a lock is taken, and are called again an hour later.
"""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import text

from lumira.database import db

#: What `lumira_drop_event_partition` returns for a month with an event that is not handled.
_UNHANDLED = -1
_MONTH = re.compile(r"webhook_events_(\d{4})_(\d{2})")
_NAMES = text(
    "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'webhook_events'::regclass ORDER BY 1"
)


def create_around(now: datetime) -> int:
    """Create the missing months from the last one to three months ahead; return how many events waited for one.

    They were stored all the same, in the default partition.
    """
    return create_between(now - timedelta(days=31), now + timedelta(days=92))


def create_between(first: datetime, last: datetime) -> int:
    """Create the missing months between two times; return how many events waited for one."""
    moved = 0
    for month in _months(first, last):
        moved += int(
            db.session.execute(
                text("SELECT lumira_create_event_partition(:month)"), {"month": month}
            ).scalar_one()
        )
    return moved


def _months(first: datetime, last: datetime) -> Iterator[datetime]:
    month = first.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    while month <= last:
        yield month
        month = (month + timedelta(days=32)).replace(day=1)


def list_older(before: datetime) -> list[str]:
    """Return the names of the months that ended at this time or earlier, oldest first."""
    newest = f"webhook_events_{before:%Y_%m}"
    names = db.session.execute(_NAMES).scalars()
    return [name for name in names if _MONTH.fullmatch(name) and name < newest]


def drop(name: str) -> int | None:
    """Drop one old month, and return how many events it had; `None` if one of them is not handled."""
    events = db.session.execute(
        text("SELECT lumira_drop_event_partition(:name)"), {"name": name}
    ).scalar_one()
    return None if events == _UNHANDLED else int(events)


def remove_from_default(tenant_id: int, before: datetime, *, limit: int) -> int:
    """Remove a tenant's old handled events that no month covers, such as those without a time; return how many."""
    statement = text("SELECT lumira_remove_default_events(:tenant, :before, :limit)")
    values = {"tenant": tenant_id, "before": before, "limit": limit}
    return int(db.session.execute(statement, values).scalar_one())
