"""A database that answers but cannot do its work: callers repeat, and no process needs a restart."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from lumira.models import WebhookEvent
from lumira.sandbox.server import SandboxServer
from tests.support import factories, postgresql, stripe_events
from tests.support.factories import Brand, count

SALE = {"productId": "mystique", "customerEmail": "ana@example.com"}


class Server:
    """The database of these tests, and what its operator does to it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.name = make_url(url).database

    def execute(self, statement: str) -> None:
        engine = create_engine(self.url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text("SET default_transaction_read_only = off"))
            connection.execute(text(statement))
        engine.dispose()

    def become_read_only(self) -> None:
        """Close all sessions; new ones cannot write, and stay so after the server can: as after a failover."""
        self.execute(f"ALTER DATABASE {self.name} SET default_transaction_read_only = on")
        self.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )

    def become_writable(self) -> None:
        self.execute(f"ALTER DATABASE {self.name} RESET default_transaction_read_only")


@pytest.fixture
def server(run_directory: Path, worker_id: str) -> Server:
    return Server(postgresql.create_database(run_directory, f"unusable_{worker_id}"))


@pytest.fixture
def web(client_with: Callable[..., FlaskClient], server: Server) -> FlaskClient:
    return client_with(database_url=server.url, database_pool_size=2)


@pytest.fixture
def brand(web: FlaskClient, sandbox: SandboxServer) -> Brand:
    with web.application.app_context():
        return factories.make_brand(sandbox_url=sandbox.url)


def buy(web: FlaskClient, brand: Brand) -> Any:
    return web.post("/api/payments/create-payment-intent", json=SALE, headers=brand.publishable)


def deliver(web: FlaskClient, brand: Brand) -> Any:
    body = stripe_events.encode(stripe_events.event("invoice.paid", {"id": "in_1"}))
    headers = {"Stripe-Signature": stripe_events.signature(body, brand.webhook_secret)}
    return web.post(f"/api/webhooks/stripe/{brand.slug}", data=body, headers=headers)


def read(web: FlaskClient, brand: Brand) -> None:
    assert web.get("/api/products", headers=brand.publishable).status_code == 200


def is_to_be_repeated(reply: Any) -> bool:
    return (
        reply.status_code == 503
        and reply.json["code"] == "SERVICE_UNAVAILABLE"
        and int(reply.headers["Retry-After"]) > 0
    )


def test_a_read_only_server_gets_every_write_repeated_and_is_not_ready(
    web: FlaskClient, brand: Brand, server: Server
) -> None:
    server.become_read_only()

    assert is_to_be_repeated(buy(web, brand))
    assert is_to_be_repeated(deliver(web, brand))
    read(web, brand)
    ready = web.get("/readyz")
    assert (ready.status_code, ready.json["missing"]) == (503, ["write_access"])


def test_sales_and_deliveries_work_again_without_a_restart_once_the_server_can_write(
    web: FlaskClient, brand: Brand, server: Server
) -> None:
    server.become_read_only()
    assert is_to_be_repeated(deliver(web, brand))
    # These sessions are read-only for as long as they exist.
    for _ in range(3):
        read(web, brand)
    server.become_writable()

    assert deliver(web, brand).status_code == 200
    replies = [buy(web, brand) for _ in range(3)]
    assert is_to_be_repeated(replies[0])
    assert [reply.status_code for reply in replies[1:]] == [200, 200]
    assert web.get("/readyz").status_code == 200
    with web.application.app_context():
        assert count(brand, WebhookEvent) == 1


def test_a_missing_privilege_gets_the_call_repeated_and_the_service_is_not_ready(
    web: FlaskClient, brand: Brand, server: Server
) -> None:
    server.execute("REVOKE ALL ON orders, webhook_events FROM lumira_app")
    assert is_to_be_repeated(buy(web, brand))
    assert is_to_be_repeated(deliver(web, brand))
    assert web.get("/readyz").json["missing"] == ["privileges"]

    server.execute("GRANT SELECT, INSERT, UPDATE ON orders, webhook_events TO lumira_app")
    assert buy(web, brand).status_code == 200
    assert deliver(web, brand).status_code == 200


def test_a_privilege_missing_on_every_table_is_reported_as_that(
    web: FlaskClient, brand: Brand, server: Server
) -> None:
    server.execute("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM lumira_app")

    assert web.get("/readyz").json["missing"] == ["privileges"]


def test_a_changed_column_breaks_the_statements_of_open_connections_once_only(
    web: FlaskClient, brand: Brand, server: Server
) -> None:
    def status() -> int:
        return web.get("/api/orders", headers=brand.secret).status_code

    # Often enough that the driver has prepared the statements on each connection.
    assert {status() for _ in range(24)} == {200}
    server.execute("ALTER TABLE orders ALTER COLUMN order_number TYPE varchar")

    assert [status() for _ in range(6)] == [503, 200, 200, 200, 200, 200]


@pytest.mark.parametrize(
    "change",
    ["ALTER TABLE orders RENAME TO orders_left_out", "ALTER TABLE orders RENAME COLUMN livemode TO left_out"],
)
def test_a_schema_that_is_not_complete_gets_the_call_repeated_and_names_the_migration(
    web: FlaskClient, brand: Brand, server: Server, capsys: pytest.CaptureFixture[str], change: str
) -> None:
    server.execute(change)
    capsys.readouterr()

    assert is_to_be_repeated(buy(web, brand))

    logged = [line for line in capsys.readouterr().err.splitlines() if "database_not_migrated" in line]
    assert len(logged) == 1
    assert "flask db upgrade" in logged[0]


def test_a_service_with_a_missing_table_is_not_ready_although_its_migration_is_recorded(
    web: FlaskClient, brand: Brand, server: Server
) -> None:
    server.execute("ALTER TABLE orders RENAME TO orders_left_out")
    assert web.get("/readyz").json["missing"] == ["migrations"]

    server.execute("ALTER TABLE orders_left_out RENAME TO orders")
    assert web.get("/readyz").status_code == 200
