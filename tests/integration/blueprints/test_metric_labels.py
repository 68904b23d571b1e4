"""The labels of metrics: few values each, none of a tenant, a buyer or a stranger's request."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from lumira import metric_files, metrics
from lumira.models import AlertKind, EventStatus, MessageKind, OrderStatus
from lumira.services.installation.measure_process import folder
from lumira.tasks.queue import queue
from lumira.webhooks.registry import handled_types
from tests.support import stripe_events
from tests.support.counted import SENT, TOKEN, counting, samples
from tests.support.factories import Brand, make_command, open_payment

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "other"}
CLASSES = {"1xx", "2xx", "3xx", "4xx", "5xx", "other"}


@pytest.fixture
def monitored(client_with: Callable[..., FlaskClient], tmp_path: Path) -> Iterator[FlaskClient]:
    """A client of an application whose process counts."""
    client = client_with(metrics_token=TOKEN, instance_path=tmp_path)
    with counting(folder(client.application.extensions["lumira"])):
        yield client


def read(client: FlaskClient) -> str:
    return client.get("/metrics", headers=SENT).text


def allowed(app: Flask) -> dict[str, set[str]]:
    """What each label may say. A label that is not here is one too many."""
    types = {*handled_types(), "other"}
    return {
        "method": METHODS,
        "route": {rule.rule for rule in app.url_map.iter_rules()} | {"none"},
        "status": CLASSES | {str(status) for status in OrderStatus},
        "type": types,
        "reason": {"signature", "no_secret", "no_event"},
        "result": {
            *("stored", "repeated", "retried", "opened", "replayed", "ok", "done", "failed", "error"),
            *("refused", "outcome_unknown", "unavailable", "key_refused", "permission_missing"),
            *(str(status) for status in EventStatus),
        },
        "kind": {
            *("payment_intent", "checkout_session", "event", "payment", "order"),
            *(str(kind) for kind in (*MessageKind, *AlertKind)),
        },
        "state": {*("received", "parked", "failed"), *("pending", "dead")},
        "operation": {"create_customer", "create_payment_intent"},
        "task": set(queue.tasks),
        "work": {"events", "messages", "refunds", "polls", "alerts", "invitations"},
        "stripe": set(),
        "process": {"web", "worker"},
        "pool": {"main", "inbox"},
    }


@pytest.mark.usefixtures("app_context")
def test_each_label_has_only_values_that_are_known_beforehand(monitored: FlaskClient, tenant: Brand) -> None:
    opened = open_payment(tenant)
    intent = stripe_events.payment_intent(
        id=opened.payment_intent_id or "", status="succeeded", order_number=opened.order_number
    )
    stripe_events.deliver(tenant, stripe_events.event("payment_intent.succeeded", intent))
    monitored.get("/api/products", headers=tenant.publishable)

    known, text = allowed(monitored.application), read(monitored)

    found = {
        (name, value)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        for name, value in sample.labels.items()
        if name != "le"
    }
    assert {(name, value) for name, value in found if value not in known[name]} == set()
    assert {"method", "route", "status", "type", "result", "operation", "kind"} <= {name for name, _ in found}
    for personal in (
        tenant.slug,
        tenant.name,
        tenant.domain,
        opened.order_number,
        make_command().customer_email,
    ):
        assert str(personal) not in text


@pytest.mark.usefixtures("app_context")
def test_what_strangers_send_adds_no_series(monitored: FlaskClient, tenant: Brand) -> None:
    def send(number: int) -> None:
        monitored.get(f"/api/unknown-{number}")
        monitored.get(f"/api/orders/LUM-{number}", headers=tenant.secret)
        monitored.open("/api/products", method=f"WEIRD{number}")
        monitored.post(f"/api/webhooks/stripe/unknown-{number}", data=b"{}")
        stripe_events.deliver(tenant, stripe_events.event(f"weird.type_{number}", {"id": f"in_{number}"}))

    send(0)
    read(monitored)
    before = set(samples(read(monitored)))
    for number in range(1, 25):
        send(number)

    assert set(samples(read(monitored))) == before


def test_every_series_there_can_be_fits_into_the_files_of_a_process(monitored: FlaskClient) -> None:
    app = monitored.application
    directory = folder(app.extensions["lumira"])
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            metrics.HTTP_SECONDS.observe(1, method, rule.rule)
            for status in CLASSES:
                metrics.HTTP_REQUESTS.count(method, rule.rule, status)
    for event_type in (*handled_types(), "other"):
        for status in EventStatus:
            metrics.EVENTS_PROCESSED.count(event_type, str(status))
            metrics.EVENTS_RECEIVED.count(event_type, str(status))
    for name in (f"operation_{number}" for number in range(60)):
        metrics.STRIPE_SECONDS.observe(1, name)
        for result in range(6):
            metrics.STRIPE_CALLS.count(name, f"result_{result}")
    for task in queue.tasks:
        metrics.JOB_SECONDS.observe(1, task)

    for kind, size in metric_files.SIZES.items():
        assert (directory / f"{kind}_1.db").stat().st_size == size
