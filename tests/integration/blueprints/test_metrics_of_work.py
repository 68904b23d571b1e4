"""What the processes count: each thing that happens adds one to its series, once it is committed."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from config.smtp_server import SmtpServer
from lumira.clients import stripe_client
from lumira.errors.catalog import OutOfStock
from lumira.errors.stripe import StripeUnavailable
from lumira.notifications import delivery, relay
from lumira.reconciliation import reconcile
from lumira.services.installation.measure_process import folder
from lumira.webhooks import process
from tests.support import counted, mail_server, stripe_events, stripe_sandbox
from tests.support.counted import SENT, TOKEN, counting
from tests.support.factories import Brand, open_payment, set_stock
from tests.support.mail_server import Mailbox
from tests.support.promtool import promtool

pytestmark = pytest.mark.usefixtures("app_context")


class Counted:
    """A process that counts from its beginning."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def text(self) -> str:
        return self.client.get("/metrics", headers=SENT).text

    def of(self, name: str) -> dict[str, float]:
        """The series of a metric that are not 0, by the values of their labels."""
        found = counted.samples(self.text()).items()
        return {
            labels: value
            for series, value in found
            for found_name, _, labels in [series.partition(":")]
            if found_name == name and value
        }


@pytest.fixture
def here(client_with: Callable[..., FlaskClient], tmp_path: Path) -> Iterator[Counted]:
    client = client_with(metrics_token=TOKEN, instance_path=tmp_path)
    with counting(folder(client.application.extensions["lumira"])):
        yield Counted(client)


def test_events_count_by_what_became_of_them(here: Counted, tenant: Brand) -> None:
    opened = open_payment(tenant)
    paid = stripe_events.event(
        "payment_intent.succeeded",
        stripe_events.payment_intent(
            id=opened.payment_intent_id or "", status="succeeded", order_number=opened.order_number
        ),
    )
    foreign = stripe_events.event(
        "payment_intent.succeeded", stripe_events.payment_intent(id="pi_foreign", status="succeeded")
    )
    unknown = stripe_events.event(
        "payment_intent.succeeded",
        stripe_events.payment_intent(id="pi_unknown", status="succeeded", order_number="OL00000-0000000000"),
    )
    for event in (paid, paid, foreign, unknown, stripe_events.event("invoice.paid", {"id": "in_1"})):
        stripe_events.receive(tenant, event)
    process.process_events(tenant.id)
    process.process_events(tenant.id)

    assert here.of("lumira_events_received_total") == {
        "stored:payment_intent.succeeded": 3,
        "repeated:payment_intent.succeeded": 1,
        "stored:other": 1,
    }
    results = Counter[str]()
    for labels, number in here.of("lumira_events_processed_total").items():
        results[labels.partition(":")[0]] += int(number)
    assert results == {"processed": 1, "foreign": 1, "parked": 1, "ignored": 1}
    assert here.of("lumira_event_age_when_processed_seconds_count") == {"": 3}
    assert here.of("lumira_event_batch_duration_seconds_count") == {"": 1}
    assert here.of("lumira_orders_settled_total")["completed"] == 1


def test_payments_count_by_their_result(here: Counted, tenant: Brand) -> None:
    set_stock(tenant, "shirt", 1)
    body = {"productId": "shirt", "customerEmail": "ana@example.com"}
    headers = tenant.publishable | {"Idempotency-Key": "a-key-of-one-visit-0001"}
    for _ in range(2):
        assert (
            here.client.post("/api/products/create-payment-intent", json=body, headers=headers).status_code
            == 200
        )
    with pytest.raises(OutOfStock):
        open_payment(tenant, "shirt")
    stripe_sandbox.fail_next(tenant, "500_before", times=10)
    with pytest.raises(StripeUnavailable):
        open_payment(tenant)

    assert here.of("lumira_payments_opened_total") == {
        "payment_intent:opened": 1,
        "payment_intent:replayed": 1,
        "payment_intent:out_of_stock": 1,
        "payment_intent:stripe_unavailable": 1,
    }
    calls = here.of("lumira_stripe_calls_total")
    assert calls["create_payment_intent:ok"] == 1
    assert calls["create_payment_intent:outcome_unknown"] == 1
    assert here.of("lumira_stripe_call_duration_seconds_count")["create_payment_intent"] == 2


def test_messages_count_by_what_became_of_them(here: Counted, tenant: Brand) -> None:
    settings = here.client.application.extensions["lumira"]
    mailbox = Mailbox()
    with mail_server.running(mailbox) as port:
        server = SmtpServer.from_url(f"smtp://127.0.0.1:{port}?starttls=never")
        delivery.configure(replace(settings, smtp=server, mail_from="Lumira <no-reply@lumira.example>"))
        for replies in ([], ["550 5.1.1 No such mailbox"], ["451 4.3.0 Later"]):
            mailbox.to_recipient.extend(replies)
            opened = open_payment(tenant)
            intent = stripe_events.payment_intent(
                id=opened.payment_intent_id or "", status="succeeded", order_number=opened.order_number
            )
            stripe_events.deliver(tenant, stripe_events.event("payment_intent.succeeded", intent))
            relay.relay(tenant.id)

    assert here.of("lumira_messages_total") == {
        "order_confirmation:sent": 1,
        "order_confirmation:dead": 1,
        "order_confirmation:retried": 1,
    }


def test_a_reconciliation_counts_for_each_shop_by_whether_stripe_could_be_used(
    here: Counted, tenant: Brand
) -> None:
    reconcile.reconcile(tenant.id)
    stripe_client.configure("http://127.0.0.1:1")
    reconcile.reconcile(tenant.id)
    assert here.of("lumira_reconciliation_runs_total") == {"available": 1, "unavailable": 1}


def test_the_linter_of_prometheus_finds_nothing(here: Counted, tenant: Brand, tmp_path: Path) -> None:
    open_payment(tenant)
    stripe_events.deliver(tenant, stripe_events.event("invoice.paid", {"id": "in_1"}))
    reconcile.reconcile(tenant.id)
    assert promtool("check", "metrics", folder=tmp_path, sent=here.text()) == ""
