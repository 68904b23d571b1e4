"""Wherever a web process dies in the middle of a batch of deliveries: what got a 200 is stored, and all of it once."""

import json
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from http.client import BadStatusLine, HTTPResponse
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

from config.settings import Settings
from lumira.models import WebhookEvent
from tests.benchmarks import processes
from tests.support import dying_worker, stripe_events
from tests.support.factories import Brand, count
from tests.support.web_process import environment

pytestmark = pytest.mark.usefixtures("app_context")

AT_ONCE = 12


@dataclass
class Web:
    """A web server whose one process can be killed at a commit."""

    address: str
    pid: int
    dies: Path

    @property
    def workers(self) -> list[str]:
        """The ids of its processes: one, or none after its death until the next one begins."""
        return Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()

    def deliver(self, brand: Brand, bodies: list[bytes]) -> list[int | None]:
        """Deliver at once; return the status of each reply, `None` if the connection ended without one."""
        with ExitStack() as stack:
            return self.read(self.send(brand, bodies, stack))

    def send(self, brand: Brand, bodies: list[bytes], stack: ExitStack) -> list[socket.socket]:
        host, _, port = self.address.partition(":")
        connections = [
            stack.enter_context(socket.create_connection((host, int(port)), timeout=60)) for _ in bodies
        ]
        for connection, body in zip(connections, bodies, strict=True):
            connection.sendall(
                f"POST /api/webhooks/stripe/{brand.slug} HTTP/1.1\r\nHost: a\r\n"
                f"Stripe-Signature: {stripe_events.signature(body, brand.webhook_secret)}\r\n"
                f"Content-Length: {len(body)}\r\n\r\n".encode()
                + body
            )
        return connections

    def read(self, connections: list[socket.socket]) -> list[int | None]:
        return [self.status_of(connection) for connection in connections]

    def status_of(self, connection: socket.socket) -> int | None:
        reply = HTTPResponse(connection)
        try:
            reply.begin()
        except (BadStatusLine, ConnectionError):
            return None
        return reply.status


@pytest.fixture
def web(settings: Settings, tmp_path: Path) -> Iterator[Web]:
    address, dies = processes.free_address(), tmp_path / "dies"
    variables = environment(settings) | {
        "BIND": address,
        "GUNICORN_CMD_ARGS": "--worker-class tests.support.dying_worker.DyingWorker",
        dying_worker.DIES: str(dies),
    }
    child = processes.start([*processes.GUNICORN, "wsgi:app"], variables, tmp_path / "log")
    try:
        processes.wait_until_responding(address)
        yield Web(address, child.pid, dies)
    finally:
        assert processes.stop(child) == 0


def events(number: int) -> list[bytes]:
    return [stripe_events.encode(stripe_events.event("invoice.paid", {"id": "in_1"})) for _ in range(number)]


def is_stored(brand: Brand, body: bytes) -> bool:
    return count(brand, WebhookEvent, stripe_event_id=json.loads(body)["id"]) == 1


def test_a_killed_process_loses_no_delivery_that_got_a_200_and_stores_none_twice(
    web: Web, tenant: Brand
) -> None:
    for when in ("before", "after"):
        assert web.deliver(tenant, events(1)) == [200]
        web.dies.write_text(when)
        died, bodies = web.workers, events(AT_ONCE)
        statuses = web.deliver(tenant, bodies)
        assert None in statuses, when
        for body, status in zip(bodies, statuses, strict=True):
            assert status is None or is_stored(tenant, body)
        processes.wait_until(
            lambda died=died: web.workers not in (died, []), within=60, what="another worker"
        )
        processes.wait_until_responding(web.address)
        # Stripe repeats what got no reply, and here all the others too.
        assert web.deliver(tenant, bodies) == [200] * AT_ONCE
        assert all(is_stored(tenant, body) for body in bodies)


def test_a_server_that_stops_replies_to_the_deliveries_that_it_is_storing(
    web: Web, tenant: Brand, settings: Settings
) -> None:
    [first, *others] = bodies = events(AT_ONCE)
    assert web.deliver(tenant, events(1)) == [200]
    url = make_url(settings.database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url) as other, ExitStack() as stack:
        # Another transaction stores one of them, so that the batch waits.
        other.execute(
            "INSERT INTO webhook_events (tenant_id, id, stripe_event_id, stripe_created_at, type, payload, status, "
            "attempts, received_at, next_attempt_at) VALUES (%s, gen_random_uuid(), %s, to_timestamp(%s), 'a', '{}', "
            "'received', 0, now(), now())",
            (tenant.id, json.loads(first)["id"], json.loads(first)["created"]),
        )
        connections = web.send(tenant, bodies, stack)
        other.execute("SELECT pg_sleep(0.5)")
        os.kill(web.pid, signal.SIGTERM)
        other.rollback()
        assert web.read(connections) == [200] * AT_ONCE
    assert all(is_stored(tenant, body) for body in [first, *others])
