"""The team of a tenant."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from lumira.clock import utc_now
from lumira.database import atomic
from lumira.domain.operators import actor_of
from lumira.models import OperatorInvitation, OperatorRole
from lumira.repositories.audit import audit
from lumira.repositories.operators import operator_invitations, operator_roles


@dataclass(frozen=True, slots=True)
class TeamView:
    """The operators of a tenant, and the open invitations."""

    operators: Sequence[OperatorRole]
    invitations: Sequence[OperatorInvitation]
    #: When each operator last signed in while in this team.
    last_sign_ins: Mapping[UUID, datetime]


def view_team(tenant_id: int) -> TeamView:
    """Return the team of a tenant."""
    with atomic(tenant_id):
        team = operator_roles.list_of_tenant(tenant_id)
        names = {actor_of(row.operator_id): row.operator_id for row in team}
        found = audit.find_last(tenant_id, action="operator_signed_in", subjects=names)
        return TeamView(
            team,
            operator_invitations.list_open(tenant_id, utc_now()),
            {names[name]: at for name, at in found.items()},
        )
