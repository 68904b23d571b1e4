"""Operators who act at the same instant: a link and a code count once, and a team keeps an owner."""

import threading
from datetime import UTC, datetime

import pyotp
import pytest
from flask import Flask
from sqlalchemy import func, select

from lumira import operator_tokens, passwords
from lumira.database import atomic, db
from lumira.errors import Conflict
from lumira.errors.operators import LastOwner, LinkEnded, SignInRefused
from lumira.models import Language, OperatorInvitation, OperatorRole, Role
from lumira.repositories.operators import operators
from lumira.services.operators.change_team import change_role, remove_operator
from lumira.services.operators.invite_operator import invite_operator
from lumira.services.operators.set_up_account import NewAccount, set_up_account
from lumira.services.operators.sign_in import sign_in
from tests.concurrency.test_at_once import at_once
from tests.support.dashboard import PASSWORD, make_operator
from tests.support.factories import Brand

pytestmark = pytest.mark.usefixtures("app_context")

THREADS = 4


def set_up(token: str) -> NewAccount:
    secret = pyotp.random_base32()
    return set_up_account(
        token,
        password=PASSWORD,
        secret=secret,
        code=pyotp.TOTP(secret).now(),
        language=Language.FRENCH,
        device="test",
    )


def test_a_link_sets_up_one_account(app: Flask, tenant: Brand) -> None:
    invitation = invite_operator(
        tenant.id, f"once@{tenant.domain}", role=Role.VIEWER, actor="test", is_sent=False
    )
    token = operator_tokens.sign(invitation.address)
    results = at_once(app, lambda _: set_up(token), threads=THREADS)
    assert len([result for result in results if isinstance(result, NewAccount)]) == 1
    assert all(isinstance(result, (NewAccount, LinkEnded, Conflict)) for result in results), results
    with atomic(tenant.id):
        assert db.session.execute(select(func.count()).select_from(OperatorRole)).scalar_one() == 1


def test_invitations_of_two_teams_make_one_operator(app: Flask, tenant: Brand, other_tenant: Brand) -> None:
    email = f"both@{tenant.domain}"
    tokens = [
        operator_tokens.sign(
            invite_operator(brand.id, email, role=Role.VIEWER, actor="test", is_sent=False).address
        )
        for brand in (tenant, other_tenant)
    ]
    results = at_once(app, lambda number: set_up(tokens[number]), threads=2)
    # Whichever was later has an account by then, and accepts after sign-in.
    assert sorted(type(result).__name__ for result in results) == ["Conflict", "NewAccount"]
    with atomic(None):
        assert operators.find_id(email) is not None


def test_invitations_of_one_address_leave_one_open(app: Flask, tenant: Brand) -> None:
    email = f"often@{tenant.domain}"
    results = at_once(
        app,
        lambda _: invite_operator(tenant.id, email, role=Role.VIEWER, actor="test", is_sent=False),
        threads=THREADS,
    )
    assert not [result for result in results if isinstance(result, Exception)]
    with atomic(tenant.id):
        query = select(func.count()).where(
            OperatorInvitation.email == email, OperatorInvitation.revoked_at.is_(None)
        )
        assert db.session.execute(query).scalar_one() == 1


def test_a_code_signs_in_once(app: Flask, tenant: Brand) -> None:
    operator = make_operator(tenant)
    code = pyotp.TOTP(operator.secret).at(datetime.now(UTC))
    for once in (code, operator.recovery_codes[0]):
        results = at_once(
            app,
            lambda _, once=once: sign_in(operator.email, PASSWORD, once, device="test"),
            threads=THREADS,
        )
        assert len([result for result in results if isinstance(result, SignInRefused)]) == THREADS - 1, (
            results
        )


@pytest.mark.parametrize("leave", ["removed", "demoted"])
def test_two_owners_who_remove_each_other_leave_one(app: Flask, tenant: Brand, leave: str) -> None:
    owners = [make_operator(tenant) for _ in range(2)]

    def act(number: int) -> None:
        target = owners[number].id
        if leave == "removed":
            remove_operator(tenant.id, target, actor="test")
        else:
            change_role(tenant.id, target, Role.VIEWER, actor="test")

    results = at_once(app, act, threads=2)
    assert sorted(type(result) for result in results if result) == [LastOwner], results


def test_a_sign_in_with_the_old_password_does_not_survive_its_change(app: Flask, tenant: Brand) -> None:
    operator = make_operator(tenant)
    results: list[object] = []

    def sign_in_meanwhile() -> None:
        with app.app_context():
            try:
                results.append(sign_in(operator.email, PASSWORD, operator.code(), device="test"))
            except SignInRefused as error:
                results.append(error)

    with atomic(None):
        operators.enter(operator.id)
        credentials = operators.lock_credentials(operator.id)
        assert credentials is not None
        credentials.password_hash = passwords.hash_password("another velvet harbour ten")
        db.session.flush()
        meanwhile = threading.Thread(target=sign_in_meanwhile)
        meanwhile.start()
        # Long enough to verify the old password, and to wait for this transaction.
        meanwhile.join(3)
        assert meanwhile.is_alive()
    meanwhile.join(60)

    assert [type(result) for result in results] == [SignInRefused]
