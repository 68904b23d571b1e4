"""The operator of the demo: an owner of every brand, whose password and codes the demo prints."""

import json
import secrets
import shlex
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pyotp

from lumira import operator_tokens
from lumira.cli.demo.brands import write_private
from lumira.cli.demo.failure import DemoFailed
from lumira.cli.demo.installation import Installation
from lumira.cli.tenants import tenant_id_of
from lumira.clock import utc_now
from lumira.database import atomic
from lumira.domain.operators import Language, Role, SignedIn
from lumira.models.columns import uuid7
from lumira.one_time_codes import STEP, new_secret
from lumira.operator_tokens import InvitationAddress, ResetAddress
from lumira.repositories.operators import operators
from lumira.services.operators.accept_invitation import accept_invitation
from lumira.services.operators.invite_operator import invite_operator
from lumira.services.operators.reset_operator import reset_operator
from lumira.services.operators.set_up_account import set_up_account
from lumira.services.operators.view_team import view_team

EMAIL = "owner@example.com"
_ACTOR = "demo"


@dataclass(frozen=True, slots=True)
class DemoOperator:
    """What signs in to the dashboard."""

    email: str
    password: str
    secret: str


def set_up_operator(installation: Installation, slugs: Sequence[str]) -> DemoOperator:
    """Return the operator of the demo, an owner of these brands; one of an earlier start is reused.

    Needs the application's context.
    """
    file = _file(installation)
    with atomic(None):
        operator_id = operators.find_id(EMAIL)
    if operator_id is not None and file.exists():
        operator = read_operator(installation)
    else:
        operator = DemoOperator(EMAIL, secrets.token_urlsafe(12), new_secret())
        is_new = operator_id is None
        _set_up(operator, _invitation(slugs[0]) if is_new else reset_operator(EMAIL).address)
        write_private(file, json.dumps(asdict(operator)))
    for slug in slugs:
        _ensure_role(slug)
    return operator


def read_operator(installation: Installation) -> DemoOperator:
    """Return the operator that was set up."""
    return DemoOperator(**json.loads(_file(installation).read_text()))


def _file(installation: Installation) -> Path:
    return installation.directory / "demo-operator.json"


def _invitation(slug: str) -> InvitationAddress:
    return invite_operator(tenant_id_of(slug), EMAIL, role=Role.OWNER, actor=_ACTOR, is_sent=False).address


def _set_up(operator: DemoOperator, address: InvitationAddress | ResetAddress) -> None:
    set_up_account(
        operator_tokens.sign(address),
        password=operator.password,
        secret=operator.secret,
        # The code of the step before: that of this step still signs in.
        code=pyotp.TOTP(operator.secret, interval=STEP).at(int(utc_now().timestamp()) - STEP),
        language=Language.FRENCH,
        device="demo",
    )


def _ensure_role(slug: str) -> None:
    if any(member.email == EMAIL for member in view_team(tenant_id_of(slug)).operators):
        return
    with atomic(None):
        operator_id = operators.find_id(EMAIL)
    if operator_id is None:
        raise DemoFailed("The operator of the demo was not set up.")
    now = utc_now()
    # Who accepts an invitation is signed in; nothing but the operator's id and address is needed for it.
    signed_in = SignedIn(operator_id, EMAIL, Language.FRENCH, uuid7(), now, {})
    accept_invitation(signed_in, operator_tokens.sign(_invitation(slug)))


def describe_operator(installation: Installation, operator: DemoOperator) -> Iterator[str]:
    """Yield where and with what to sign in."""
    program = f'import pyotp; print(pyotp.TOTP("{operator.secret}").now())'
    yield "Dashboard: sign in as an operator of all three brands"
    yield f"  {installation.url}/dashboard"
    yield f"  e-mail    {operator.email}"
    yield f"  password  {operator.password}"
    yield f"  code      {sys.executable} -c {shlex.quote(program)}"
