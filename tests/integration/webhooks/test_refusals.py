"""Deliveries that are refused are counted, with few writes, however many a stranger sends."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import select

from lumira.database import atomic, db
from lumira.errors.webhooks import WebhookRejected
from lumira.models import RefusalReason, RefusedDelivery
from lumira.repositories.events import refused_deliveries
from lumira.services.retention.remove_expired import remove_expired
from lumira.webhooks import inbox, refusals
from tests.support import stripe_events
from tests.support.factories import Brand, count
from tests.support.statements import Statements

pytestmark = pytest.mark.usefixtures("app_context")


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    refusals.forget()
    yield
    refusals.forget()


def counted(brand: Brand) -> dict[RefusalReason, int]:
    with atomic(brand.id):
        rows = db.session.execute(select(RefusedDelivery)).scalars().all()
    return {row.reason: row.number for row in rows}


def deliver(client: FlaskClient, brand: Brand, body: bytes, signature: str | None = None) -> int:
    headers = {} if signature is None else {"Stripe-Signature": signature}
    return client.post(f"/api/webhooks/stripe/{brand.slug}", data=body, headers=headers).status_code


def test_each_reason_is_counted(client, tenant, make_brand) -> None:
    assert deliver(client, tenant, b"{}") == 400
    body = b'{"id": "evt_1"}'
    assert deliver(client, tenant, body, stripe_events.signature(body, tenant.webhook_secret)) == 400
    bare = make_brand(stripe=False)
    assert deliver(client, bare, b"{}") == 400
    assert counted(tenant) == {RefusalReason.SIGNATURE: 1, RefusalReason.NO_EVENT: 1}
    assert counted(bare) == {RefusalReason.NO_SECRET: 1}


def test_an_accepted_delivery_is_not_counted_and_costs_no_statement(tenant, statements: Statements) -> None:
    event = stripe_events.event("payment_intent.created", stripe_events.payment_intent(id="pi_1"))
    stripe_events.receive(tenant, event)
    assert counted(tenant) == {}
    sent = statements.made_by(lambda: stripe_events.receive(tenant, event))
    assert [each for each in sent if "refused_deliveries" in each] == []


def test_many_refused_deliveries_are_one_write_and_none_is_lost_with_the_next(
    client, tenant, statements: Statements
) -> None:
    def stranger() -> None:
        for _ in range(20):
            assert deliver(client, tenant, b"{}", "t=1,v1=0") == 400

    sent = statements.made_by(stranger)
    assert len([each for each in sent if "refused_deliveries" in each]) == 1
    assert counted(tenant) == {RefusalReason.SIGNATURE: 1}
    with refusals._lock:
        refusals._written.clear()
    stranger()
    assert counted(tenant) == {RefusalReason.SIGNATURE: 21}


def test_another_tenants_refusals_are_its_own(client, tenant, other_tenant) -> None:
    deliver(client, tenant, b"{}")
    assert counted(other_tenant) == {}


def test_counts_are_summed_up_by_reason_and_removed_after_a_month(tenant) -> None:
    now = datetime.now(UTC)
    with atomic(tenant.id):
        for days, reason in ((0, "signature"), (1, "signature"), (3, "no_event"), (29, "signature")):
            refused_deliveries.add(tenant.id, RefusalReason(reason), 5, now - timedelta(days=days))
        summed = refused_deliveries.sum_up(tenant.id, now - timedelta(days=7))
    assert [(each.reason, each.number) for each in summed] == [
        (RefusalReason.SIGNATURE, 10),
        (RefusalReason.NO_EVENT, 5),
    ]
    assert summed[0].last_at == now
    remove_expired(tenant.id)
    assert count(tenant, RefusedDelivery) == 4
    with time_machine.travel(now + timedelta(days=2)):
        remove_expired(tenant.id)
    assert count(tenant, RefusedDelivery) == 3


def test_an_event_that_is_pulled_and_not_storable_is_no_refused_delivery(tenant) -> None:
    deep: dict[str, object] = {}
    for _ in range(80):
        deep = {"a": deep}
    with pytest.raises(WebhookRejected):
        inbox.store(tenant.id, {"id": "evt_1", "type": "x", "data": deep})
    assert counted(tenant) == {}
