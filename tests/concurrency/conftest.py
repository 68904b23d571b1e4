"""Fixtures of the tests of worker processes."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.settings import Settings
from lumira.sandbox.server import SandboxServer
from tests.support import postgresql
from tests.support.workers import Installation, installed


@pytest.fixture
def installation(
    request: pytest.FixtureRequest,
    run_directory: Path,
    settings: Settings,
    sandbox: SandboxServer,
    tmp_path: Path,
) -> Iterator[Installation]:
    name = f"worker_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    url = getattr(request, "param", None) or postgresql.create_database(run_directory, name)
    with installed(url, settings, sandbox, tmp_path) as created:
        yield created
