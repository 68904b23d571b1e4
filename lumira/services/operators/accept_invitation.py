"""An operator with an account accepts an invitation to another team."""

from lumira import operator_tokens
from lumira.clock import utc_now
from lumira.database import atomic
from lumira.domain.operators import SignedIn, is_invitation_open
from lumira.errors.operators import LinkEnded
from lumira.models import email_key
from lumira.operator_tokens import InvitationAddress
from lumira.repositories.operators import operator_invitations, operators
from lumira.services.operators.set_up_account import join


def accept_invitation(signed_in: SignedIn, token: str) -> int:
    """Give the operator the role of an open invitation to their own address; return the tenant.

    Raises `LinkEnded`, also for an invitation of another address.
    """
    address, now = operator_tokens.read(token), utc_now()
    if not isinstance(address, InvitationAddress):
        raise LinkEnded("This is no invitation.")
    with atomic(address.tenant_id):
        invitation = operator_invitations.find(address.tenant_id, address.invitation_id)
        if (
            invitation is None
            or not is_invitation_open(invitation, now)
            or invitation.email_key != email_key(signed_in.email)
        ):
            raise LinkEnded("This invitation was used, has ended, or is for another address.")
        operators.enter(signed_in.operator_id)
        join(invitation, operators.get(signed_in.operator_id), now)
    return address.tenant_id
