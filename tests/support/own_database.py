"""An installation with a database of its own, for the tests of a module.

For what works on all tenants, or depends on the statistics of the tables: the database of the other tests has hundreds
of tenants. A module that names both fixtures replaces those of the whole run.
"""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from flask import Flask

from config.settings import Settings
from lumira import create_app
from lumira.database import db
from tests.support import postgresql


@pytest.fixture(scope="module")
def settings(settings: Settings, run_directory: Path) -> Iterator[Settings]:
    """The settings of the run, with a fresh database."""
    name = f"lumira_own_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    url = postgresql.create_database(run_directory, name)
    # Files of its own too: those of a tenant are named by its id, which is that of another one in the other database.
    instance = settings.instance_path.with_name(f"{settings.instance_path.name}_own_{uuid4().hex}")
    yield replace(settings, database_url=url, database_owner_url=url, instance_path=instance)
    # Restore the settings of the other tests in this process.
    create_app(settings, serves_http=False)


@pytest.fixture(scope="module")
def app(settings: Settings) -> Iterator[Flask]:
    """The application of the module's database."""
    application = create_app(settings)
    application.testing = True
    yield application
    with application.app_context():
        for engine in db.engines.values():
            engine.dispose()
