"""What happens after a backup is restored that is older than the last sale, with the documented commands."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from cryptography.fernet import Fernet
from flask import Flask
from sqlalchemy import select

from config.settings import Settings
from lumira import create_app
from lumira.clock import utc_now
from lumira.database import atomic, db
from lumira.errors import LumiraError
from lumira.models import EventStatus, Receipt, ReceiptCounter, WebhookEvent
from lumira.reconciliation.reconcile import recover_events
from lumira.repositories.receipts import receipts
from lumira.sandbox.server import SandboxServer
from lumira.webhooks.process import process_events
from tests.support import factories, refunds, seller, stripe_sandbox
from tests.support.documented_server import (
    application,
    commands,
    prepare,
    recreate_database,
    run,
    server,
    upgrade,
)
from tests.support.factories import Brand, count, load_order

#: Events that are younger are left to webhooks.
LATER = timedelta(minutes=10)


@pytest.fixture(scope="module")
def running_servers(run_directory: Path, settings: Settings) -> Iterator[tuple[str, str]]:
    with server(run_directory) as old, server(run_directory) as new:
        prepare(old)
        with application(settings, old) as app:
            upgrade(app)
        prepare(new)
        yield old, new
        create_app(settings, serves_http=False)


@dataclass(frozen=True)
class Backup:
    """An installation on one server, whose backup is restored to another one."""

    settings: Settings
    sandbox: SandboxServer
    servers: tuple[str, str]
    folder: Path

    @contextmanager
    def before(self) -> Iterator[tuple[Flask, Brand]]:
        """The installation that is backed up, with a new brand."""
        with application(self.settings, self.servers[0]) as app:
            yield app, factories.make_brand(sandbox_url=self.sandbox.url, seller=seller.EXEMPT)

    def make(self) -> None:
        run(commands()[0], self.servers[0], self.folder)

    @contextmanager
    def restored(self, settings: Settings | None = None) -> Iterator[Flask]:
        """The installation on the other server, with the backup."""
        run(commands()[1], self.servers[1], self.folder)
        with application(settings or self.settings, self.servers[1]) as app:
            upgrade(app)
            yield app


@pytest.fixture
def backup(
    running_servers: tuple[str, str], settings: Settings, sandbox: SandboxServer, tmp_path: Path
) -> Iterator[Backup]:
    yield Backup(settings, sandbox, running_servers, tmp_path)
    recreate_database(running_servers[1])


def issued(brand: Brand) -> list[Receipt]:
    with atomic(brand.id):
        return list(receipts.list_receipts(brand.id))


def invoke(app: Flask, *arguments: str) -> tuple[int, str]:
    result = app.test_cli_runner().invoke(args=list(arguments))
    return result.exit_code, result.output


def recover(brand: Brand) -> None:
    """Do what a worker does within its first minutes: pull Stripe's events and process them."""
    with time_machine.travel(utc_now() + LATER):
        recover_events(brand.id)
        process_events(brand.id)


def test_no_receipt_gets_the_number_of_one_that_was_sent_after_the_backup(backup: Backup) -> None:
    with backup.before() as (_, brand):
        refunds.pay(brand)
        backup.make()
        refunds.pay(brand, "shirt")
        sent = {receipt.label for receipt in issued(brand)}

    with backup.restored() as app:
        code, printed = invoke(
            app, "receipts", "skip", brand.slug, "--numbers", "50", "--note", "restored", "--yes"
        )
        assert code == 0, printed
        assert "receipts of test mode" in printed
        assert {entry.actor for entry in refunds.audited(brand, "receipt_numbers_skipped")} == {"operator"}
        known = {receipt.label for receipt in issued(brand)}
        refunds.pay(brand, "cap")
        [label] = {receipt.label for receipt in issued(brand)} - known
        assert label not in sent
        assert label.endswith("-000052")

        code, printed = invoke(app, "receipts", "verify", "--tenant", brand.slug)
        assert code == 0, printed
        assert "the numbers 2 to 51 were skipped by an operator" in printed


def test_a_number_that_is_missing_beside_skipped_ones_is_still_an_error(backup: Backup) -> None:
    with backup.before() as (app, brand):
        refunds.pay(brand)
        for _ in range(2):
            assert (
                invoke(app, "receipts", "skip", brand.slug, "--numbers", "3", "--note", "restored", "--yes")[
                    0
                ]
                == 0
            )
        assert invoke(app, "receipts", "verify", "--tenant", brand.slug)[0] == 0
        refunds.pay(brand, "cap")
        assert invoke(app, "receipts", "verify", "--tenant", brand.slug)[0] == 0

        with atomic(brand.id):
            series = {"tenant_id": brand.id, "series": "receipt", "livemode": False}
            counter = db.session.execute(select(ReceiptCounter).filter_by(**series)).scalar_one()
            counter.last_number += 1
        code, printed = invoke(app, "receipts", "verify", "--tenant", brand.slug)
        assert code == 1
        assert "counted to 9, but the last number issued is 8" in printed


def test_a_refund_that_was_sent_after_the_backup_is_not_made_twice(backup: Backup) -> None:
    with backup.before() as (_, brand):
        opened = refunds.pay(brand)
        stripe_sandbox.fail_next(brand, "drop_before", path="/v1/refunds", times=2)
        with pytest.raises(LumiraError):
            refunds.refund(brand, opened)
        backup.make()
        refunds.run_sweep(brand)
    assert len(refunds.list_stripe_refunds(brand)) == 1

    with backup.restored():
        refunds.run_sweep(brand)
        recover(brand)
        assert load_order(brand, opened.order_number).status == "refunded"
    assert len(refunds.list_stripe_refunds(brand)) == 1


def test_a_sale_after_the_backup_is_not_lost_silently(backup: Backup) -> None:
    with backup.before() as (_, brand):
        paid_later = factories.open_payment(brand)
        backup.make()
        stripe_sandbox.pay(brand, paid_later.payment_intent_id or "", paid_later.client_secret or "")
        refunds.pay(brand, "shirt")

    with backup.restored():
        recover(brand)
        # Opened before the backup, and paid after it.
        assert load_order(brand, paid_later.order_number).status == "completed"
        # Opened after the backup: its events are kept, and raise an alert if it is never found.
        assert count(brand, WebhookEvent, status=EventStatus.PARKED) > 0


def test_without_the_encryption_keys_of_the_backup_the_doctor_says_so(backup: Backup) -> None:
    with backup.before():
        backup.make()

    others = replace(backup.settings, encryption_keys=(Fernet.generate_key().decode(),))
    with backup.restored(others) as app:
        assert app.test_client().get("/readyz").get_json()["missing"] == ["encryption_keys"]
        code, printed = invoke(app, "doctor")
        assert code == 1
        assert any(line.startswith("fault") and "encryption" in line.lower() for line in printed.splitlines())
