"""A delivery while the database is unreachable is stored, or refused so that Stripe delivers it again."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.engine import make_url

from config.settings import Settings
from lumira.models import WebhookEvent
from tests.support import stripe_events
from tests.support.factories import Brand, count
from tests.support.tcp_proxy import TcpProxy, proxy_of

pytestmark = pytest.mark.usefixtures("app_context")
AT_ONCE = 8


@pytest.fixture
def proxy(settings: Settings) -> Iterator[TcpProxy]:
    """The connection between the web process and the database."""
    url = make_url(settings.database_url)
    with proxy_of(Path(str(url.query["host"])) / f".s.PGSQL.{url.port or 5432}") as proxy:
        yield proxy


@pytest.fixture
def web(client_with: Callable[..., FlaskClient], settings: Settings, proxy: TcpProxy) -> FlaskClient:
    url = make_url(settings.database_url).set(host="127.0.0.1", port=proxy.port, query={})
    return client_with(database_url=url.render_as_string(hide_password=False), database_pool_size=AT_ONCE)


def deliver(web: FlaskClient, brand: Brand) -> Any:
    body = stripe_events.encode(stripe_events.event("invoice.paid", {"id": "in_1"}))
    headers = {"Stripe-Signature": stripe_events.signature(body, brand.webhook_secret)}
    return web.post(f"/api/webhooks/stripe/{brand.slug}", data=body, headers=headers)


def test_a_delivery_gets_a_503_while_the_database_is_unreachable(
    web: FlaskClient, proxy: TcpProxy, tenant: Brand
) -> None:
    assert deliver(web, tenant).status_code == 200
    proxy.close()
    reply = deliver(web, tenant)
    assert (reply.status_code, reply.json["code"]) == (503, "SERVICE_UNAVAILABLE")
    assert int(reply.headers["Retry-After"]) > 0
    assert count(tenant, WebhookEvent) == 1


def test_deliveries_are_stored_after_all_connections_were_dropped(
    web: FlaskClient, proxy: TcpProxy, tenant: Brand
) -> None:
    def several(_: object) -> int:
        status: int = deliver(web.application.test_client(), tenant).status_code
        return status

    with ThreadPoolExecutor(AT_ONCE) as threads:
        assert set(threads.map(several, range(AT_ONCE * 5))) == {200}
    proxy.forget()
    assert [deliver(web, tenant).status_code for _ in range(3)] == [200, 200, 200]
    assert count(tenant, WebhookEvent) == AT_ONCE * 5 + 3
