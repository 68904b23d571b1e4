"""Operators of the dashboard in tests: made through the use cases, signed in through the pages.

    operator = make_operator(tenant, role=Role.OWNER)       # an account that is set up; more tenants: `add_role`
    browser = sign_in(app, operator)                        # a browser that is signed in
    page = browser.get(f"/dashboard/{tenant.slug}/orders")  # a reply of Flask's test client
    reply = browser.submit(f"/dashboard/{tenant.slug}/orders/X-1/notes", text="Called back.")  # a form, with its token

Sign-in counts as entering password and code: actions with `recent=True` are permitted for ten minutes.
`browser.confirm()` enters them again. Codes count once, so `operator.code()` is always a new one.
"""

import itertools
import re
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pyotp
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from lumira import operator_tokens
from lumira.database import atomic
from lumira.errors.operators import WrongCode
from lumira.models import Language, Role
from lumira.repositories.operators import operator_roles, operators
from lumira.services.operators.invite_operator import invite_operator
from lumira.services.operators.set_up_account import NewAccount, set_up_account
from tests.support.factories import Brand

PASSWORD = "plum harbour velvet nine"
_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
_numbers = itertools.count(1)
_networks = itertools.count(1)


@dataclass
class Operator:
    """An operator with everything that signs in."""

    id: UUID
    email: str
    password: str
    secret: str
    recovery_codes: list[str]
    #: The last time step whose code was used.
    _step: int = field(default=0, repr=False)

    @property
    def actor(self) -> str:
        """The operator in the audit log."""
        return f"operator:{self.id}"

    def code(self) -> str:
        """A code that was not used yet: that of this step or of the next one, both valid for half a minute at least."""
        now = int(datetime.now(UTC).timestamp()) // 30
        self._step = max(self._step + 1, now)
        if self._step <= now + 1:
            return pyotp.TOTP(self.secret).generate_otp(self._step)
        # A third sign-in within half a minute: a recovery code does as well.
        return self.recovery_codes.pop()


def make_operator(
    brand: Brand,
    role: Role = Role.OWNER,
    *,
    email: str | None = None,
    language: Language = Language.ENGLISH,
    password: str = PASSWORD,
) -> Operator:
    """An operator of this tenant, whose account is set up; within an application context."""
    email = email or f"operator-{next(_numbers)}-{secrets.token_hex(3)}@example.com"
    invitation = invite_operator(brand.id, email, role=role, actor="test", is_sent=False)
    token, secret = operator_tokens.sign(invitation.address), pyotp.random_base32()
    try:
        account, step = _set_up(token, secret, password, language)
    except WrongCode:
        # The time step turned meanwhile, and the code was that of two steps before.
        account, step = _set_up(token, secret, password, language)
    return Operator(
        account.session.signed_in.operator_id, email, password, secret, account.recovery_codes, step
    )


def _set_up(token: str, secret: str, password: str, language: Language) -> tuple[NewAccount, int]:
    # The code of the step before leaves those of this step and the next one for sign-ins.
    step = int(datetime.now(UTC).timestamp()) // 30 - 1
    account = set_up_account(
        token,
        password=password,
        secret=secret,
        code=pyotp.TOTP(secret).generate_otp(step),
        language=language,
        device="tests",
    )
    return account, step


def add_role(operator: Operator, brand: Brand, role: Role) -> None:
    """Give the operator a role at another tenant."""
    with atomic(brand.id):
        operators.enter(operator.id)
        operator_roles.set_role(brand.id, operator.id, role=role, email=operator.email)


@dataclass
class OperatorBrowser:
    """A browser of an operator; `client` is Flask's test client with its cookies."""

    client: FlaskClient
    operator: Operator | None = None

    def get(self, path: str, **options: Any) -> TestResponse:
        """Open a page."""
        return self.client.get(path, **options)

    def token(self, path: str = "/dashboard/-/account") -> str:
        """The CSRF token of a page, by default of one that every operator has."""
        found = _TOKEN.search(self.get(path).text)
        assert found, f"{path} has no form."
        return found[1]

    def submit(self, path: str, *, page: str = "/dashboard/-/account", **fields: Any) -> TestResponse:
        """Send a form to `path` with the CSRF token of a page, and return the reply, redirects not followed."""
        headers = {"Referer": f"http://localhost{page}"}
        return self.client.post(path, data={"csrf_token": self.token(page), **fields}, headers=headers)

    def sign_in(self, operator: Operator, *, next: str = "", **changes: str) -> TestResponse:  # noqa: A002
        """Send the form of the sign-in page."""
        self.operator = operator
        fields = {"email": operator.email, "password": operator.password, "code": ""} | changes
        fields["code"] = changes.get("code") or operator.code()
        query = f"?next={next}" if next else ""
        page = "/dashboard/-/sign-in"
        return self.client.post(f"{page}{query}", data={"csrf_token": self.token(page), **fields})

    def confirm(self) -> TestResponse:
        """Enter password and code once more."""
        assert self.operator is not None
        return self.submit("/dashboard/-/confirm", password=self.operator.password, code=self.operator.code())


def open_browser(app: Flask) -> OperatorBrowser:
    """A browser without cookies, in a network of its own, because failed attempts count for the network."""
    client = app.test_client()
    number = next(_networks)
    client.environ_base["REMOTE_ADDR"] = f"198.18.{number // 250}.{number % 250 + 1}"
    return OperatorBrowser(client)


def sign_in(app: Flask, operator: Operator) -> OperatorBrowser:
    """A browser in which the operator has signed in."""
    browser = open_browser(app)
    reply = browser.sign_in(operator)
    assert reply.status_code == 303, reply.text
    return browser
