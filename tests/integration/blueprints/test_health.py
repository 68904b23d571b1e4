"""Probes."""

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from flask.testing import FlaskClient
from sqlalchemy import create_engine, text

from config.settings import Settings
from lumira.database import atomic, db
from lumira.sandbox.server import SandboxServer
from lumira.services.installation.readiness import Readiness
from tests.support import factories, postgresql
from tests.support.factories import Brand


def test_the_process_responds(client: FlaskClient) -> None:
    reply = client.get("/healthz")
    assert (reply.status_code, reply.json) == (200, {"status": "ok"})


def test_the_service_is_ready_on_a_migrated_database(client: FlaskClient) -> None:
    reply = client.get("/readyz")
    assert (reply.status_code, reply.json) == (
        200,
        {"status": "ready", "missing": [], "warnings": ["worker"]},
    )


def test_a_service_without_a_worker_is_ready_and_says_so(client: FlaskClient, app_context: None) -> None:
    with atomic(None):
        db.session.execute(text("INSERT INTO procrastinate_workers DEFAULT VALUES"))
    assert client.get("/readyz").json["warnings"] == []
    with atomic(None):
        db.session.execute(text("DELETE FROM procrastinate_workers"))
    reply = client.get("/readyz")
    assert (reply.status_code, reply.json["warnings"]) == (200, ["worker"])


def test_probes_need_no_key_and_ignore_a_wrong_one(client: FlaskClient) -> None:
    for path in ("/healthz", "/readyz"):
        assert client.get(path, headers={"Authorization": "Bearer wrong"}).status_code == 200
        assert client.head(path).status_code == 200


def test_a_missing_database_is_reported_without_its_address(
    client_with: Callable[..., FlaskClient],
) -> None:
    url = "postgresql+psycopg://someone:hunter2@127.0.0.1:1/nowhere"
    reply = client_with(database_url=url).get("/readyz")
    assert (reply.status_code, reply.json) == (
        503,
        {"status": "not_ready", "missing": ["database"], "warnings": []},
    )


def test_the_process_responds_without_a_database(client_with: Callable[..., FlaskClient]) -> None:
    client = client_with(database_url="postgresql+psycopg://someone@127.0.0.1:1/nowhere")
    assert client.get("/healthz").status_code == 200


def test_a_database_without_its_schema_is_not_ready(
    client_with: Callable[..., FlaskClient], run_directory: object, database_url: str
) -> None:
    empty = postgresql.create_database(run_directory, "lumira_empty", template="template0")  # type: ignore[arg-type]
    reply = client_with(database_url=empty).get("/readyz")
    assert (reply.status_code, reply.json["missing"]) == (503, ["migrations"])


@pytest.mark.parametrize(
    ("revision", "missing"),
    [("0001_roles", ["migrations"]), ("nonsense", ["migrations"]), ("9999_later", [])],
)
def test_the_schema_must_have_the_required_migration(
    client_with: Callable[..., FlaskClient],
    run_directory: object,
    worker_id: str,
    revision: str,
    missing: list[str],
) -> None:
    url = postgresql.create_database(run_directory, f"revision_{worker_id}")  # type: ignore[arg-type]
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})
    engine.dispose()
    assert client_with(database_url=url).get("/readyz").json["missing"] == missing


def test_the_required_migration_is_the_newest_one(settings: Settings) -> None:
    files = sorted(path.stem for path in (postgresql.MIGRATIONS / "versions").glob("[0-9]*.py"))
    assert Readiness.of(settings).head == files[-1]


def test_encryption_keys_that_do_not_decrypt_the_stored_credentials_are_not_ready(
    client_with: Callable[..., FlaskClient],
    run_directory: Path,
    sandbox: SandboxServer,
    capsys: pytest.CaptureFixture[str],
) -> None:
    url = postgresql.create_database(run_directory, "lumira_other_keys")
    client = client_with(database_url=url)
    with client.application.app_context():
        brand = factories.make_brand(sandbox_url=sandbox.url)
    assert client.get("/readyz").status_code == 200

    reply = client_with(database_url=url, encryption_keys=(Fernet.generate_key().decode(),)).get("/readyz")

    assert (reply.status_code, reply.json["missing"]) == (503, ["encryption_keys"])
    assert (
        f"LUMIRA_ENCRYPTION_KEYS does not decrypt the Stripe credentials of {brand.slug}:"
        in capsys.readouterr().err
    )


def test_a_process_with_wrong_encryption_keys_refuses_sales_and_webhooks_with_a_reason(
    client_with: Callable[..., FlaskClient], tenant: Brand
) -> None:
    client = client_with(encryption_keys=(Fernet.generate_key().decode(),))

    sale = client.post(
        "/api/products/create-payment-intent", headers=tenant.publishable, json={"productId": "mystique"}
    )
    delivery = client.post(
        f"/api/webhooks/stripe/{tenant.slug}", data=b"{}", headers={"Stripe-Signature": "x"}
    )

    assert (sale.status_code, sale.json["code"]) == (502, "STRIPE_CONFIG_ERROR")
    assert delivery.status_code == 502
