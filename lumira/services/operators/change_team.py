"""Roles of a tenant's operators."""

from datetime import datetime
from uuid import UUID

from lumira.clock import utc_now
from lumira.database import atomic
from lumira.errors.operators import LastOwner
from lumira.models import OperatorRole, Role
from lumira.repositories.audit import audit
from lumira.repositories.operators import operator_invitations, operator_roles


def change_role(tenant_id: int, operator_id: UUID, role: Role, *, actor: str) -> None:
    """Give an operator of the team another role; raises `OperatorNotFound` and `LastOwner`.

    The open invitations of an operator who is no owner any more end: their links must not give back the role.
    """
    now = utc_now()
    with atomic(tenant_id):
        if role is not Role.OWNER:
            # Before the team, as in `remove_operator`. Only owners invite: others have no open invitation.
            _revoke_invitations(tenant_id, sent_by=f"operator:{operator_id}", actor=actor, now=now)
        team = operator_roles.lock_team(tenant_id)
        row = operator_roles.get_locked(team, operator_id)
        if row.role is role:
            return
        _check_owner_remains(team, without=row)
        row.role = role
        audit.record(
            tenant_id,
            actor=actor,
            action="operator_role_changed",
            subject=f"operator:{operator_id}",
            role=str(role),
        )


def remove_operator(tenant_id: int, operator_id: UUID, *, actor: str) -> None:
    """Take an operator's role: the next request of the operator finds nothing. Raises as `change_role`.

    Their open invitations end: a link that they kept must not give the role back.
    """
    now = utc_now()
    with atomic(tenant_id):
        # Before the team, as an accepted invitation is locked before the role that it gives.
        _revoke_invitations(tenant_id, sent_by=f"operator:{operator_id}", actor=actor, now=now)
        team = operator_roles.lock_team(tenant_id)
        row = operator_roles.get_locked(team, operator_id)
        _check_owner_remains(team, without=row)
        operator_roles.remove(row, now)
        audit.record(tenant_id, actor=actor, action="operator_removed", subject=f"operator:{operator_id}")


def _revoke_invitations(tenant_id: int, *, sent_by: str, actor: str, now: datetime) -> None:
    for invitation_id in operator_invitations.revoke_of_actor(tenant_id, sent_by, now):
        audit.record(
            tenant_id,
            actor=actor,
            action="operator_invitation_revoked",
            subject=f"operator_invitation:{invitation_id}",
        )


def _check_owner_remains(team: dict[UUID, OperatorRole], *, without: OperatorRole) -> None:
    owners = [row for row in team.values() if row.role is Role.OWNER]
    if owners == [without]:
        raise LastOwner("The team needs an owner: make another operator an owner first.")
