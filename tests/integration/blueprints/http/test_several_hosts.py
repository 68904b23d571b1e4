"""A database URL with several hosts works in the web process and in the worker while one host is down."""

import asyncio
import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from config import database_url
from config.settings import Settings
from lumira.tasks import worker
from tests.support.factories import Brand
from tests.support.tcp_proxy import TcpProxy, proxy_of

#: No server listens on this port.
DOWN = 1
SALE = {"productId": "mystique", "customerEmail": "ana@example.com"}


@pytest.fixture
def proxy(settings: Settings) -> Iterator[TcpProxy]:
    """A host of the database: the tests' server listens on a Unix socket only."""
    url = make_url(settings.database_url)
    with proxy_of(Path(str(url.query["host"])) / f".s.PGSQL.{url.port or 5432}") as proxy:
        yield proxy


@pytest.fixture(params=["of PostgreSQL", "of SQLAlchemy"])
def url(request: pytest.FixtureRequest, settings: Settings, proxy: TcpProxy) -> str:
    single = make_url(settings.database_url)
    hosts = [f"127.0.0.1:{DOWN}", f"127.0.0.1:{proxy.port}"]
    if request.param == "of PostgreSQL":
        written = f"postgresql://{single.username}@{','.join(hosts)}/{single.database}"
    else:
        query = "&".join(f"host={host}" for host in hosts)
        written = f"postgresql://{single.username}@/{single.database}?{query}"
    return database_url.parse("DATABASE_URL", written)


def test_a_sale_is_opened_on_the_host_that_is_up(
    client_with: Callable[..., FlaskClient], url: str, tenant: Brand
) -> None:
    web = client_with(database_url=url)

    assert web.get("/readyz").status_code == 200
    reply = web.post("/api/payments/create-payment-intent", json=SALE, headers=tenant.publishable)
    assert reply.status_code == 200


def test_the_worker_reads_its_queue_on_the_host_that_is_up(settings: Settings, url: str) -> None:
    async def role() -> str:
        connector = worker.connector(dataclasses.replace(settings, database_url=url))
        await connector.open_async()
        try:
            row = await connector.execute_query_one_async("SELECT current_user::text AS role")
        finally:
            await connector.close_async()
        return str(row["role"])

    assert asyncio.run(role()) == "lumira_app"


def test_the_owner_connects_to_the_host_that_is_up(url: str) -> None:
    engine = create_engine(url)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM alembic_version")).scalar_one() == 1
    engine.dispose()
