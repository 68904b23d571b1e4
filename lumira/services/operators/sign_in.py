"""Sign-in with an e-mail address, a password and a one-time code."""

from uuid import UUID

import structlog

from lumira.clock import utc_now
from lumira.database import atomic
from lumira.errors.operators import SignInRefused
from lumira.models.columns import uuid7
from lumira.repositories.audit import audit
from lumira.repositories.operators import operator_sessions, operators
from lumira.services.operators.proof import accept_code, is_password, read_password_hash
from lumira.services.operators.sessions import NewSession, begin_session

log = structlog.get_logger()


def sign_in(email: str, password: str, code: str, *, device: str, replaces: str | None = None) -> NewSession:
    """Begin a session under a new token; the session of the token that it `replaces` ends.

    Raises `SignInRefused`, whatever is wrong: with an unknown address the same queries are made and a hash is verified,
    so that neither the reply nor its duration tells who is an operator.
    """
    with atomic(None):
        operator_id = operators.find_id(email)
    known_id = operator_id or uuid7()
    stored = read_password_hash(known_id)
    if not is_password(stored, password) or stored is None:
        log.info("sign_in_refused", operator_id=None if operator_id is None else str(operator_id))
        raise _refusal()
    return _begin(known_id, stored, code, device=device, replaces=replaces)


def _begin(operator_id: UUID, verified: str, code: str, *, device: str, replaces: str | None) -> NewSession:
    now = utc_now()
    with atomic(None):
        operators.enter(operator_id)
        credentials = operators.lock_credentials(operator_id)
        # The password may have been changed since it was verified.
        is_current = credentials is not None and credentials.password_hash == verified
        if credentials is None or not is_current or not accept_code(credentials, code, now):
            log.info("sign_in_refused", operator_id=str(operator_id))
            raise _refusal()
        if replaces is not None:
            replaced = operator_sessions.find(operator_id, replaces)
            if replaced is not None:
                operator_sessions.end(operator_id, now, only=replaced.id)
        session = begin_session(operators.get(operator_id), device=device, now=now)
        audit.record_of_operator(session.signed_in.roles, operator_id, action="operator_signed_in")
    log.info("signed_in", operator_id=str(operator_id))
    return session


def _refusal() -> SignInRefused:
    return SignInRefused("The e-mail address, the password or the code is wrong.")
