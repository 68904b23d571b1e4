"""An operator marks a kind of error as resolved."""

from uuid import UUID

from lumira.clock import utc_now
from lumira.database import atomic
from lumira.models import INSTALLATION, ProgramError
from lumira.repositories.installation import program_errors
from lumira.repositories.tenants import tenants
from lumira.services.program_errors.alert import resolve_alert_about
from lumira.services.program_errors.view_errors import find_error


def resolve_error(error_id: UUID, *, actor: str) -> ProgramError:
    """Resolve a kind of error with its alert, and return it as it was. It opens again if it occurs again.

    Raises `NotFound`.
    """
    error = find_error(error_id)
    with atomic(None):
        tenant_ids = tenants.list_active_ids()
    now = utc_now()
    # The installation's row comes last: a command that was interrupted can be repeated.
    for tenant_id in (*tenant_ids, INSTALLATION):
        with atomic(tenant_id):
            program_errors.resolve(tenant_id, error_id, now)
    resolve_alert_about(error_id, by=actor)
    return error
