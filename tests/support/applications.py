"""Applications with settings of their own, beside the one that all tests of a process share."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask

from config.settings import Settings
from lumira import create_app
from lumira.database import db


@contextmanager
def application(settings: Settings, *, then: Settings) -> Iterator[Flask]:
    """An application with these settings. At the end its connections are closed, and `then` are the process's again."""
    created = create_app(settings)
    created.testing = True
    try:
        yield created
    finally:
        with created.app_context():
            for engine in db.engines.values():
                engine.dispose()
        create_app(then, serves_http=False)
