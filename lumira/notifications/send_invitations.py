"""Sends invitations to the team of a tenant, each from its own row."""

from collections.abc import Callable
from datetime import datetime

import structlog

from lumira import operator_tokens
from lumira.clock import utc_now
from lumira.database import atomic
from lumira.domain import messages
from lumira.domain.operators import is_invitation_open
from lumira.domain.retries import retry_delay
from lumira.errors.tenants import NoPublicUrl
from lumira.models import OperatorInvitation, Tenant
from lumira.notifications import delivery, emails
from lumira.notifications.addresses import Undeliverable, mailbox
from lumira.notifications.draft import Draft
from lumira.notifications.send_alerts import TEAM_LANGUAGE
from lumira.operator_tokens import InvitationAddress
from lumira.repositories.messages import message_claims
from lumira.repositories.operators import operator_invitations
from lumira.repositories.tenants import tenants

log = structlog.get_logger()


def send_invitations(tenant_id: int, *, is_stopping: Callable[[], bool] = lambda: False) -> int:
    """Send every invitation of the tenant that is due; return how many were processed."""
    processed = 0
    while not is_stopping() and _send_next(tenant_id):
        processed += 1
    return processed


def _send_next(tenant_id: int) -> bool:
    now = utc_now()
    with atomic(tenant_id):
        invitation = operator_invitations.claim_next(tenant_id, now, until=now + message_claims.LEASE)
        tenant = tenants.get(tenant_id)
    if invitation is None:
        return False
    with structlog.contextvars.bound_contextvars(invitation_id=str(invitation.id)):
        _send(tenant, invitation, now)
    return True


def _send(tenant: Tenant, invitation: OperatorInvitation, now: datetime) -> None:
    if not is_invitation_open(invitation, now):
        _record(invitation, next_attempt_at=None, sent_at=None)
        return
    try:
        email = emails.build(compose(tenant, invitation))
        delivery.deliver(email, name=str(invitation.id))
    except Undeliverable:
        log.warning("invitation_undeliverable")
        _record(invitation, next_attempt_at=None, sent_at=None)
    except Exception:
        log.exception("invitation_not_sent")
        is_given_up = messages.is_given_up(attempts=invitation.attempts, age=now - invitation.created_at)
        later = None if is_given_up else utc_now() + retry_delay(invitation.attempts)
        _record(invitation, next_attempt_at=later, sent_at=None)
    else:
        _record(invitation, next_attempt_at=None, sent_at=utc_now())
        log.info("invitation_sent")


def compose(tenant: Tenant, invitation: OperatorInvitation) -> Draft:
    """Compose the message with the link of an invitation; raises `NoPublicUrl`."""
    url = operator_tokens.url_of(InvitationAddress(tenant.id, invitation.id))
    if url is None:
        raise NoPublicUrl("Set PUBLIC_URL to the address at which this installation is reached.")
    return Draft(
        tenant=tenant,
        kind="operator_invitation",
        language=TEAM_LANGUAGE,
        to=mailbox(invitation.email),
        identity=str(invitation.id),
        at=invitation.created_at,
        values={"set_up_url": url, "role": str(invitation.role), "ends_at": invitation.expires_at},
    )


def _record(
    claimed: OperatorInvitation, *, next_attempt_at: datetime | None, sent_at: datetime | None
) -> None:
    """Record what became of the e-mail; one that was revoked or accepted meanwhile stays so."""
    with atomic(claimed.tenant_id):
        invitation = operator_invitations.find(claimed.tenant_id, claimed.id)
        if invitation is not None and invitation.sent_at is None:
            is_open = is_invitation_open(invitation, utc_now())
            invitation.next_attempt_at = next_attempt_at if is_open else None
            invitation.sent_at = sent_at
