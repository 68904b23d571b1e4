"""Whose turn it is to write to a tenant's CRM. Inside the caller's transaction."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from lumira.clock import utc_now
from lumira.database import db
from lumira.models import CrmLane

#: Much longer than a call may take, which is half a minute: a process that is stopped for longer has lost its turn.
LEASE = timedelta(minutes=3)
#: What a lane is after a turn whose calls were accepted.
RECOVERED: dict[str, Any] = {"failures": 0, "failing_since": None, "problem": None, "problem_text": None}


def acquire(tenant_id: int, *, pace: timedelta) -> int | None:
    """Begin a turn and return its token; `None` while another process has its turn, or none is due.

    The next turn begins after `pace` at the earliest.
    """
    now = utc_now()
    values = {"leased_until": now + LEASE, "next_turn_at": now + pace}
    statement = insert(CrmLane).values(tenant_id=tenant_id, token=1, failures=0, **values)
    acquired = db.session.execute(
        statement.on_conflict_do_update(
            index_elements=["tenant_id"],
            set_={"token": CrmLane.token + 1, **values},
            where=(CrmLane.leased_until <= now) & (CrmLane.next_turn_at <= now),
        ).returning(CrmLane.token)
    )
    return acquired.scalar_one_or_none()


def renew(tenant_id: int, token: int) -> datetime | None:
    """Extend a turn and return until when; `None` if another one began meanwhile."""
    until = utc_now() + LEASE
    return until if _change(tenant_id, token, leased_until=until) else None


def release(tenant_id: int, token: int, **values: Any) -> bool:
    """End a turn; `False` if another one began meanwhile, and nothing is recorded."""
    return _change(tenant_id, token, leased_until=utc_now(), **values)


def find(tenant_id: int) -> CrmLane | None:
    """Return the tenant's lane; `None` if nothing was ever to be written."""
    return db.session.execute(
        select(CrmLane).where(CrmLane.tenant_id == tenant_id).execution_options(populate_existing=True)
    ).scalar_one_or_none()


def end_pause(tenant_id: int) -> None:
    """Let the next turn begin at once: the cause of the failures was corrected."""
    now = utc_now()
    db.session.execute(
        update(CrmLane)
        .where(CrmLane.tenant_id == tenant_id, CrmLane.next_turn_at > now)
        .values(next_turn_at=now)
        .execution_options(synchronize_session=False)
    )


def _change(tenant_id: int, token: int, **values: Any) -> bool:
    changed = db.session.execute(
        update(CrmLane)
        .where(CrmLane.tenant_id == tenant_id, CrmLane.token == token)
        .values(**values)
        .returning(CrmLane.token)
        .execution_options(synchronize_session=False)
    )
    return changed.first() is not None
