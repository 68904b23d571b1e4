"""Rules about operators: what each role includes, and how long sessions and links count."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from lumira.models import KeyKind, Language, OperatorInvitation, OperatorReset, OperatorSession, Role

# Blueprints take these from here.
__all__ = ["KeyKind", "Language", "Role"]

#: A browser that was left alone in a shop is signed out before the next morning.
SESSION_IDLE = timedelta(hours=4)
#: However busy the session is: a stolen token is of no use on the next day.
SESSION_LIFETIME = timedelta(hours=24)
#: How long after password and code an action may be taken that cannot be undone, such as a refund.
RECENT = timedelta(minutes=10)
#: A last request is noted once in this time: not every page writes.
NOTED_EVERY = timedelta(minutes=1)
#: An invitation that is sent on a Friday evening is still valid on Monday.
INVITATION_LIFETIME = timedelta(days=3)
#: Shorter than an invitation: it opens an account that exists.
RESET_LIFETIME = timedelta(hours=24)
#: Ended sessions and resets are kept for this time, so that an operator can find a sign-in of a stranger.
ENDED_KEPT = timedelta(days=30)
#: How many recovery codes an operator has.
RECOVERY_CODES = 10

#: An expert is not a viewer who may do more: the work for buyers is all that an expert sees.
_INCLUDED = {
    Role.VIEWER: frozenset({Role.VIEWER}),
    Role.EXPERT: frozenset({Role.EXPERT}),
    Role.OWNER: frozenset(Role),
}


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The operator of a request, with the tenants at which the operator has a role."""

    operator_id: UUID
    email: str
    language: Language
    session_id: UUID
    #: When password and one-time code were last entered.
    authenticated_at: datetime
    roles: Mapping[int, Role]

    @property
    def actor(self) -> str:
        """The operator in the audit log."""
        return actor_of(self.operator_id)

    def is_recent(self, now: datetime) -> bool:
        """Whether password and code were entered shortly before."""
        return now - self.authenticated_at < RECENT


def actor_of(operator_id: UUID) -> str:
    """Return the name of an operator in the audit log, which holds no personal data."""
    return f"operator:{operator_id}"


def permits(role: Role, needed: Role) -> bool:
    """Whether a role includes what another one may do."""
    return needed in _INCLUDED[role]


def is_session_live(session: OperatorSession, now: datetime) -> bool:
    """Whether the session still counts: neither ended nor too old, and not idle for too long."""
    return session.ended_at is None and now < session.expires_at and now - session.last_seen_at < SESSION_IDLE


def is_invitation_open(invitation: OperatorInvitation, now: datetime) -> bool:
    """Whether the invitation can be accepted."""
    return invitation.accepted_at is None and invitation.revoked_at is None and now < invitation.expires_at


def is_reset_open(reset: OperatorReset, now: datetime) -> bool:
    """Whether the link can be used."""
    return reset.used_at is None and now < reset.expires_at
