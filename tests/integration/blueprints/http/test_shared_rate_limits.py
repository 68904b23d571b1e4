"""With Redis all processes count together; while it is unreachable each counts separately and refuses no checkout."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from flask.testing import FlaskClient

from config.settings import RateLimits
from tests.support.factories import Brand
from tests.support.redis_server import RedisServer

#: A limit resets at the full hour, so the tests run far from one.
NOON = datetime(2026, 11, 21, 12, 10, tzinfo=UTC)
LIMITED = RateLimits(per_key="4 per hour", per_address="1000 per hour")


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with time_machine.travel(NOON):
        yield


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path)
    server.start()
    yield server
    server.kill()


@pytest.fixture
def processes(client_with: Callable[..., FlaskClient], redis: RedisServer) -> list[FlaskClient]:
    """Two applications, as two processes have them."""
    return [client_with(rate_limits=LIMITED, redis_url=redis.url) for _ in range(2)]


def send(client: FlaskClient, brand: Brand, times: int) -> list[int]:
    return [client.get("/api/products", headers=brand.publishable).status_code for _ in range(times)]


def test_processes_share_their_counts_through_redis(processes: list[FlaskClient], tenant: Brand) -> None:
    first, second = processes
    assert send(first, tenant, 3) == [200, 200, 200]
    assert send(second, tenant, 2) == [200, 429]
    assert send(first, tenant, 1) == [429]


def test_each_process_counts_separately_while_redis_is_unreachable(
    processes: list[FlaskClient], redis: RedisServer, tenant: Brand
) -> None:
    first, second = processes
    assert send(first, tenant, 3) == [200, 200, 200]
    redis.kill()
    assert send(first, tenant, 5) == [200, 200, 200, 200, 429]
    assert send(second, tenant, 5) == [200, 200, 200, 200, 429]


def test_processes_share_their_counts_again_when_redis_is_back(
    processes: list[FlaskClient], redis: RedisServer, tenant: Brand
) -> None:
    first, second = processes
    redis.kill()
    assert send(first, tenant, 1) == [200]
    redis.start()
    # The limiter tries Redis again within half a minute.
    with time_machine.travel(NOON + timedelta(minutes=1)):
        assert send(first, tenant, 3) == [200, 200, 200]
        assert send(second, tenant, 2) == [200, 429]


def test_no_address_or_key_is_readable_in_redis(
    processes: list[FlaskClient], redis: RedisServer, tenant: Brand
) -> None:
    send(processes[0], tenant, 1)
    stored = redis.keys()
    assert stored
    assert all(b"lumira" in key.lower() for key in stored)
    assert not any(tenant.publishable_key.encode() in key or b"127.0.0.1" in key for key in stored)
