"""Which tenants have work that is due: looked up across all of them, ids only."""

from datetime import datetime

from sqlalchemy import text

from lumira.database import atomic, db


def tenants_with_due_events(now: datetime) -> list[int]:
    """Tenants with an event that waits for its handling or its next try."""
    return _ids("SELECT lumira_tenants_with_due_events(:now)", now)


def tenants_with_due_messages(now: datetime) -> list[int]:
    """Tenants with a message that waits for its sending or its next try."""
    return _ids("SELECT lumira_tenants_with_due_messages(:now)", now)


def tenants_with_due_refunds(now: datetime) -> list[int]:
    """Tenants with a refund that was decided and waits for its sending or its next try."""
    return _ids("SELECT lumira_tenants_with_due_refunds(:now)", now)


def tenants_with_unsent_alerts(now: datetime) -> list[int]:
    """Tenants with an alert that their team is still to be told of."""
    return _ids("SELECT lumira_tenants_with_unsent_alerts(:now)", now)


def _ids(query: str, now: datetime) -> list[int]:
    with atomic(None):
        return list(db.session.execute(text(query), {"now": now}).scalars())
