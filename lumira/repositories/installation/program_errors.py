"""Unexpected errors by kind: counted, listed, resolved and removed, for one tenant or for the installation."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from lumira.database import constant, db
from lumira.domain.list_position import Position
from lumira.models import ProgramError


def add(tenant_id: int, **values: object) -> None:
    """Add occurrences of one kind: a new row, or the sum with the present one, which is open again.

    `values` are the columns of a new row. The description of the last occurrence replaces the one before.
    """
    statement = insert(ProgramError).values(tenant_id=tenant_id, **values)
    new = statement.excluded
    db.session.execute(
        statement.on_conflict_do_update(
            index_elements=["tenant_id", "id"],
            set_={
                "error_type": new.error_type,
                "place": new.place,
                "message": new.message,
                "traceback": new.traceback,
                "release": new.release,
                "occurrences": ProgramError.occurrences + new.occurrences,
                "first_at": func.least(ProgramError.first_at, new.first_at),
                "last_at": func.greatest(ProgramError.last_at, new.last_at),
                "last_request_id": func.coalesce(new.last_request_id, ProgramError.last_request_id),
                "resolved_at": None,
            },
        )
    )


def find(tenant_id: int, error_id: UUID) -> ProgramError | None:
    """Return the row of one kind, or `None`."""
    return db.session.get(ProgramError, (tenant_id, error_id))


def list_page(
    tenant_id: int, *, is_resolved: bool | None, before: Position | None = None, limit: int
) -> Sequence[ProgramError]:
    """List the open kinds by their last occurrence, newest first, or the resolved ones; with `None` both."""
    query = select(ProgramError).where(ProgramError.tenant_id == tenant_id)
    if is_resolved is not None:
        resolved_at = ProgramError.resolved_at
        query = query.where(resolved_at.is_not(None) if is_resolved else resolved_at.is_(None))
    if before is not None:
        query = query.where(tuple_(ProgramError.last_at, ProgramError.id) < tuple_(before.at, before.id))
    newest = query.order_by(ProgramError.last_at.desc(), ProgramError.id.desc()).limit(constant(limit))
    return db.session.execute(newest).scalars().all()


def resolve(tenant_id: int, error_id: UUID, now: datetime) -> bool:
    """Resolve one kind; return whether it was open."""
    resolved = db.session.execute(
        update(ProgramError)
        .where(
            ProgramError.tenant_id == tenant_id,
            ProgramError.id == error_id,
            ProgramError.resolved_at.is_(None),
        )
        .values(resolved_at=now)
        .returning(ProgramError.id)
        .execution_options(synchronize_session=False)
    )
    return resolved.first() is not None


def resolve_silent(tenant_id: int, before: datetime, now: datetime) -> Sequence[UUID]:
    """Resolve the kinds that last occurred before this time; return them."""
    resolved = db.session.execute(
        update(ProgramError)
        .where(
            ProgramError.tenant_id == tenant_id,
            ProgramError.last_at < before,
            ProgramError.resolved_at.is_(None),
        )
        .values(resolved_at=now)
        .returning(ProgramError.id)
        .execution_options(synchronize_session=False)
    )
    return resolved.scalars().all()


def remove_old(tenant_id: int, before: datetime, *, most: int) -> int:
    """Remove the kinds that last occurred before this time, and the oldest beyond the number; return how many."""
    newest = (
        select(ProgramError.id)
        .where(ProgramError.tenant_id == tenant_id, ProgramError.last_at >= before)
        .order_by(ProgramError.last_at.desc(), ProgramError.id.desc())
        .limit(most)
    )
    removed = db.session.execute(
        delete(ProgramError)
        .where(ProgramError.tenant_id == tenant_id, ProgramError.id.not_in(newest))
        .returning(ProgramError.id)
        .execution_options(synchronize_session=False)
    )
    return len(removed.all())
