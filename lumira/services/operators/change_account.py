"""What an operator changes in their own account."""

from uuid import UUID

from lumira.clock import utc_now
from lumira.database import atomic
from lumira.domain.operators import SignedIn
from lumira.errors.operators import SignInRefused
from lumira.models import Language
from lumira.repositories.audit import audit
from lumira.repositories.operators import operator_sessions, operators
from lumira.services.operators import proof


def change_password(signed_in: SignedIn, *, current: str, new: str) -> None:
    """Replace the password, and end every other session; raises `SignInRefused` and `RefusedPassword`."""
    operator_id = signed_in.operator_id
    stored = proof.read_password_hash(operator_id)
    if not proof.is_password(stored, current):
        raise SignInRefused("The current password is wrong.")
    password_hash = proof.new_password_hash(new, personal=[signed_in.email])
    with atomic(None):
        operators.enter(operator_id)
        credentials = operators.lock_credentials(operator_id)
        if credentials is None or credentials.password_hash != stored:
            raise SignInRefused("The password was changed meanwhile.")
        credentials.password_hash = password_hash
        _end_others(signed_in)
        audit.record_of_operator(signed_in.roles, operator_id, action="operator_password_changed")


def change_secret(signed_in: SignedIn, *, secret: str, code: str) -> None:
    """Use another secret for one-time codes, and end every other session; raises `WrongCode`."""
    operator_id = signed_in.operator_id
    enrolment = proof.enrol(secret, code)
    with atomic(None):
        operators.enter(operator_id)
        credentials = operators.lock_credentials(operator_id)
        if credentials is None:
            raise SignInRefused("This account is not set up.")
        credentials.totp_secret_sealed = proof.seal_secret(operator_id, enrolment.secret)
        credentials.totp_last_step = enrolment.step
        _end_others(signed_in)
        audit.record_of_operator(signed_in.roles, operator_id, action="operator_authenticator_changed")


def renew_recovery_codes(signed_in: SignedIn) -> list[str]:
    """Return new recovery codes; the others are no longer accepted."""
    with atomic(None):
        operators.enter(signed_in.operator_id)
        codes = proof.issue_recovery_codes(signed_in.operator_id)
        audit.record_of_operator(
            signed_in.roles, signed_in.operator_id, action="operator_recovery_codes_renewed"
        )
        return codes


def set_language(signed_in: SignedIn, language: Language) -> None:
    """Set the language of the operator's pages."""
    with atomic(None):
        operators.enter(signed_in.operator_id)
        operators.get(signed_in.operator_id).language = language


def end_session(signed_in: SignedIn, session_id: UUID) -> None:
    """End one session of the operator, which may be the running one; one that has ended stays as it is."""
    with atomic(None):
        operators.enter(signed_in.operator_id)
        if operator_sessions.end(signed_in.operator_id, utc_now(), only=session_id):
            is_own = session_id == signed_in.session_id
            action = "operator_signed_out" if is_own else "operator_session_ended"
            audit.record_of_operator(signed_in.roles, signed_in.operator_id, action=action)


def end_other_sessions(signed_in: SignedIn) -> None:
    """End every session of the operator but the running one."""
    with atomic(None):
        operators.enter(signed_in.operator_id)
        _end_others(signed_in)
        audit.record_of_operator(signed_in.roles, signed_in.operator_id, action="operator_sessions_ended")


def _end_others(signed_in: SignedIn) -> None:
    operator_sessions.end(signed_in.operator_id, utc_now(), besides=signed_in.session_id)
