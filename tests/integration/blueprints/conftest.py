"""Applications with settings of their own, beside the one that all tests share."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
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
    """A client of an application whose settings differ in what is given."""
    with ExitStack() as stack:

        def make(**changes: Any) -> FlaskClient:
            return stack.enter_context(_application(replace(settings, **changes))).test_client()

        yield make
    # The settings of the process are those of the other tests again.
    create_app(settings)
