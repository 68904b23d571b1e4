"""Cookies of the dashboard: the token of a session, the browser's own mark, and Flask's for forms and messages.

Over HTTPS their names begin with `__Host-`: no other host of the same domain can set them.
"""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import timedelta

from flask import Flask, Response, request
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import BadSignature

from lumira.blueprints.pages.signed_values import signed_values

_SESSION = "lumira_operator"
_DEVICE = "lumira_device"
_FORMS = "lumira_dashboard"
_PATH = "/dashboard"
#: How long a browser is known as one in which the operator has signed in.
_DEVICE_LIFETIME = timedelta(days=365)


class FormSessions(SecureCookieSessionInterface):
    """Flask's session: a signed cookie with the secret of the forms and the messages about the last action.

    Nothing else uses it, so no other page sets a cookie.
    """

    #: Flask's own is SHA-1.
    digest_method = staticmethod(hashlib.sha256)

    def get_cookie_name(self, app: Flask) -> str:  # noqa: ARG002 - the interface of Flask
        return _named(_FORMS)

    def get_cookie_path(self, app: Flask) -> str:  # noqa: ARG002 - the interface of Flask
        return _path()

    def get_cookie_secure(self, app: Flask) -> bool:  # noqa: ARG002 - the interface of Flask
        return request.is_secure

    def get_cookie_samesite(self, app: Flask) -> str:  # noqa: ARG002 - the interface of Flask
        return "Lax"


def read_session_token() -> str | None:
    """The token of the request's session, valid or not."""
    return request.cookies.get(_named(_SESSION))


def set_session_token(reply: Response, token: str) -> None:
    """Store a session in the browser, until it is closed."""
    _set(reply, _SESSION, token, max_age=None)


def remove_session_token(reply: Response) -> None:
    """Remove the session from the browser."""
    reply.delete_cookie(
        _named(_SESSION), path=_path(), secure=request.is_secure, httponly=True, samesite="Lax"
    )


def mark_device(reply: Response, operator: str) -> None:
    """Mark the browser as one in which this operator, named by a hash, has signed in."""
    _set(
        reply,
        _DEVICE,
        signed_values("lumira.dashboard.device").dumps([operator, secrets.token_hex(8)]),
        max_age=_DEVICE_LIFETIME,
    )


def read_device(operators: Sequence[str]) -> str | None:
    """The mark of the browser, if it is one in which this operator, named by one of the hashes, has signed in."""
    try:
        marked, mark = signed_values("lumira.dashboard.device").loads(
            request.cookies.get(_named(_DEVICE), ""), max_age=int(_DEVICE_LIFETIME.total_seconds())
        )
    except BadSignature:
        return None
    return str(mark) if any(secrets.compare_digest(str(marked), each) for each in operators) else None


def _set(reply: Response, name: str, value: str, *, max_age: timedelta | None) -> None:
    reply.set_cookie(
        _named(name),
        value,
        max_age=max_age,
        path=_path(),
        secure=request.is_secure,
        httponly=True,
        # A link in an e-mail leads to the dashboard: with `Strict` the operator would seem to be signed out.
        samesite="Lax",
    )


def _named(name: str) -> str:
    return f"__Host-{name}" if request.is_secure else name


def _path() -> str:
    # The prefix of the name requires the path of the whole host.
    return "/" if request.is_secure else _PATH
