"""Behind PgBouncer in transaction mode everything works, and tenants that share a session stay apart."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest
import requests
from flask import Flask
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from config.settings import Settings
from lumira import create_app
from lumira.database import atomic, db
from lumira.models import OrderStatus
from tests.benchmarks.processes import process
from tests.support import own_database, stripe_events
from tests.support.factories import Brand
from tests.support.pgbouncer import pgbouncer
from tests.support.stripe_sandbox import events, pay
from tests.support.tcp_proxy import TcpProxy, proxy_of
from tests.support.web_process import WebProcess, environment, web_process

# The worker works for all tenants: in the database of the other tests it would find what those leave.
settings, app = own_database.settings, own_database.app

LOGIN = "lumira_pooled"
SALE = {"productId": "mystique", "customerEmail": "ana@example.com"}
#: Seconds within which a worker settles an order.
SETTLED_WITHIN = 60


@dataclass
class Pooler:
    """Two applications' worth of settings that share one session of the server."""

    settings: Settings
    server: TcpProxy


@pytest.fixture(scope="module")
def pooler(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pooler]:
    url = make_url(settings.database_url)
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(
            text(f"DO $$ BEGIN CREATE ROLE {LOGIN} LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
        )
        connection.execute(text(f"GRANT lumira_app TO {LOGIN}"))
    engine.dispose()
    directory = tmp_path_factory.mktemp("pgbouncer")
    with (
        proxy_of(Path(str(url.query["host"])) / f".s.PGSQL.{url.port or 5432}") as server,
        pgbouncer(directory, server, settings.database_url, login=LOGIN, sessions=1) as pooled,
    ):
        direct = url.set(username=LOGIN).render_as_string(hide_password=False)
        yield Pooler(replace(settings, database_url=pooled, database_direct_url=direct), server)


@pytest.fixture
def pooled_app(pooler: Pooler, settings: Settings) -> Iterator[Flask]:
    app = create_app(pooler.settings)
    with app.app_context():
        yield app
        for engine in db.engines.values():
            engine.dispose()
    create_app(settings, serves_http=False)


def names_of_tenants() -> list[str]:
    names = db.session.execute(text("SELECT slug FROM tenants ORDER BY slug")).scalars()
    return list(names)


def session_state() -> tuple[int, str, str, str]:
    limits = "current_setting('statement_timeout'), current_setting('lock_timeout')"
    row = db.session.execute(text(f"SELECT pg_backend_pid(), current_user, {limits}")).one()
    return row[0], row[1], row[2], row[3]


def test_two_tenants_on_one_session_never_see_each_other(
    pooled_app: Flask, tenant: Brand, other_tenant: Brand
) -> None:
    def read(brand: Brand) -> tuple[int, list[list[str]]]:
        with pooled_app.app_context():
            seen, pids = [], set()
            for _ in range(50):
                with atomic(brand.id):
                    seen.append(names_of_tenants())
                    pids.add(session_state()[0])
            [pid] = pids
            return pid, seen

    with ThreadPoolExecutor(2) as threads:
        (pid, seen), (other_pid, others_seen) = threads.map(read, (tenant, other_tenant))

    assert pid == other_pid
    assert seen == [[tenant.slug]] * 50
    assert others_seen == [[other_tenant.slug]] * 50


def test_each_transaction_has_the_role_and_the_limits_and_leaves_nothing_to_the_next(
    pooler: Pooler, pooled_app: Flask, tenant: Brand
) -> None:
    with atomic(tenant.id):
        assert session_state()[1:] == ("lumira_app", "1min", "45s")
    with atomic(None):
        assert names_of_tenants() == []
    engine = create_engine(pooler.settings.database_url, connect_args={"prepare_threshold": None})
    with engine.connect() as connection:
        [[user, tenant_id, limit]] = connection.execute(
            text(
                "SELECT current_user, current_setting('lumira.tenant_id', true), current_setting('lock_timeout')"
            )
        )
    engine.dispose()
    assert (user, tenant_id or "", limit) == (LOGIN, "", "0")


def deliver(app: Flask, brand: Brand) -> Any:
    body = stripe_events.encode(stripe_events.event("invoice.paid", {"id": f"in_{uuid4().hex}"}))
    headers = {"Stripe-Signature": stripe_events.signature(body, brand.webhook_secret)}
    return app.test_client().post(f"/api/webhooks/stripe/{brand.slug}", data=body, headers=headers)


def test_many_events_are_stored_at_once_over_one_session(
    pooled_app: Flask, tenant: Brand, other_tenant: Brand
) -> None:
    begun = Barrier(8)

    def several(number: int) -> set[int]:
        begun.wait()
        brand = (tenant, other_tenant)[number % 2]
        return {deliver(pooled_app, brand).status_code for _ in range(10)}

    with ThreadPoolExecutor(8) as threads:
        assert set().union(*threads.map(several, range(8))) == {200}
    for brand in (tenant, other_tenant):
        with atomic(brand.id):
            assert db.session.execute(text("SELECT count(*) FROM webhook_events")).scalar_one() == 40


def test_a_session_that_is_lost_is_replaced(pooler: Pooler, pooled_app: Flask, tenant: Brand) -> None:
    client = pooled_app.test_client()
    assert client.get("/api/products", headers=tenant.publishable).status_code == 200
    assert deliver(pooled_app, tenant).status_code == 200
    pooler.server.forget()

    # The pooler notices with the first statement, and its client is refused or gets another session.
    for call in (
        lambda: deliver(pooled_app, tenant),
        lambda: client.post("/api/payments/create-payment-intent", json=SALE, headers=tenant.publishable),
    ):
        statuses = [call().status_code for _ in range(3)]
        assert set(statuses) <= {200, 503}
        assert statuses[1:] == [200, 200]
    assert client.get("/readyz").status_code == 200


@pytest.fixture
def web(pooler: Pooler, tmp_path: Path) -> Iterator[WebProcess]:
    with web_process(pooler.settings, tmp_path / "web.log") as running:
        yield running


def test_a_purchase_is_fulfilled_by_web_and_worker_behind_the_pooler(
    pooler: Pooler, web: WebProcess, tmp_path: Path, make_brand: Callable[..., Brand]
) -> None:
    brand = make_brand()
    variables = environment(pooler.settings)
    with process(["flask", "worker"], variables, tmp_path / "worker.log"):
        sale = requests.post(
            f"{web.url}/api/payments/create-payment-intent", json=SALE, headers=brand.secret, timeout=60
        ).json()
        pay(brand, sale["paymentIntentId"], sale["clientSecret"])
        for event in events(brand, "payment_intent.succeeded"):
            body = stripe_events.encode(event)
            delivered = requests.post(
                f"{web.url}/api/webhooks/stripe/{brand.slug}",
                data=body,
                headers={"Stripe-Signature": stripe_events.signature(body, brand.webhook_secret)},
                timeout=60,
            )
            assert delivered.json() == {"received": True}
        end = time.monotonic() + SETTLED_WITHIN
        while True:
            order = requests.get(
                f"{web.url}/api/orders/{sale['orderNumber']}", headers=brand.secret, timeout=60
            ).json()
            if order["status"] == OrderStatus.COMPLETED or time.monotonic() > end:
                break
            time.sleep(0.1)
    assert order["status"] == OrderStatus.COMPLETED
    assert [grant["productId"] for grant in order["grants"]] == ["mystique"]
    assert '"level": "error"' not in (tmp_path / "worker.log").read_text()
