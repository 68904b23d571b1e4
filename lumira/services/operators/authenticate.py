"""Who sent a request, by the token of a session."""

from lumira.clock import utc_now
from lumira.database import atomic
from lumira.domain.operators import NOTED_EVERY, SignedIn, is_session_live
from lumira.repositories.operators import operator_sessions, operators
from lumira.services.operators.sessions import describe


def authenticate(token: str) -> SignedIn | None:
    """Return the operator of a live session with the roles of this moment; `None` for any other token."""
    now = utc_now()
    with atomic(None):
        operator_id = operator_sessions.enter(token)
        if operator_id is None:
            return None
        session = operator_sessions.find(operator_id, token)
        if session is None or not is_session_live(session, now):
            return None
        if now - session.last_seen_at >= NOTED_EVERY:
            session.last_seen_at = now
        return describe(operators.get(operator_id), session)
