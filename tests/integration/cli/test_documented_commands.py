"""Every `flask` command in the documentation runs as it is written there, in the order of its page."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import click
import pytest
from flask import Flask

from config.settings import ROOT, Settings
from lumira import create_app
from lumira.cli.tenants import tenant_id_of
from lumira.clock import utc_now
from lumira.database import atomic, db
from lumira.models import DeliverableState
from lumira.notifications import relay
from lumira.repositories.receipts import receipts
from lumira.repositories.tenants import tenants
from lumira.sandbox.server import SandboxServer
from tests.support import files, images, postgresql, refunds
from tests.support.dashboard import make_operator
from tests.support.factories import Brand, load_order

PAGES = ("operations.md", "messages.md", "privacy.md")
BUYER, TYPO = "ana@example.com", "ana@exmaple.com"
#: The address of the order that `orders address` corrects.
MISTYPED = "anna@example.com"
#: What the pages write for the numbers of an order and of its receipt.
NUMBER, RECEIPT = "LUM-7Q2MZX41KD", "LUM-R-2026-000123"
#: The folder of the data in the pages, which this machine may not have.
DATA = "/var/lib/lumira/"
#: What a person types: secrets, or a confirmation.
STDIN = {
    "--secret-key - --publishable-key -": "sk_test_documented\npk_test_documented\n",
    "--webhook-secret -": "whsec_documented\n",
    "customers erase": "y\n",
    "orders refund": "y\n",
    "receipts skip": "y\n",
    "withdrawals refuse": "y\n",
}


def documented(page: str) -> list[str]:
    """The `flask` commands in the page's shell blocks."""
    blocks = re.findall(r"^```sh\n(.*?)^```", (ROOT / "docs" / page).read_text(), re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.startswith("flask ")]


@dataclass
class Documented:
    """The installation of the pages: two shops, and a buyer with two addresses."""

    app: Flask
    brand: Brand

    def buy(self) -> tuple[str, str]:
        """Make the purchases of the pages; return the numbers of an order and of its receipt."""
        with atomic(self.brand.id):
            # The example catalogs belong to no company, so they have no SIREN.
            tenants.get(self.brand.id).accounting = {"siren": "732829320"}
        opened = refunds.pay(self.brand, "alchimique", customer_email=MISTYPED)
        refunds.pay(self.brand, "mystique", customer_email=TYPO)
        refunds.pay(self.brand, "mystique", customer_email=BUYER)
        order = load_order(self.brand, opened.order_number)
        with atomic(self.brand.id):
            [receipt] = receipts.list_receipts(self.brand.id, order_id=order.id)
        return opened.order_number, receipt.label

    def finish_work(self, number: str) -> None:
        """Send the messages and deliver the rest of the order: nothing is outstanding afterwards."""
        order = load_order(self.brand, number)
        files.upload(self.brand, order, key="audio")
        files.change(self.brand, order, DeliverableState.DELIVERED, "audio")
        relay.relay(self.brand.id)


@pytest.fixture
def installation(
    settings: Settings, sandbox: SandboxServer, run_directory: Path, worker_id: str, tmp_path: Path
) -> Iterator[Documented]:
    url = postgresql.create_database(run_directory, f"documented_{worker_id}")
    app = create_app(
        replace(
            settings,
            database_url=url,
            database_owner_url=url,
            instance_path=tmp_path / "instance",
            public_url="https://pay.example.com",
        )
    )
    with app.app_context():
        run = app.test_cli_runner().invoke
        for slug in ("oracle-lumira", "boutique"):
            result = run(args=["catalog", "apply", str(ROOT / "config" / "catalogs" / f"{slug}.toml")])
            assert result.exit_code == 0, result.output
        account = "documented"
        brand = Brand(
            id=tenant_id_of("oracle-lumira"),
            slug="oracle-lumira",
            name="Oracle Lumira",
            domain="oracle-lumira.localhost",
            secret_key="",
            publishable_key="",
            stripe_secret_key=f"sk_test_{account}",
            stripe_publishable_key=f"pk_test_{account}",
            webhook_secret="whsec_documented",
            sandbox_url=sandbox.url,
        )
        yield Documented(app, brand)
        for engine in db.engines.values():
            engine.dispose()
    create_app(settings, serves_http=False)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which the commands run, with the files that they name."""
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "carte.png").write_bytes(files.PNG)
    (folder / "lecture.pdf").write_bytes(files.PDF)
    (folder / "tasse.jpg").write_bytes(images.picture(kind="JPEG"))
    (folder / "config").symlink_to(ROOT / "config")
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.usefixtures("folder")
def test_every_command_of_the_documentation_runs_as_written(
    installation: Documented, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(click, "launch", lambda *_, **__: 0)
    number = receipt = ""
    commands = [command for page in PAGES for command in documented(page)]
    assert len(commands) > 35

    for command in commands:
        if not number and " --webhook-secret -" in command:
            # The account is complete with this command, so purchases follow it.
            _run(installation.app, command)
            number, receipt = installation.buy()
            continue
        if "operators reset" in command:
            make_operator(installation.brand, email=BUYER)
        if "customers erase" in command:
            installation.finish_work(number)
        if "receipts archive" in command:
            # The purchases were made in test mode, and this year.
            command = re.sub(r"--year \d+", f"--year {utc_now().year} --test-mode", command)  # noqa: PLW2901
        if "accounting" in command:
            command = _exportable(command)  # noqa: PLW2901
        _run(installation.app, command.replace(DATA, "").replace(NUMBER, number).replace(RECEIPT, receipt))


def _exportable(command: str) -> str:
    """Entries are exported of a period that has ended, and documents of the purchases, which were made just now."""
    now = utc_now()
    month = now if "documents" in command else now.replace(day=1) - timedelta(days=1)
    command = re.sub(r"--month \d+-\d+", f"--month {month:%Y-%m}", command)
    return re.sub(r"--year \d+", f"--year {now.year - 1}", command)


def _run(app: Flask, command: str) -> None:
    """Run one line as a shell does; its comment is none of its words, nor is the file for its output."""
    words = shlex.split(command.partition(" > ")[0], comments=True)[1:]
    stdin = next((text for part, text in STDIN.items() if part in " ".join(words)), None)
    result = app.test_cli_runner().invoke(args=words, input=stdin)
    assert result.exit_code == 0, f"{command}\n{result.output}"


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_of_every_page_are_read(page: str) -> None:
    assert documented(page)
