"""A link for an operator who lost the password or the telephone."""

from dataclasses import dataclass
from datetime import datetime

from lumira.clock import utc_now
from lumira.database import atomic
from lumira.domain.operators import RESET_LIFETIME
from lumira.errors.operators import OperatorNotFound
from lumira.operator_tokens import ResetAddress
from lumira.repositories.audit import audit
from lumira.repositories.operators import operator_roles, operator_sessions, operators


@dataclass(frozen=True, slots=True)
class Reset:
    """A link that was created."""

    address: ResetAddress
    expires_at: datetime


def reset_operator(email: str) -> Reset:
    """Create a link with which the operator chooses a new password and secret, and end every session now.

    Until it is used, the present password stays valid. Raises `OperatorNotFound`.
    """
    now = utc_now()
    with atomic(None):
        operator_id = operators.find_id(email)
        if operator_id is None:
            raise OperatorNotFound(f"There is no operator {email}: see `flask operators list`.")
        operators.enter(operator_id)
        row = operators.create_reset(operator_id, now=now, expires_at=now + RESET_LIFETIME)
        operator_sessions.end(operator_id, now)
        roles = operator_roles.list_of_operator(operator_id)
        # The command line acts, and the operator's own rows are its only way to each tenant's log.
        audit.record_of_operator(roles, operator_id, action="operator_reset_created", by="command_line")
        return Reset(ResetAddress(operator_id, row.id), row.expires_at)
