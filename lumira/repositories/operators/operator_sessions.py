"""Sessions of operators: found by the hash of their token, ended, listed and removed."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select, text, update

from lumira import operator_tokens
from lumira.database import db
from lumira.models import OperatorReset, OperatorSession
from lumira.models.columns import uuid7


def begin(
    operator_id: UUID, token: str, *, device: str, now: datetime, expires_at: datetime
) -> OperatorSession:
    """Begin a session of the entered operator."""
    session = OperatorSession(
        operator_id=operator_id,
        id=uuid7(),
        token_digest=operator_tokens.digest(token),
        device=device,
        created_at=now,
        last_seen_at=now,
        authenticated_at=now,
        expires_at=expires_at,
    )
    db.session.add(session)
    db.session.flush()
    return session


def enter(token: str) -> UUID | None:
    """Enter the operator whose session has this token, live or not, and return the operator's id."""
    entered = db.session.execute(
        text("SELECT lumira_set_operator(lumira_find_operator_of_session(:digest))"),
        {"digest": operator_tokens.digest(token)},
    ).scalar_one()
    return UUID(entered) if entered else None


def find(operator_id: UUID, token: str) -> OperatorSession | None:
    """Return the session of the entered operator with this token."""
    return db.session.execute(
        select(OperatorSession).where(
            OperatorSession.operator_id == operator_id,
            OperatorSession.token_digest == operator_tokens.digest(token),
        )
    ).scalar_one_or_none()


def get(operator_id: UUID, session_id: UUID) -> OperatorSession | None:
    """Return a session of the entered operator by its id."""
    return db.session.get(OperatorSession, (operator_id, session_id))


def list_sessions(operator_id: UUID) -> Sequence[OperatorSession]:
    """List the sessions of the entered operator, newest first."""
    query = select(OperatorSession).where(OperatorSession.operator_id == operator_id)
    return db.session.execute(query.order_by(OperatorSession.id.desc())).scalars().all()


def end(
    operator_id: UUID, now: datetime, *, only: UUID | None = None, besides: UUID | None = None
) -> Sequence[UUID]:
    """End all sessions of the entered operator, `only` one, or all `besides` one; return which were ended."""
    statement = update(OperatorSession).where(
        OperatorSession.operator_id == operator_id, OperatorSession.ended_at.is_(None)
    )
    if only is not None:
        statement = statement.where(OperatorSession.id == only)
    if besides is not None:
        statement = statement.where(OperatorSession.id != besides)
    ended = statement.values(ended_at=now).returning(OperatorSession.id)
    return db.session.execute(ended.execution_options(synchronize_session=False)).scalars().all()


def list_operators_with_old(before: datetime) -> Sequence[UUID]:
    """List the operators with a session that expired before this time; callable outside any operator."""
    query = text("SELECT lumira_operators_with_old_sessions(:before)")
    return db.session.execute(query, {"before": before}).scalars().all()


def remove_old(operator_id: UUID, before: datetime) -> int:
    """Remove sessions and resets of the entered operator that expired before this time; return how many."""
    removed = 0
    for model in (OperatorSession, OperatorReset):
        statement = delete(model).where(model.operator_id == operator_id, model.expires_at < before)
        removed += len(db.session.execute(statement.returning(model.id)).all())
    return removed
