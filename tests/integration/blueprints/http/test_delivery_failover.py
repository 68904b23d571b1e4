"""While the database is away, deliveries get a 503; what got a 200 before and after is stored, once."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import requests
from flask import Flask
from sqlalchemy.engine import make_url

from config.settings import Settings
from lumira.models import WebhookEvent
from lumira.sandbox.server import SandboxServer
from tests.benchmarks.processes import wait_until
from tests.support import factories, own_database, stripe_events
from tests.support.factories import Brand, count
from tests.support.web_process import WebProcess, web_process

settings, app = own_database.settings, own_database.app

CLIENTS = 6


class Load:
    """Clients that deliver one event after another, and the status of each."""

    def __init__(self, web: WebProcess, brand: Brand) -> None:
        self.url = f"{web.url}/api/webhooks/stripe/{brand.slug}"
        self.brand = brand
        self.statuses: dict[str, int] = {}
        self.ended = threading.Event()

    def deliver(self) -> None:
        with requests.Session() as http:
            while not self.ended.is_set():
                body = stripe_events.encode(stripe_events.event("invoice.paid", {"id": "in_1"}))
                headers = {"Stripe-Signature": stripe_events.signature(body, self.brand.webhook_secret)}
                reply = http.post(self.url, data=body, headers=headers, timeout=60)
                self.statuses[json.loads(body)["id"]] = reply.status_code

    def wait_for(self, status: int, *, number: int) -> None:
        """Return once so many more replies had this status."""
        before = Counter(self.statuses.values())[status]
        wait_until(
            lambda: Counter(list(self.statuses.values()))[status] >= before + number,
            within=60,
            what=f"replies with {status}",
        )

    @contextmanager
    def running(self) -> Iterator[None]:
        threads = [threading.Thread(target=self.deliver) for _ in range(CLIENTS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.ended.set()
            for thread in threads:
                thread.join()


def test_a_database_that_fails_over_loses_no_delivery_that_got_a_200(
    app: Flask, settings: Settings, sandbox: SandboxServer, tmp_path: Path
) -> None:
    with app.app_context():
        brand = factories.make_brand(sandbox_url=sandbox.url)
    url = make_url(settings.database_url)
    name = url.database
    with (
        web_process(settings, tmp_path / "log") as web,
        psycopg.connect(
            url.set(drivername="postgresql", database="postgres").render_as_string(hide_password=False),
            autocommit=True,
        ) as operator,
    ):
        load = Load(web, brand)
        with load.running():
            load.wait_for(200, number=50)
            for _ in range(2):
                operator.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
                operator.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,)
                )
                load.wait_for(503, number=10)
                operator.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
                load.wait_for(200, number=50)
    assert set(load.statuses.values()) == {200, 503}
    with app.app_context():
        stored = {
            event_id: count(brand, WebhookEvent, stripe_event_id=event_id) for event_id in load.statuses
        }
    assert all(stored[event_id] == 1 for event_id, status in load.statuses.items() if status == 200)
    assert max(stored.values()) == 1
