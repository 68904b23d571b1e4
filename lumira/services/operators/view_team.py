"""The team of a tenant."""

from collections.abc import Sequence
from dataclasses import dataclass

from lumira.clock import utc_now
from lumira.database import atomic
from lumira.models import OperatorInvitation, OperatorRole
from lumira.repositories import operator_invitations, operator_roles


@dataclass(frozen=True, slots=True)
class TeamView:
    """The operators of a tenant, and the open invitations."""

    operators: Sequence[OperatorRole]
    invitations: Sequence[OperatorInvitation]


def view_team(tenant_id: int) -> TeamView:
    """Return the team of a tenant."""
    with atomic(tenant_id):
        return TeamView(
            operator_roles.list_of_tenant(tenant_id), operator_invitations.list_open(tenant_id, utc_now())
        )
