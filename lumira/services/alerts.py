"""What a person has to look at, raised once until it is resolved."""

import structlog
from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert

from lumira.clock import utc_now
from lumira.database import db
from lumira.models import Alert
from lumira.models.columns import uuid7

log = structlog.get_logger()


def raise_alert(tenant_id: int, *, kind: str, subject: str, **details: object) -> None:
    """Raise an alert about `subject`, unless the same one is open; one that was resolved is raised anew."""
    values = {"details": details, "raised_at": utc_now()}
    raised = db.session.execute(
        insert(Alert)
        .values(tenant_id=tenant_id, id=uuid7(), kind=kind, subject=subject, **values)
        .on_conflict_do_update(
            index_elements=["tenant_id", "kind", "subject"],
            set_=values | {"resolved_at": None},
            where=Alert.resolved_at.is_not(None),
        )
        .returning(Alert.id)
    )
    if raised.first() is not None:
        log.warning("alert_raised", kind=kind, subject=subject, **details)


def resolve(tenant_id: int, *, kind: str, subject: str) -> None:
    """Close the alert about `subject`, if it is open: what it was about is decided."""
    db.session.execute(
        update(Alert)
        .where(
            Alert.tenant_id == tenant_id,
            Alert.kind == kind,
            Alert.subject == subject,
            Alert.resolved_at.is_(None),
        )
        .values(resolved_at=utc_now())
        .execution_options(synchronize_session=False)
    )
