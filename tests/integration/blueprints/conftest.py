"""Applications with their own settings, beside the one that all tests share."""

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
    """Create a client of an application with changed settings."""
    with ExitStack() as stack:

        def make(**changes: Any) -> FlaskClient:
            return stack.enter_context(_application(replace(settings, **changes))).test_client()

        yield make
    # Restore the settings of the process for the other tests.
    create_app(settings)
