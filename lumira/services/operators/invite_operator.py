"""Invitations to the team of a tenant."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from lumira import operator_tokens
from lumira.clock import utc_now
from lumira.database import atomic
from lumira.domain.operators import INVITATION_LIFETIME, is_invitation_open
from lumira.errors import Conflict
from lumira.errors.operators import InvitationNotFound
from lumira.errors.tenants import NoPublicUrl
from lumira.models import Role, email_key
from lumira.operator_tokens import InvitationAddress
from lumira.repositories.audit import audit
from lumira.repositories.operators import operator_invitations, operator_roles
from lumira.repositories.tenants import tenants


@dataclass(frozen=True, slots=True)
class Invitation:
    """An invitation that was created, and where its link leads."""

    address: InvitationAddress
    expires_at: datetime


def invite_operator(
    tenant_id: int, email: str, *, role: Role, actor: str, is_sent: bool = True
) -> Invitation:
    """Invite an address to the team, in place of an open invitation to it; with `is_sent` a worker sends the link.

    Raises `Conflict` if the address is in the team, and `NoPublicUrl` if a link cannot be sent.
    """
    now = utc_now()
    with atomic(tenant_id):
        # One invitation at a time: the second one to an address replaces the first.
        tenants.lock(tenant_id)
        team = operator_roles.list_of_tenant(tenant_id)
        if any(email_key(member.email) == email_key(email) for member in team):
            raise Conflict("This address is in the team: change the role instead.")
        row = operator_invitations.create(
            tenant_id,
            email=email,
            role=role,
            actor=actor,
            now=now,
            expires_at=now + INVITATION_LIFETIME,
            is_sent=is_sent,
        )
        address = InvitationAddress(tenant_id, row.id)
        if is_sent and operator_tokens.url_of(address) is None:
            raise NoPublicUrl("Set PUBLIC_URL to the address at which this installation is reached.")
        audit.record(
            tenant_id,
            actor=actor,
            action="operator_invited",
            subject=f"operator_invitation:{row.id}",
            role=str(role),
        )
        return Invitation(address, row.expires_at)


def revoke_invitation(tenant_id: int, invitation_id: UUID, *, actor: str) -> None:
    """End an open invitation; raises `InvitationNotFound`."""
    now = utc_now()
    with atomic(tenant_id):
        row = operator_invitations.find(tenant_id, invitation_id)
        if row is None or not is_invitation_open(row, now):
            raise InvitationNotFound("There is no such open invitation.")
        row.revoked_at, row.next_attempt_at = now, None
        audit.record(
            tenant_id,
            actor=actor,
            action="operator_invitation_revoked",
            subject=f"operator_invitation:{row.id}",
        )
