"""An operator's own account."""

from collections.abc import Sequence
from dataclasses import dataclass

from lumira.clock import utc_now
from lumira.database import atomic
from lumira.domain.operators import SignedIn, is_session_live
from lumira.models import OperatorSession
from lumira.repositories.operators import operator_sessions, operators


@dataclass(frozen=True, slots=True)
class AccountView:
    """What an operator sees of the account: the live sessions, newest first, and what is left of the recovery codes."""

    sessions: Sequence[OperatorSession]
    recovery_codes: int


def view_account(signed_in: SignedIn) -> AccountView:
    """Return the operator's live sessions and the number of unused recovery codes."""
    now = utc_now()
    with atomic(None):
        operators.enter(signed_in.operator_id)
        sessions = operator_sessions.list_sessions(signed_in.operator_id)
        return AccountView(
            [session for session in sessions if is_session_live(session, now)],
            operators.count_recovery_codes(signed_in.operator_id),
        )
