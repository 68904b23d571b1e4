"""Which tenants have due work: looked up across all tenants, ids only."""

from datetime import datetime

from sqlalchemy import text

from lumira.database import atomic, db


def tenants_with_due_events(now: datetime) -> list[int]:
    """Return ids of tenants with an event whose next attempt is due."""
    return _ids("SELECT lumira_tenants_with_due_events(:now)", now)


def tenants_with_due_messages(now: datetime) -> list[int]:
    """Return ids of tenants with a message whose next attempt is due."""
    return _ids("SELECT lumira_tenants_with_due_messages(:now)", now)


def tenants_with_due_refunds(now: datetime) -> list[int]:
    """Return ids of tenants with a refund request whose next attempt is due."""
    return _ids("SELECT lumira_tenants_with_due_refunds(:now)", now)


def tenants_with_unsent_alerts(now: datetime) -> list[int]:
    """Return ids of tenants with an alert that is still to be sent to their team."""
    return _ids("SELECT lumira_tenants_with_unsent_alerts(:now)", now)


def _ids(query: str, now: datetime) -> list[int]:
    with atomic(None):
        return list(db.session.execute(text(query), {"now": now}).scalars())
