"""Commands end in one line where they cannot write, and print on every terminal."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import IO

import pytest
from sqlalchemy import create_engine, text

from config.settings import ROOT, Settings
from lumira import create_app
from lumira.database import atomic, db
from lumira.models import OrderStatus
from lumira.repositories.receipts import receipts
from lumira.repositories.tenants import api_keys
from lumira.sandbox.server import SandboxServer
from tests.support import factories, postgresql, refunds
from tests.support.factories import Brand, load_order
from tests.support.seller import EXEMPT


def run(
    settings: Settings,
    *words: str,
    shell: str = "",
    before: str = "",
    stdout: IO[bytes] | int = subprocess.PIPE,
    **environment: str,
) -> subprocess.CompletedProcess[bytes]:
    """Run `flask` with these words in a process of its own; `before` runs first, `shell` redirects."""
    command = f'{before} exec "$0" -m flask "$@" {shell}'
    return subprocess.run(
        ["/bin/sh", "-c", command, sys.executable, *words],
        cwd=ROOT,
        env={
            "PATH": os.defpath,
            # Under a limit of file sizes, Python would leave truncated bytecode for later processes.
            "PYTHONDONTWRITEBYTECODE": "1",
            "LUMIRA_ENV": "production",
            "LUMIRA_INSTANCE": str(settings.instance_path),
            "DATABASE_URL": settings.database_url.replace("postgresql+psycopg", "postgresql"),
            "SECRET_KEY": settings.secret_key,
            "LUMIRA_ENCRYPTION_KEYS": settings.encryption_keys[0],
            "SMTP_URL": "files",
            **environment,
        },
        stdout=stdout,
        stderr=subprocess.PIPE,
        timeout=300,
        check=False,
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Only Linux has a device that is always full.")
@pytest.mark.usefixtures("app_context")
def test_a_key_that_a_full_disk_swallows_is_not_created(settings: Settings, tenant: Brand) -> None:
    with atomic(tenant.id):
        before = len(api_keys.list_keys(tenant.id))
    with Path("/dev/full").open("wb") as full:
        result = run(settings, "keys", "create", tenant.slug, "--kind", "secret", stdout=full)

    assert result.returncode == 1
    last = result.stderr.decode().splitlines()[-1]
    assert last == "Error: The output cannot be written: No space left on device."
    with atomic(tenant.id):
        assert len(api_keys.list_keys(tenant.id)) == before


def test_a_terminal_without_a_brands_characters_shows_escapes(settings: Settings, make_brand) -> None:
    brand = make_brand(name="Maison 灯 d\u2019été")

    result = run(settings, "tenants", "list", PYTHONIOENCODING="latin-1")

    assert result.returncode == 0, result.stderr
    [line] = [line for line in result.stdout.decode("latin-1").splitlines() if brand.slug in line]
    assert r"Maison \u706f d\u2019été" in line


@pytest.mark.parametrize("shell", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_cause_no_traceback(settings: Settings, tenant: Brand, shell: str) -> None:
    assert run(settings, "tenants", "list", shell=shell).returncode == 0

    refused = run(settings, "tenants", "stripe", tenant.slug, "--secret-key", "-", shell=shell)

    assert refused.returncode == 2
    assert b"Traceback" not in refused.stderr


def test_a_database_with_another_date_style_works(
    settings: Settings, run_directory: Path, sandbox: SandboxServer
) -> None:
    url = postgresql.create_database(run_directory, "lumira_german")
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("ALTER DATABASE lumira_german SET datestyle TO 'German, DMY'"))
        connection.execute(text("ALTER DATABASE lumira_german SET intervalstyle TO 'iso_8601'"))
    engine.dispose()
    app = create_app(replace(settings, database_url=url, database_owner_url=url))
    with app.app_context():
        brand = factories.make_brand(sandbox_url=sandbox.url)
        opened = refunds.pay(brand)
        assert load_order(brand, opened.order_number).status is OrderStatus.COMPLETED
        for bound in db.engines.values():
            bound.dispose()
    create_app(settings, serves_http=False)


def test_a_receipt_that_does_not_fit_on_the_disk_leaves_no_file(
    settings: Settings, make_brand, app_context: None, tmp_path: Path
) -> None:
    brand = make_brand(seller=EXEMPT)
    refunds.pay(brand)
    with atomic(brand.id):
        [receipt] = receipts.list_receipts(brand.id)
    path = tmp_path / "receipt.pdf"

    # One block of 512 bytes is the largest file.
    options = ("--tenant", brand.slug, "--output", str(path))
    result = run(settings, "receipts", "render", receipt.label, *options, before="ulimit -f 1;")

    assert result.returncode == 1
    assert result.stderr.decode().splitlines()[-1] == f"Error: {path}: File too large."
    assert not path.exists()
