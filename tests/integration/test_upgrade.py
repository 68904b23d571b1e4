"""The database of the previous release, with its sales, is upgraded as documented, and every sale goes on."""

import gzip
import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from config.settings import Settings
from lumira import create_app
from lumira.database import atomic
from lumira.repositories.tenants import stripe_accounts, tenants
from lumira.sandbox.server import SandboxServer
from lumira.services.installation.readiness import newest_migration
from lumira.webhooks import inbox
from lumira.webhooks.process import process_events
from tests.releases import DUMP, KNOWN, revision
from tests.support import stripe_events
from tests.support.documented_server import BIN, application, counts, prepare, server, upgrade

#: Tables that `flask db upgrade` or the queue itself changes.
_OF_THE_SYSTEM = ("alembic_version", "procrastinate_")


@dataclass
class Upgraded:
    """An installation that has just been upgraded, and what was known of it before."""

    app: Flask
    server: str
    known: dict[str, Any]
    tenant_id: int
    counts_before: dict[str, int]
    orders_before: list[tuple[Any, ...]]

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.known['secretApiKey']}"}

    def order(self, opened: dict[str, Any]) -> dict[str, Any]:
        """The order of one of the known payments, as the shop's own system reads it."""
        reply = self.app.test_client().get(
            f"/api/orders/{opened['reply']['orderNumber']}", headers=self.headers
        )
        assert reply.status_code == 200, reply.text
        order: dict[str, Any] = reply.get_json()
        return order

    def command(self, *arguments: str) -> str:
        """The output of a command that ended without an error."""
        result = self.app.test_cli_runner().invoke(args=list(arguments))
        assert result.exit_code == 0, result.output
        return result.output


def _restore(url: str) -> None:
    target = make_url(url).set(drivername="postgresql", database="lumira")
    options = ("--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--output=/dev/null")
    subprocess.run(
        [BIN / "psql", *options, target.render_as_string(hide_password=False)],
        input=gzip.decompress(DUMP.read_bytes()),
        check=True,
        capture_output=True,
    )


def _orders(url: str) -> list[tuple[Any, ...]]:
    """What must not change in an order, of every tenant."""
    engine = create_engine(make_url(url).set(database="lumira"))
    with engine.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT o.tenant_id, o.order_number, o.status, o.amount, o.currency, o.completed_at, "
                "array_agg(g.product_id || coalesce(g.reason, '') ORDER BY g.id) "
                "FROM orders o LEFT JOIN access_grants g ON (g.tenant_id, g.order_id) = (o.tenant_id, o.id) "
                "GROUP BY o.tenant_id, o.id ORDER BY o.tenant_id, o.order_number"
            )
        )
        found = [tuple(row) for row in rows]
    engine.dispose()
    return found


@pytest.fixture(scope="module")
def upgraded(settings: Settings, sandbox: SandboxServer, run_directory: Path) -> Iterator[Upgraded]:
    known = json.loads(KNOWN.read_text())
    of_then = replace(
        settings,
        secret_key=known["SECRET_KEY"],
        encryption_keys=(known["LUMIRA_ENCRYPTION_KEYS"],),
        stripe_api_base=sandbox.url,
    )
    # Links and idempotency keys of that day have not expired.
    with server(run_directory) as url, time_machine.travel(known["at"]):
        prepare(url)
        _restore(url)
        before, orders = counts(url), _orders(url)
        with application(of_then, url) as app:
            upgrade(app)
            with atomic(None):
                tenant_id = tenants.find_id(known["slug"])
            assert tenant_id is not None
            yield Upgraded(app, url, known, tenant_id, before, orders)
        create_app(settings, serves_http=False)


def test_the_stored_database_is_of_an_earlier_release() -> None:
    assert "" < revision() < newest_migration()


def test_an_upgrade_keeps_every_row_and_every_order(upgraded: Upgraded) -> None:
    assert upgraded.app.test_client().get("/readyz").status_code == 200
    after = counts(upgraded.server)
    kept = {
        name: rows for name, rows in upgraded.counts_before.items() if not name.startswith(_OF_THE_SYSTEM)
    }
    assert {name: after[name] for name in kept} == kept
    assert kept["orders"] > 40
    assert _orders(upgraded.server) == upgraded.orders_before


def test_receipts_stock_and_audit_log_still_prove_true(upgraded: Upgraded) -> None:
    assert "The receipts are complete" in upgraded.command("receipts", "verify")
    assert "Stock agrees" in upgraded.command("stock", "verify")
    verified = upgraded.command("audit", "verify")
    assert "The audit log is unchanged" in verified
    assert ": 0 sealed" not in verified


def test_a_call_that_is_repeated_after_the_upgrade_gets_its_first_reply(upgraded: Upgraded) -> None:
    opened = upgraded.known["fulfilled"]
    reply = upgraded.app.test_client().post(
        "/api/products/create-payment-intent",
        json=opened["request"],
        headers=upgraded.headers | {"Idempotency-Key": opened["idempotencyKey"]},
    )
    assert (reply.status_code, reply.get_json()) == (200, opened["reply"])
    assert reply.headers["Idempotency-Replayed"] == "true"


def test_a_buyers_link_of_before_the_upgrade_opens_the_portal(upgraded: Upgraded) -> None:
    page = upgraded.app.test_client().get(f"/my/{upgraded.known['portal']}")
    assert page.status_code == 200
    assert "LUM-" in page.text


def test_a_payment_that_was_received_before_the_upgrade_is_fulfilled_after_it(upgraded: Upgraded) -> None:
    waiting = upgraded.known["waiting"]
    assert upgraded.order(waiting)["status"] == "pending"

    process_events(upgraded.tenant_id)

    order = upgraded.order(waiting)
    assert order["status"] == "completed"
    assert [grant["active"] for grant in order["grants"]] == [True]
    assert [message["kind"] for message in order["messages"]] == ["order_confirmation"]


def test_a_refund_after_the_upgrade_revokes_what_was_bought_before_it(upgraded: Upgraded) -> None:
    bought = upgraded.known["fulfilled"]
    assert upgraded.order(bought)["status"] == "completed"
    refund = {
        "id": "re_upgraded",
        "object": "refund",
        "amount": bought["reply"]["amount"],
        "currency": bought["reply"]["currency"],
        "payment_intent": bought["reply"]["paymentIntentId"],
        "charge": "ch_upgraded",
        "status": "succeeded",
        "metadata": {},
    }
    with atomic(upgraded.tenant_id):
        [secret] = stripe_accounts.list_webhook_secrets(upgraded.tenant_id)
    body = stripe_events.encode(stripe_events.event("refund.created", refund))
    inbox.receive(upgraded.tenant_id, body=body, signature=stripe_events.signature(body, secret))

    process_events(upgraded.tenant_id)

    order = upgraded.order(bought)
    assert order["status"] == "refunded"
    assert [grant["active"] for grant in order["grants"]] == [False]


def test_the_upgraded_installation_has_no_fault(upgraded: Upgraded) -> None:
    result = upgraded.app.test_cli_runner().invoke(args=["doctor"])
    faults = [line for line in result.output.splitlines() if line.startswith("fault")]
    # Stripe's stand-in is a new one, and has no endpoints.
    assert [fault for fault in faults if "webhook endpoint" not in fault] == []
    assert "ok" in result.output
