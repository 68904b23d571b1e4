"""Which tenants have due work: looked up across all tenants, ids only."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import Connection, DateTime, Function, ScalarSelect, bindparam, func, select, text
from sqlalchemy.exc import DBAPIError

from lumira.database import atomic, db
from lumira.database_failures import is_of_other_server
from lumira.domain.poll_schedule import RESERVATION_GRACE
from lumira.repositories.tenants import tenants

log = structlog.get_logger()

#: The kinds of work that are counted, each with the function of the database that returns its tenants.
KINDS = {
    "events": func.lumira_tenants_with_due_events,
    "messages": func.lumira_tenants_with_due_messages,
    "refunds": func.lumira_tenants_with_due_refunds,
    "polls": func.lumira_tenants_with_due_polls,
    "alerts": func.lumira_tenants_with_unsent_alerts,
    "invitations": func.lumira_tenants_with_unsent_invitations,
}


def _count_of(finds: Callable[..., Function[Any]]) -> ScalarSelect[int]:
    """Select how many of the tenants that a function returns are not frozen: no work is done for those that are."""
    due = finds(bindparam("due_before", type_=DateTime(True))).table_valued("tenant_id").render_derived("due")
    is_active = due.c.tenant_id.not_in(select(func.lumira_frozen_tenants()))
    return select(func.count()).select_from(due).where(is_active).scalar_subquery()


_COUNTS = select(*(_count_of(finds).label(kind) for kind, finds in KINDS.items()))


def tenants_with_due_events(now: datetime) -> list[int]:
    """Return ids of tenants with an event whose next attempt is due."""
    return _ids("lumira_tenants_with_due_events(:now)", now)


def tenants_with_due_messages(now: datetime) -> list[int]:
    """Return ids of tenants with a message whose next attempt is due."""
    return _ids("lumira_tenants_with_due_messages(:now)", now)


def tenants_with_due_refunds(now: datetime) -> list[int]:
    """Return ids of tenants with a refund request whose next attempt is due."""
    return _ids("lumira_tenants_with_due_refunds(:now)", now)


def tenants_with_due_evidence(now: datetime) -> list[int]:
    """Return ids of tenants with a response to a dispute whose next attempt is due."""
    return _ids("lumira_tenants_with_due_evidence(:now)", now)


def tenants_with_due_polls(now: datetime) -> list[int]:
    """Return ids of tenants with an order about which Stripe is to be polled."""
    return _ids("lumira_tenants_with_due_polls(:now)", now)


def tenants_with_ended_reservations(now: datetime) -> list[int]:
    """Return ids of tenants with an order to be polled whose reservation ended more than the grace time ago."""
    query = "lumira_tenants_with_ended_reservations(:ended_before, :now)"
    return _ids(query, now, ended_before=now - RESERVATION_GRACE)


def tenants_with_unsent_alerts(now: datetime) -> list[int]:
    """Return ids of tenants with an alert that is still to be sent to their team."""
    return _ids("lumira_tenants_with_unsent_alerts(:now)", now)


def tenants_with_due_team_posts(now: datetime) -> list[int]:
    """Return ids of tenants with an alert that is still to be posted to their team's webhook."""
    return _ids("lumira_tenants_with_due_team_posts(:now)", now)


def tenants_with_due_crm_reading(now: datetime) -> list[int]:
    """Return ids of tenants whose CRM is to be read: a record of it, or a page of its changes."""
    return _ids("lumira_tenants_with_due_crm_reading(:now)", now)


def tenants_with_unsent_invitations(now: datetime) -> list[int]:
    """Return ids of tenants with an invitation to their team that is still to be sent."""
    return _ids("lumira_tenants_with_unsent_invitations(:now)", now)


def tenants_with_due_crm_tasks(now: datetime) -> list[int]:
    """Return ids of tenants with a record that is to be written to their CRM."""
    return _ids("lumira_tenants_with_due_crm_tasks(:now)", now)


def tenants_with_due_accounting_files(now: datetime) -> list[int]:
    """Return ids of tenants with a file for the accountant that is to be prepared."""
    return _ids("lumira_tenants_with_due_accounting_files(:now)", now)


def count_tenants(due_before: datetime, connection: Connection) -> dict[str, int]:
    """Return how many tenants have work of each kind that was due at this time."""
    return dict(connection.execute(_COUNTS, {"due_before": due_before}).mappings().one())


def _ids(found: str, now: datetime, **times: datetime) -> list[int]:
    """Return what a function of the database found, without the tenants whose rows cannot be changed."""
    query = f"SELECT id FROM {found} AS id WHERE id NOT IN (SELECT lumira_frozen_tenants())"  # noqa: S608 - constants
    try:
        with atomic(None):
            return list(db.session.execute(text(query), {"now": now, **times}).scalars())
    except DBAPIError as error:
        if not is_of_other_server(error):
            raise
        # Which of its tenants have due work is unknown. Each tenant is tried, so that those of the others are served.
        log.warning("database_server_absent")
    with atomic(None):
        return tenants.list_active_ids()
