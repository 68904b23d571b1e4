"""A backup made and restored with the documented commands contains every row, and the restored shop sells."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from config.settings import Settings
from lumira import create_app
from lumira.models import OrderStatus
from lumira.sandbox.server import SandboxServer
from tests.support import factories, refunds
from tests.support.documented_server import (
    CommandFailed,
    application,
    commands,
    counts,
    prepare,
    run,
    server,
    upgrade,
)
from tests.support.factories import load_order, load_stock


@pytest.fixture
def old_server(run_directory: Path) -> Iterator[str]:
    with server(run_directory) as url:
        yield url


@pytest.fixture
def new_server(run_directory: Path) -> Iterator[str]:
    with server(run_directory) as url:
        yield url


def test_a_restored_backup_has_every_row_and_takes_and_fulfils_a_payment(
    settings: Settings, sandbox: SandboxServer, old_server: str, new_server: str, tmp_path: Path
) -> None:
    backup, restore = commands()
    prepare(old_server)
    with application(settings, old_server) as app:
        upgrade(app)
        brand = factories.make_brand(sandbox_url=sandbox.url)
        for product in ("mystique", "alchimique", "shirt"):
            refunds.pay(brand, product)
    run(backup, old_server, tmp_path)
    before = counts(old_server)
    assert {"orders", "payments", "access_grants", "webhook_events"} <= {
        name for name, rows in before.items() if rows
    }

    prepare(new_server)
    run(restore, new_server, tmp_path)

    assert counts(new_server) == before
    with application(settings, new_server) as app:
        upgrade(app)
        assert app.test_client().get("/readyz").json["missing"] == []
        opened = refunds.pay(brand, "shirt")
        assert load_order(brand, opened.order_number).status is OrderStatus.COMPLETED
        assert load_stock(brand, "shirt").sold == 2
    create_app(settings, serves_http=False)


@pytest.mark.parametrize("login", ["lumira_owner", "lumira_web"])
def test_no_other_login_backs_up_silently(
    settings: Settings, old_server: str, tmp_path: Path, login: str
) -> None:
    backup, _ = commands()
    prepare(old_server)
    with application(settings, old_server) as app:
        upgrade(app)

    with pytest.raises(CommandFailed):
        run(backup.replace("lumira_backup", login), old_server, tmp_path)
    create_app(settings, serves_http=False)
