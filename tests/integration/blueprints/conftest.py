"""Applications with their own settings, beside the one that all tests share."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask, Response, request
from flask.testing import FlaskClient

from config.settings import Settings
from lumira import create_app
from lumira.database import db


@contextmanager
def _application(settings: Settings) -> Iterator[Flask]:
    application = create_app(settings)
    application.testing = True
    try:
        yield application
    finally:
        with application.app_context():
            for engine in db.engines.values():
                engine.dispose()


@pytest.fixture
def client_with(settings: Settings) -> Iterator[Callable[..., FlaskClient]]:
    """Create a client of an application with changed settings."""
    with ExitStack() as stack:

        def make(**changes: Any) -> FlaskClient:
            return stack.enter_context(_application(replace(settings, **changes))).test_client()

        yield make
    # Restore the settings of the process for the other tests.
    create_app(settings, serves_http=False)


@pytest.fixture(autouse=True)
def errors_are_documented(app: Flask) -> Iterator[None]:
    """Check every error reply of a test: its route lists the status and the code in the OpenAPI document."""
    replies: list[tuple[str, str, str, str]] = []

    def note(response: Response) -> Response:
        if response.status_code >= 400 and request.url_rule and request.blueprint not in _NOT_CHECKED:
            code = (response.get_json(silent=True) or {}).get("code", "")
            replies.append((request.method, request.url_rule.rule, str(response.status_code), code))
        return response

    hooks = app.after_request_funcs.setdefault(None, [])
    hooks.append(note)
    yield
    hooks.remove(note)
    if replies:
        by_shape = _documented_paths(app)
        for method, rule, status, code in replies:
            documented = by_shape[_shape(rule)][method.lower()]["responses"].get(status, {})
            assert f"`{code}`" in documented.get("description", ""), (method, rule, status, code)


def _documented_paths(app: Flask) -> dict[str, Any]:
    """The paths of the OpenAPI document by their shape, read once for each application."""
    if _PATHS not in app.extensions:
        paths = app.test_client().get("/api/openapi.json").json["paths"]
        app.extensions[_PATHS] = {_shape(path): item for path, item in paths.items()}
    return dict(app.extensions[_PATHS])


_PATHS = "tests.documented_paths"
#: Their errors have other envelopes, or they are not in the document.
_NOT_CHECKED = (
    "security_contact",
    "webhooks",
    "health",
    "docs",
    "metrics",
    "my",
    "checkout",
    "my_withdrawal",
    "withdrawal",
    "home",
    "dashboard",
)


def _shape(path: str) -> str:
    return re.sub(r"<[^>]*>|{[^}]*}", "*", path)
