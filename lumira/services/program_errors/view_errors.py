"""Unexpected errors for operators: those of the installation, or those that occurred at one tenant."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from lumira.database import atomic
from lumira.domain.list_position import Position
from lumira.errors import NotFound
from lumira.models import INSTALLATION, ProgramError
from lumira.repositories.installation import program_errors
from lumira.repositories.tenants import tenants

#: Errors on one page of the dashboard.
PAGE = 50


@dataclass(frozen=True, slots=True)
class ErrorPage:
    """One page of errors, the last one to occur first, and where the next page begins."""

    errors: Sequence[ProgramError]
    next: Position | None


@dataclass(frozen=True, slots=True)
class TenantShare:
    """How often an error occurred at one tenant."""

    slug: str
    occurrences: int


def list_errors(*, include_resolved: bool, limit: int) -> Sequence[ProgramError]:
    """Return the errors of the whole installation, the last one to occur first."""
    with atomic(INSTALLATION):
        return program_errors.list_page(
            INSTALLATION, is_resolved=None if include_resolved else False, limit=limit
        )


def find_error(error_id: UUID) -> ProgramError:
    """Return an error of the installation; raises `NotFound`."""
    with atomic(INSTALLATION):
        error = program_errors.find(INSTALLATION, error_id)
    if error is None:
        raise NotFound(f"There is no error {error_id}.")
    return error


def view_error(error_id: UUID) -> tuple[ProgramError, Sequence[TenantShare]]:
    """Return an error of the installation, and the tenants at which it occurred; raises `NotFound`."""
    error = find_error(error_id)
    with atomic(None):
        tenant_ids = tenants.list_ids()
    shares = []
    for tenant_id in tenant_ids:
        with atomic(tenant_id):
            share = program_errors.find(tenant_id, error_id)
            if share is not None:
                shares.append(TenantShare(tenants.get(tenant_id).slug, share.occurrences))
    return error, shares


def view_tenant_errors(
    tenant_id: int, *, is_resolved: bool = False, before: Position | None = None
) -> ErrorPage:
    """Return a page of the open errors that occurred at one tenant, or of the resolved ones."""
    with atomic(tenant_id):
        found = program_errors.list_page(tenant_id, is_resolved=is_resolved, before=before, limit=PAGE + 1)
    listed = found[:PAGE]
    last = listed[-1] if len(found) > PAGE else None
    return ErrorPage(listed, None if last is None else Position(last.last_at, last.id))
