"""The door stores regular deliveries together, replies after the commit, and leaves everything else to the route."""

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from config.settings import Settings
from lumira import tenancy
from lumira.blueprints.http import delivery_door, receiver_lookups
from lumira.blueprints.http.delivery_door import DeliveryDoor, Reply
from lumira.database import atomic, db
from lumira.models import WebhookEvent
from lumira.webhooks import committer, event_rows, inbox
from tests.benchmarks.processes import wait_until
from tests.support import stripe_events
from tests.support.delivery_loop import DeliveryLoop
from tests.support.factories import Brand, count
from tests.support.statements import Statements

pytestmark = pytest.mark.usefixtures("app_context")


class Door:
    """A door whose events are stored when the test says so, and all that it replied."""

    def __init__(self, app: Flask) -> None:
        self.door = DeliveryDoor(app, lambda application: application)
        self.committer = self.door._committer
        self.loop = DeliveryLoop(self.door)
        self.door.open(self.loop)
        self._accepted: set[object] = set()

    @property
    def replies(self) -> dict[object, Reply]:
        return self.loop.replies

    def deliver(self, brand: Brand, body: bytes, *, token: object = None, **headers: str) -> bool:
        is_accepted = self.door.accept(environ(brand, body) | headers, body, token)
        self._accepted |= {token} if is_accepted else set()
        return is_accepted

    def store_waiting(self) -> None:
        """Store all events that were accepted."""
        self.loop.run_until(lambda: not self._accepted - self.replies.keys())

    def reopen(self) -> None:
        """Let new sessions be opened, as the first delivery does after all were lost."""
        self.close()
        self.door.open(self.loop)

    def close(self) -> None:
        for lane in list(self.committer._lanes):
            self.committer._close(lane)

    def statuses(self) -> list[bool]:
        """Whether each delivery got a 200, in the order of the tokens."""
        return [self.replies[token] is not None for token in sorted(self.replies, key=str)]


def environ(brand: Brand, body: bytes) -> dict[str, Any]:
    return {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": f"/api/webhooks/stripe/{brand.slug}",
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_HOST": "localhost",
        "HTTP_STRIPE_SIGNATURE": stripe_events.signature(body, brand.webhook_secret),
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.url_scheme": "http",
    }


def paid(**fields: Any) -> bytes:
    return stripe_events.encode(stripe_events.event("invoice.paid", {"id": "in_1"}, **fields))


def deliver_by_the_route(client: FlaskClient, brand: Brand, body: bytes) -> int:
    headers = {"Stripe-Signature": stripe_events.signature(body, brand.webhook_secret)}
    return client.post(f"/api/webhooks/stripe/{brand.slug}", data=body, headers=headers).status_code


@pytest.fixture
def door(app: Flask, client: FlaskClient, tenant: Brand, other_tenant: Brand) -> Iterator[Door]:
    """A door that knows both tenants."""
    for brand in (tenant, other_tenant):
        deliver_by_the_route(client, brand, paid())
    door = Door(app)
    yield door
    door.close()


def test_deliveries_that_wait_are_stored_in_one_transaction_each_for_its_tenant(
    door: Door, tenant: Brand, other_tenant: Brand, statements: Statements, capsys: pytest.CaptureFixture[str]
) -> None:
    bodies = [paid() for _ in range(6)]
    for number, body in enumerate(bodies):
        assert door.deliver((tenant, other_tenant)[number % 2], body, token=number)
    assert door.replies == {}
    capsys.readouterr()

    sent = statements.made_by(door.store_waiting)
    assert len(sent) == 1
    assert sent[0].startswith("inbox: SELECT lumira_receive_events(")
    assert door.statuses() == [True] * 6
    # The fixture has delivered one to each.
    assert (count(tenant, WebhookEvent), count(other_tenant, WebhookEvent)) == (4, 4)
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(line["event_id"], line["tenant"], line["status"]) for line in lines] == [
        (json.loads(body)["id"], (tenant, other_tenant)[number % 2].slug, 200)
        for number, body in enumerate(bodies)
    ]


def test_an_event_that_comes_twice_at_once_is_stored_once(
    door: Door, tenant: Brand, capsys: pytest.CaptureFixture[str]
) -> None:
    body = paid()
    for number in range(3):
        door.deliver(tenant, body, token=number)
    capsys.readouterr()
    door.store_waiting()
    assert door.statuses() == [True] * 3
    assert count(tenant, WebhookEvent) == 2
    repeated = [json.loads(line)["repeated"] for line in capsys.readouterr().err.splitlines()]
    assert sorted(repeated) == [False, True, True]


def test_an_event_that_cannot_be_stored_leaves_all_others_to_the_route(
    door: Door, client: FlaskClient, tenant: Brand
) -> None:
    bodies = [paid() for _ in range(63)]
    for number, body in enumerate(bodies):
        door.deliver(tenant, body, token=number)
    _, row, accepted = door.committer._waiting[-1]
    door.committer.submit(replace(row, stripe_event_id="evt_bad", type=None), replace(accepted, token=63))
    door._accepted.add(63)
    door.store_waiting()
    # No 200: nothing of the transaction was committed.
    assert door.statuses() == [False] * 64
    assert count(tenant, WebhookEvent) == 1
    assert {deliver_by_the_route(client, tenant, body) for body in bodies} == {200}
    assert count(tenant, WebhookEvent) == 64


def test_a_lost_connection_leaves_the_deliveries_to_the_route(door: Door, tenant: Brand) -> None:
    body = paid()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(
            event_rows,
            "RECEIVE_TOGETHER",
            "SELECT ARRAY[pg_terminate_backend(pg_backend_pid())] "
            "WHERE %(events)s::text <> '' AND %(payloads)b::bytea[] IS NOT NULL",
        )
        door.reopen()
        door.deliver(tenant, body, token="lost")
        door.store_waiting()
    assert door.replies == {"lost": None}
    assert count(tenant, WebhookEvent) == 1
    # Nothing is sent to a session that has ended; another one is opened meanwhile.
    assert not door.deliver(tenant, body, token="declined")
    door.loop.run_until(lambda: len(door.committer._lanes) == 1)
    door.deliver(tenant, body, token="again")
    door.store_waiting()
    assert door.replies["again"] is not None
    assert count(tenant, WebhookEvent) == 2


def test_a_session_that_hangs_leaves_its_deliveries_to_the_route(
    door: Door, client: FlaskClient, tenant: Brand, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = event_rows.RECEIVE_TOGETHER.replace("WHERE", "WHERE pg_sleep(0.5) IS NOT NULL AND")
    monkeypatch.setattr(event_rows, "RECEIVE_TOGETHER", slow)
    monkeypatch.setattr(committer, "LONGEST", 0.05)
    door.reopen()
    body = paid()
    door.deliver(tenant, body, token="hangs")
    door.store_waiting()
    assert door.replies == {"hangs": None}
    assert deliver_by_the_route(client, tenant, body) == 200
    # The session that was given up finds the event.
    wait_until(lambda: not _is_running("pg_sleep(0.5)"), within=10, what="the end of its transaction")
    assert count(tenant, WebhookEvent) == 2


def _is_running(part: str) -> bool:
    query = text(
        "SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND strpos(query, :part) > 0"
    )
    with atomic(None):
        return db.session.scalar(query, {"part": part}) > 0


def test_deliveries_wait_only_briefly_for_an_event_that_another_transaction_stores(
    door: Door, tenant: Brand, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_rows, "RECEIVE_TOGETHER", event_rows.RECEIVE_TOGETHER.replace("'2s'", "'50ms'"))
    door.reopen()
    body = paid()
    door.deliver(tenant, body, token=0)
    _, row, _ = door.committer._waiting[0]
    url = make_url(settings.database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url) as other:
        other.execute(
            event_rows._RECEIVE,
            {"events": event_rows._to_json([event_rows._as_json(row)]), "payloads": [b"x"]},
        )
        door.store_waiting()
        other.rollback()
    assert door.statuses() == [False]
    door.deliver(tenant, body, token=1)
    door.store_waiting()
    assert door.statuses() == [False, True]


@pytest.mark.parametrize(
    ("body", "changed"),
    [
        (paid(), {"HTTP_STRIPE_SIGNATURE": "t=1,v1=00"}),
        (paid(), {"HTTP_ORIGIN": "https://shop.example"}),
        (paid(), {"PATH_INFO": "/api/webhooks/stripe/unknown"}),
        (paid(), {"PATH_INFO": "/api/orders"}),
        (paid(account="acct_unknown"), {}),
        (b"{", {}),
        (b"[]", {}),
        (b'{"id": NaN}', {}),
        (stripe_events.encode({"id": "evt_lumira_probe_" + "0" * 32, "type": "lumira.probe"}), {}),
    ],
)
def test_an_irregular_delivery_is_declined(
    door: Door, tenant: Brand, body: bytes, changed: dict[str, str]
) -> None:
    assert not door.deliver(tenant, body, **changed)
    assert not door.committer._waiting


def forget_tenants(app: Flask) -> None:
    """Forget what a process knows of tenants, as ten seconds later."""
    app.extensions[tenancy._CALLERS].receivers.clear()
    inbox._secrets.clear()


def test_deliveries_wait_while_their_tenant_is_looked_up_again_for_all_of_them(
    app: Flask, door: Door, tenant: Brand, monkeypatch: pytest.MonkeyPatch
) -> None:
    door.deliver(tenant, paid(), token="known")
    door.store_waiting()
    forget_tenants(app)
    looked_up: list[int] = []
    learn = inbox.learn_secrets
    monkeypatch.setattr(
        inbox, "learn_secrets", lambda tenant_id: (looked_up.append(tenant_id), learn(tenant_id))
    )

    bodies = {"a": paid(), "b": paid(), "forged": paid()}
    for token, body in bodies.items():
        changed = {"HTTP_STRIPE_SIGNATURE": "t=1,v1=00"} if token == "forged" else {}
        assert door.deliver(tenant, body, token=token, **changed)
    assert count(tenant, WebhookEvent) == 2
    door.store_waiting()
    assert looked_up == [tenant.id]
    assert {token: door.replies[token] is not None for token in bodies} == {
        "a": True,
        "b": True,
        "forged": False,
    }
    assert count(tenant, WebhookEvent) == 4


def test_a_look_up_that_fails_leaves_its_deliveries_to_the_route(
    app: Flask, door: Door, tenant: Brand, other_tenant: Brand, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OperationalError(None, None, psycopg.OperationalError())

    for brand in (tenant, other_tenant):
        door.deliver(brand, paid(), token=brand.slug)
    door.store_waiting()
    forget_tenants(app)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(tenancy, "find_receivers", fail)
        assert door.deliver(tenant, paid(), token="waits")
        # One look-up at a time.
        assert not door.deliver(other_tenant, paid(), token="other")
        door.store_waiting()
    assert door.replies["waits"] is None
    # As one that was never known: the route looks for it.
    assert not door.deliver(tenant, paid())


def test_no_tenant_is_forgotten_for_good_because_others_were_seen(
    app: Flask, door: Door, tenant: Brand, other_tenant: Brand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiver_lookups, "_MOST_SEEN", 1)
    for brand in (other_tenant, tenant):
        door.deliver(brand, paid(), token=brand.slug)
    door.store_waiting()
    forget_tenants(app)
    assert not door.deliver(other_tenant, paid())
    assert door.deliver(tenant, paid(), token="waits")
    door.store_waiting()
    assert door.replies["waits"] is not None


def test_a_system_without_another_thread_leaves_deliveries_to_the_route(
    app: Flask, door: Door, tenant: Brand, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_thread: object) -> None:
        raise RuntimeError

    door.deliver(tenant, paid(), token="known")
    door.store_waiting()
    forget_tenants(app)
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", fail)
        assert not door.deliver(tenant, paid())
    assert door.deliver(tenant, paid(), token="waits")
    door.store_waiting()
    assert door.replies["waits"] is not None


def test_deliveries_are_declined_unread_while_too_many_wait(
    door: Door, tenant: Brand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(committer, "MOST_WAITING", 2)
    read: list[object] = []
    find = delivery_door.find_row
    monkeypatch.setattr(delivery_door, "find_row", lambda *given: read.append(given) or find(*given))
    assert [door.deliver(tenant, paid(), token=number) for number in range(3)] == [True, True, False]
    assert len(read) == 2
    door.store_waiting()
    assert door.statuses() == [True, True]
