"""One trace joins a request, the jobs that it enqueues, and the calls to Stripe; a collector gets no value."""

import asyncio
import dataclasses
import sys
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from sqlalchemy import text

from config.errors import SettingsError
from config.observation import otlp_endpoint
from config.settings import Settings
from lumira import create_app, threads, tracing
from lumira.blueprints import stripe
from lumira.clients import dolibarr
from lumira.database import atomic, db
from lumira.services.program_errors import note_errors
from lumira.tasks import worker
from lumira.tasks.queue import queue
from tests.support import own_database, refunds
from tests.support.dolibarr import DolibarrSandbox
from tests.support.factories import Brand
from tests.support.http_receiver import Receiver, receiving
from tests.support.program_errors import fail_with, stored
from tests.support.stripe_events import encode, event, payment_intent, signature

settings = own_database.settings
KINDS = Span.SpanKind

pytestmark = pytest.mark.usefixtures("app_context")


@pytest.fixture(scope="module")
def collector() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def app(settings: Settings, collector: Receiver) -> Iterator[Flask]:
    """The application, which sends its traces to a collector."""
    application = create_app(dataclasses.replace(settings, otlp_endpoint=f"http://{collector.address}"))
    application.testing = True
    yield application
    tracing.configure(None, release="")
    with application.app_context():
        for engine in db.engines.values():
            engine.dispose()


@pytest.fixture(autouse=True)
def nothing_yet(app: Flask, collector: Receiver) -> None:
    tracing.flush()
    collector.requests.clear()
    collector.raw = b""


def spans(collector: Receiver) -> dict[str, Span]:
    """The spans that the collector got, by their names."""
    tracing.flush()
    found: dict[str, Span] = {}
    for path, body in collector.requests:
        assert path == "/v1/traces"
        request = ExportTraceServiceRequest.FromString(body)
        for resource in request.resource_spans:
            for scope in resource.scope_spans:
                found |= {span.name: span for span in scope.spans}
    return found


def attributes(span: Span) -> dict[str, str | int]:
    return {
        each.key: each.value.int_value if each.value.HasField("int_value") else each.value.string_value
        for each in span.attributes
    }


def work(app: Flask, settings: Settings) -> None:
    """Run the jobs that wait, as a worker does."""

    async def run() -> None:
        with queue.replace_connector(worker.connector(settings)) as connected:
            async with connected.open_async():
                await connected.run_worker_async(
                    wait=False,
                    install_signal_handlers=False,
                    listen_notify=False,
                    delete_jobs="successful",
                    task_middleware=[worker._in_app_context(app)],
                )

    asyncio.run(run())


def test_one_trace_joins_a_refund_with_its_call_to_stripe_and_its_job(
    app: Flask, client: FlaskClient, settings: Settings, tenant: Brand, collector: Receiver
) -> None:
    opened = refunds.pay(tenant)
    work(app, settings)
    tracing.flush()
    collector.requests.clear()

    path = f"/api/payments/{opened.payment_intent_id}/refunds"
    reply = client.post(path, headers={**tenant.secret, "Idempotency-Key": "a-key"}, json={})
    assert reply.status_code in (200, 201), reply.json
    work(app, settings)

    found = spans(collector)
    request = found["POST /api/payments/<payment_intent_id>/refunds"]
    call = found["Stripe create_refund"]
    job = found["job relay_outbox"]
    assert (request.kind, call.kind, job.kind) == (
        KINDS.SPAN_KIND_SERVER,
        KINDS.SPAN_KIND_CLIENT,
        KINDS.SPAN_KIND_CONSUMER,
    )
    assert request.trace_id == call.trace_id == job.trace_id
    assert call.parent_span_id == job.parent_span_id == request.span_id
    assert attributes(request)["http.response.status_code"] == reply.status_code
    assert attributes(request)["lumira.request_id"] == reply.headers["X-Request-Id"]
    assert attributes(call) == {"stripe.operation": "create_refund", "lumira.tenant": tenant.slug}


def test_a_call_to_a_dolibarr_is_a_span_with_its_operation_and_nothing_of_its_address(
    collector: Receiver, dolibarr_server: DolibarrSandbox
) -> None:
    dolibarr.find_third_parties_by_email(dolibarr_server.account, "ada@example.com")
    tracing.flush()

    call = spans(collector)["Dolibarr find_third_parties_by_email"]
    assert call.kind == KINDS.SPAN_KIND_CLIENT
    assert attributes(call) == {"dolibarr.operation": "find_third_parties_by_email"}
    for secret in (dolibarr_server.name, "ada@example.com"):
        assert secret.encode() not in collector.raw


def test_a_delivery_on_the_fast_path_is_joined_with_the_processing_of_its_event(
    app: Flask, client: FlaskClient, settings: Settings, tenant: Brand, collector: Receiver
) -> None:
    for number in range(2):
        # The first one is the route's, which fills the caches of the fast path.
        stripe_event = event("payment_intent.created", payment_intent(id=f"pi_traced{number}"))
        body = encode(stripe_event)
        collector.requests.clear()
        signed = {"Stripe-Signature": signature(body, tenant.webhook_secret)}
        reply = client.post(f"/api/products/webhook/{tenant.slug}", data=body, headers=signed)
        assert reply.status_code == 200
        work(app, settings)
        found = spans(collector)
        request = next(span for name, span in found.items() if name.startswith("POST "))
        assert request.name == "POST /api/products/webhook/<tenant>"
        assert found["job process_events"].parent_span_id == request.span_id
        assert found["job process_events"].trace_id == request.trace_id


def test_a_callers_trace_is_not_continued(client: FlaskClient, tenant: Brand, collector: Receiver) -> None:
    sent = "0af7651916cd43dd8448eb211c80319c"
    headers = {**tenant.publishable, "traceparent": f"00-{sent}-b7ad6b7169203331-01"}
    client.get("/api/stripe/config", headers=headers)
    [request] = spans(collector).values()
    assert request.trace_id.hex() != sent
    assert request.parent_span_id == b""


def test_a_failed_request_is_marked_and_nothing_of_it_is_sent(
    client: FlaskClient, tenant: Brand, collector: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_with(monkeypatch, stripe, "view_shop_config")
    client.set_cookie("session", "session-of-jeanne")
    client.get(
        "/api/stripe/config?token=token-in-the-query",
        headers={**tenant.publishable, "X-Request-Id": "4242424242424242", "User-Agent": "Jeanne Martin"},
        data="jeanne.martin@example.com",
    )
    client.get("/api/orders/LUM-7Q2MZX41KD", headers=tenant.secret)
    client.get("/my/token-of-a-portal")
    client.get("/nowhere/jeanne")
    note_errors.forget()
    found = spans(collector)
    assert found["GET /api/stripe/config"].status.code == Status.STATUS_CODE_ERROR
    assert "GET no route" in found
    sent = b"".join(span.SerializeToString() for span in found.values()) + collector.raw
    for planted in (
        "session-of-jeanne",
        "token-in-the-query",
        "4242424242424242",
        "Jeanne",
        "jeanne",
        "LUM-7Q2MZX41KD",
        "token-of-a-portal",
        "51AbCdEfGhIjKl",
        tenant.publishable_key,
    ):
        assert planted.encode() not in sent, planted


def test_probes_are_not_traced(client: FlaskClient, collector: Receiver) -> None:
    client.get("/healthz")
    client.get("/readyz")
    assert spans(collector) == {}


def test_work_in_another_thread_belongs_to_the_span_that_began_it(app: Flask, collector: Receiver) -> None:
    def call(_: int) -> None:
        with tracing.span("Stripe get_payment_intent", "client"):
            pass

    with tracing.span("job poll_orders", "consumer"):
        threads.side_by_side([1, 2, 3], call, threads=2)
    found = spans(collector)
    parent = found["job poll_orders"]
    assert found["Stripe get_payment_intent"].parent_span_id == parent.span_id


def test_without_the_setting_a_span_costs_one_call_and_jobs_have_no_other_argument(
    app: Flask, settings: Settings, tenant: Brand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracing, "_provider", [])
    calls = []
    sys.setprofile(lambda _frame, kind, _arg: calls.append(kind) if kind == "call" else None)
    try:
        block = tracing.span("Stripe get_payment_intent", "client")
    finally:
        sys.setprofile(None)
    assert calls == ["call"]
    assert block is tracing.span("another", "client")
    assert tracing.traceparent() is None
    with atomic(tenant.id):
        db.session.execute(text("SELECT lumira_enqueue_job('relay_outbox', :tenant)"), {"tenant": tenant.id})
        query = text("SELECT args FROM procrastinate_jobs WHERE queueing_lock = :lock")
        args = db.session.execute(query, {"lock": f"relay_outbox:{tenant.id}"}).scalar_one()
    assert args == {"tenant_id": tenant.id}
    work(app, settings)


def test_a_collector_that_does_not_respond_is_no_error_of_lumira(
    client: FlaskClient, tenant: Brand, collector: Receiver, app: Flask
) -> None:
    tracing.configure("http://127.0.0.1:1", release="0.1.0")
    try:
        assert client.get("/api/stripe/config", headers=tenant.publishable).status_code == 200
        tracing.configure(None, release="")
        note_errors.write_pending()
        assert stored() == []
    finally:
        tracing.configure(f"http://{collector.address}", release="0.1.0")


@pytest.mark.parametrize("address", ["collector:4318", "grpc://collector:4317", "http://"])
def test_a_malformed_address_is_refused(address: str) -> None:
    with pytest.raises(SettingsError, match="OTEL_EXPORTER_OTLP_ENDPOINT must be"):
        otlp_endpoint({"OTEL_EXPORTER_OTLP_ENDPOINT": address})


def test_a_missing_package_is_named_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    def find(module: str) -> None:
        raise ModuleNotFoundError(module)

    monkeypatch.setattr("config.observation.find_spec", find)
    with pytest.raises(SettingsError, match=r"pip install .* deploy/requirements-extras.txt") as refused:
        otlp_endpoint({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"})
    assert "\n" not in str(refused.value)
