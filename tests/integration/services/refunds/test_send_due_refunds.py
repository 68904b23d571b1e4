"""What was decided is carried out by whichever worker sweeps next."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from lumira.database import atomic, db
from lumira.domain.refund_requests import LEASE
from lumira.models import RefundRequest
from lumira.repositories.installation import due_work
from lumira.repositories.orders import refund_requests
from lumira.services.refunds.send_due_refunds import send_due_refunds
from lumira.tasks import queue
from tests.support import stripe_sandbox
from tests.support.factories import Brand, count, load_order
from tests.support.refunds import REFUNDS, list_stripe_refunds, pay, pay_again, run_sweep

pytestmark = pytest.mark.usefixtures("app_context")


def is_due(brand: Brand, after: timedelta = timedelta(0)) -> bool:
    return brand.id in due_work.tenants_with_due_refunds(datetime.now(UTC) + after)


def test_a_sweep_sends_decided_refunds(tenant) -> None:
    opened = pay(tenant)
    assert not is_due(tenant)
    second = pay_again(tenant, opened)
    assert is_due(tenant)

    queue.send_refunds(0)

    assert [known["payment_intent"] for known in list_stripe_refunds(tenant)] == [second]
    assert not is_due(tenant, timedelta(days=30))


def test_a_claimed_refund_is_due_again_when_its_lease_ends(tenant) -> None:
    pay_again(tenant, pay(tenant))
    with atomic(tenant.id):
        assert refund_requests.claim_due(tenant.id, datetime.now(UTC)) is not None
        assert refund_requests.claim_due(tenant.id, datetime.now(UTC)) is None
    assert not is_due(tenant)
    assert send_due_refunds(tenant.id) == 0
    assert is_due(tenant, LEASE)


def test_a_stopping_worker_claims_no_refund(tenant) -> None:
    pay_again(tenant, pay(tenant))
    assert send_due_refunds(tenant.id, is_stopping=lambda: True) == 0
    assert list_stripe_refunds(tenant) == []


def test_an_outage_of_stripe_ends_the_run_after_one_attempt(tenant) -> None:
    for _ in range(3):
        pay_again(tenant, pay(tenant))
    stripe_sandbox.fail_next(tenant, "drop_before", path=REFUNDS, times=10)
    assert send_due_refunds(tenant.id) == 1
    stripe_sandbox.clear_faults(tenant)
    assert run_sweep(tenant) == 3
    assert len(list_stripe_refunds(tenant)) == 3


def test_an_error_with_one_refund_does_not_stop_the_others(tenant) -> None:
    broken, good = (pay(tenant) for _ in range(2))
    for opened in (broken, good):
        pay_again(tenant, opened)
    order_id = load_order(tenant, broken.order_number).id
    with atomic(tenant.id):
        mine = update(RefundRequest).where(RefundRequest.order_id == order_id)
        db.session.execute(mine.values(parameters=["no", "parameters"]))

    assert send_due_refunds(tenant.id) == 2
    assert len(list_stripe_refunds(tenant)) == 1
    assert is_due(tenant, LEASE)


def test_another_tenants_refund_is_not_sent(tenant, other_tenant) -> None:
    pay_again(other_tenant, pay(other_tenant))
    assert send_due_refunds(tenant.id) == 0
    assert count(other_tenant, RefundRequest) == 1
    assert list_stripe_refunds(other_tenant) == []
