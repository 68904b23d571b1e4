"""What a person has to look at, raised once."""

import structlog
from sqlalchemy.dialects.postgresql import insert

from lumira.clock import utc_now
from lumira.database import db
from lumira.models import Alert
from lumira.models.columns import uuid7

log = structlog.get_logger()


def raise_alert(tenant_id: int, *, kind: str, subject: str, **details: object) -> None:
    """Raise an alert about `subject`, unless the same one was raised before."""
    raised = db.session.execute(
        insert(Alert)
        .values(
            tenant_id=tenant_id, id=uuid7(), kind=kind, subject=subject, details=details, raised_at=utc_now()
        )
        .on_conflict_do_nothing(index_elements=["tenant_id", "kind", "subject"])
        .returning(Alert.id)
    )
    if raised.first() is not None:
        log.warning("alert_raised", kind=kind, subject=subject, **details)
