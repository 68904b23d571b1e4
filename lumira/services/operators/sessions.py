"""Begins sessions, and describes the operator of one."""

from dataclasses import dataclass
from datetime import datetime

from lumira import operator_tokens
from lumira.domain.operators import ENDED_KEPT, SESSION_LIFETIME, SignedIn
from lumira.models import Operator, OperatorSession
from lumira.repositories.operators import operator_roles, operator_sessions

#: Characters of a browser's description that are kept.
_DEVICE_LENGTH = 300


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session that was begun: its token is shown to the browser and not stored."""

    token: str
    signed_in: SignedIn


def begin_session(operator: Operator, *, device: str, now: datetime) -> NewSession:
    """Begin a session of the entered operator, under a new token; inside the caller's transaction."""
    operator_sessions.remove_old(operator.id, now - ENDED_KEPT)
    token = operator_tokens.new_session_token()
    session = operator_sessions.begin(
        operator.id,
        token,
        device=_printable(device),
        now=now,
        expires_at=now + SESSION_LIFETIME,
    )
    return NewSession(token, describe(operator, session))


def describe(operator: Operator, session: OperatorSession) -> SignedIn:
    """Return the operator of a session, with the roles of this moment; inside the caller's transaction."""
    return SignedIn(
        operator_id=operator.id,
        email=operator.email,
        language=operator.language,
        session_id=session.id,
        authenticated_at=session.authenticated_at,
        roles=operator_roles.list_of_operator(operator.id),
    )


def _printable(device: str) -> str:
    return "".join(character for character in device if character.isprintable())[:_DEVICE_LENGTH]
