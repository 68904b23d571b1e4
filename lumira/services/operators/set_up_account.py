"""The link of an invitation or a reset: an account is set up with a password and an authenticator app."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from lumira import encryption, one_time_codes, operator_tokens
from lumira.clock import utc_now
from lumira.database import atomic
from lumira.domain.operators import actor_of, is_invitation_open, is_reset_open
from lumira.encryption import DecryptionError
from lumira.errors import Conflict
from lumira.errors.operators import LinkEnded, WrongCode
from lumira.models import Language, Operator, OperatorInvitation, OperatorReset, Role
from lumira.operator_tokens import InvitationAddress
from lumira.repositories.audit import audit
from lumira.repositories.operators import operator_invitations, operator_roles, operator_sessions, operators
from lumira.repositories.tenants import tenants
from lumira.services.operators import proof
from lumira.services.operators.sessions import NewSession, begin_session


@dataclass(frozen=True, slots=True)
class SetUpView:
    """What a link leads to."""

    email: str
    #: The shop and the role of an invitation; `None` for a reset.
    shop: str | None
    role: Role | None
    #: Whether the invited operator has an account: then the invitation is accepted after sign-in.
    has_account: bool


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A secret that is not yet in use; `sealed` is sent back with the form that shows it."""

    secret: str
    uri: str
    sealed: str


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An account that was set up, and signed in. The recovery codes are shown once."""

    recovery_codes: list[str]
    session: NewSession


def view_set_up(token: str) -> SetUpView:
    """Return what an open link leads to; raises `LinkEnded`."""
    with _opened(token) as (row, operator):
        has_account = operator is not None and operators.find_credentials(operator.id) is not None
        if isinstance(row, OperatorInvitation):
            return SetUpView(row.email, tenants.get(row.tenant_id).name, row.role, has_account)
        return SetUpView("" if operator is None else operator.email, None, None, has_account=False)


def new_secret(email: str, *, purpose: str) -> NewSecret:
    """Return a new secret for this operator; `purpose` binds it to the link or the account."""
    secret = one_time_codes.new_secret()
    return _secret(secret, email, purpose)


def read_secret(sealed: str, email: str, *, purpose: str) -> NewSecret:
    """Return a secret that `new_secret` has made for this purpose; raises `WrongCode` for any other text."""
    try:
        secret = encryption.unseal(
            sealed.encode(), tenant_id=proof.NO_TENANT, purpose=f"operator_enrolment:{purpose}"
        )
    except DecryptionError as error:
        raise WrongCode("This form is too old: scan the code that is shown now.") from error
    return _secret(secret, email, purpose)


def _secret(secret: str, email: str, purpose: str) -> NewSecret:
    sealed = encryption.seal(secret, tenant_id=proof.NO_TENANT, purpose=f"operator_enrolment:{purpose}")
    return NewSecret(secret, one_time_codes.enrolment_uri(secret, email), sealed.decode())


def set_up_account(
    token: str, *, password: str, secret: str, code: str, language: Language, device: str
) -> NewAccount:
    """Give the operator of an open link a password and a secret, and begin a session. The link is used up.

    A reset ends every other session. Raises `LinkEnded`, `RefusedPassword`, `WrongCode`, and `Conflict` if the invited
    operator has an account.
    """
    view = view_set_up(token)
    if view.has_account:
        raise Conflict("You have an account: sign in to accept the invitation.")
    enrolment = proof.enrol(secret, code)
    password_hash = proof.new_password_hash(password, personal=[view.email, view.shop or ""])
    now = utc_now()
    with _opened(token) as (row, found):
        operator = found or operators.enter_or_create(view.email, language)
        if isinstance(row, OperatorInvitation):
            if operators.find_credentials(operator.id) is not None:
                raise Conflict("You have an account: sign in to accept the invitation.")
            join(row, operator, now)
        operators.set_credentials(
            operator.id,
            password_hash=password_hash,
            totp_secret_sealed=proof.seal_secret(operator.id, enrolment.secret),
            step=enrolment.step,
        )
        operator.language = language
        codes = proof.issue_recovery_codes(operator.id)
        if isinstance(row, OperatorReset):
            row.used_at = now
            operator_sessions.end(operator.id, now)
            roles = operator_roles.list_of_operator(operator.id)
            audit.record_of_operator(roles, operator.id, action="operator_reset_used")
        return NewAccount(codes, begin_session(operator, device=device, now=now))


def join(invitation: OperatorInvitation, operator: Operator, now: datetime) -> None:
    """Accept an open invitation: the operator gets the role, unless there is one at this tenant already."""
    invitation.accepted_at, invitation.accepted_by_id = now, operator.id
    invitation.next_attempt_at = None
    if operator.id not in operator_roles.lock_team(invitation.tenant_id):
        operator_roles.set_role(
            invitation.tenant_id, operator.id, role=invitation.role, email=invitation.email
        )
    audit.record(
        invitation.tenant_id,
        actor=actor_of(operator.id),
        action="operator_joined",
        subject=f"operator:{operator.id}",
        role=str(invitation.role),
        invited_by=invitation.actor,
    )


@contextmanager
def _opened(token: str) -> Iterator[tuple[OperatorInvitation | OperatorReset, Operator | None]]:
    """Open a transaction with the locked row of an open link, and its operator entered, if there is one."""
    address, now = operator_tokens.read(token), utc_now()
    if isinstance(address, InvitationAddress):
        with atomic(address.tenant_id):
            invitation = operator_invitations.find(address.tenant_id, address.invitation_id)
            if invitation is None or not is_invitation_open(invitation, now):
                raise _ended()
            operator_id = operators.find_id(invitation.email)
            if operator_id is None:
                yield invitation, None
            else:
                operators.enter(operator_id)
                yield invitation, operators.get(operator_id)
    elif address is not None:
        with atomic(None):
            operators.enter(address.operator_id)
            reset = operators.find_reset(address.operator_id, address.reset_id)
            if reset is None or not is_reset_open(reset, now):
                raise _ended()
            yield reset, operators.get(address.operator_id)
    else:
        raise _ended()


def _ended() -> LinkEnded:
    return LinkEnded("This link was used or has ended: ask an owner of the team for a new one.")
