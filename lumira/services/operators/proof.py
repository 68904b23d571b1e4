"""What proves who an operator is: a password, and a one-time code or a recovery code."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from lumira import encryption, one_time_codes, passwords
from lumira.clock import utc_now
from lumira.database import atomic
from lumira.domain.operators import RECOVERY_CODES
from lumira.errors import ServiceUnavailable
from lumira.errors.operators import RefusedPassword, WrongCode
from lumira.models import OperatorCredentials
from lumira.repositories.operators import operators

#: Operators belong to no tenant, and neither do their secrets.
NO_TENANT = 0


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A new secret whose first code was entered: it is in the operator's app."""

    secret: str
    step: int


def read_password_hash(operator_id: UUID) -> str | None:
    """Return the hash of the operator's password; `None` without an account. Its queries are always the same."""
    with atomic(None):
        operators.enter(operator_id)
        credentials = operators.find_credentials(operator_id)
        return None if credentials is None else credentials.password_hash


def is_password(stored: str | None, typed: str) -> bool:
    """Whether the typed password has the stored hash; raises `ServiceUnavailable` while too many are verified."""
    try:
        return passwords.verify(stored, typed)
    except passwords.TooBusy as error:
        raise _busy() from error


def accept_code(credentials: OperatorCredentials, code: str, now: datetime) -> bool:
    """Accept the operator's one-time code or recovery code, each once; inside the caller's transaction."""
    operator_id = credentials.operator_id
    recovery_code = one_time_codes.read_recovery_code(code)
    if recovery_code is not None:
        return operators.take_recovery_code(operator_id, _digests(operator_id, recovery_code), now)
    secret = encryption.unseal(
        credentials.totp_secret_sealed, tenant_id=NO_TENANT, purpose=_purpose(operator_id)
    )
    step = one_time_codes.find_step(secret, code, now, after=credentials.totp_last_step)
    return step is not None and operators.take_step(operator_id, step)


def new_password_hash(password: str, *, personal: Sequence[str]) -> str:
    """Return the hash of a new password; raises `RefusedPassword`."""
    weakness = passwords.find_weakness(password, personal=personal)
    if weakness is not None:
        raise RefusedPassword(str(weakness))
    try:
        return passwords.hash_password(password)
    except passwords.TooBusy as error:
        raise _busy() from error


def enrol(secret: str, code: str) -> Enrolment:
    """Return the enrolment of a secret with the first code of it; raises `WrongCode`."""
    step = one_time_codes.find_step(secret, code, utc_now(), after=0)
    if step is None:
        raise WrongCode("This is not the code that the app shows: enter the newest one.")
    return Enrolment(secret, step)


def seal_secret(operator_id: UUID, secret: str) -> bytes:
    """Encrypt the secret of an operator."""
    return encryption.seal(secret, tenant_id=NO_TENANT, purpose=_purpose(operator_id))


def issue_recovery_codes(operator_id: UUID) -> list[str]:
    """Give the entered operator new recovery codes, in place of all others; inside the caller's transaction."""
    codes = [one_time_codes.new_recovery_code() for _ in range(RECOVERY_CODES)]
    operators.replace_recovery_codes(operator_id, [_digests(operator_id, code)[0] for code in codes])
    return codes


def _busy() -> ServiceUnavailable:
    return ServiceUnavailable("Too many passwords are verified: try again.", retry_after=2)


def _digests(operator_id: UUID, code: str) -> list[str]:
    return encryption.digests(code, tenant_id=NO_TENANT, purpose=f"operator_recovery:{operator_id}")


def _purpose(operator_id: UUID) -> str:
    return f"operator_totp:{operator_id}"
