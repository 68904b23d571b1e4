"""Password and one-time code once more, before what cannot be undone."""

import structlog

from lumira import operator_tokens
from lumira.clock import utc_now
from lumira.database import atomic
from lumira.domain.operators import SignedIn
from lumira.errors.operators import SignInRefused
from lumira.repositories.operators import operator_sessions, operators
from lumira.services.operators.proof import accept_code, is_password, read_password_hash

log = structlog.get_logger()


def confirm_identity(signed_in: SignedIn, password: str, code: str) -> str:
    """Note that the operator of this session entered password and code; raises `SignInRefused`.

    Returns the session's new token: one that was stolen before may not do what the confirmation permits.
    """
    operator_id, now = signed_in.operator_id, utc_now()
    stored = read_password_hash(operator_id)
    is_right = is_password(stored, password)
    with atomic(None):
        operators.enter(operator_id)
        credentials = operators.lock_credentials(operator_id)
        session = operator_sessions.get(operator_id, signed_in.session_id)
        if (
            not is_right
            or credentials is None
            or session is None
            or credentials.password_hash != stored
            or not accept_code(credentials, code, now)
        ):
            log.info("identity_not_confirmed", operator_id=str(operator_id))
            raise SignInRefused("The password or the code is wrong.")
        token = operator_tokens.new_session_token()
        session.token_digest = operator_tokens.digest(token)
        session.authenticated_at = now
        return token
