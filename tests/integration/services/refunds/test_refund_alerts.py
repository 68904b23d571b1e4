"""An alert about a refund ends with the fact that ends its cause."""

import pytest

from lumira.domain.stripe import metadata as stripe_metadata
from lumira.services.checkout.create_payment_intent import PaymentOpened
from tests.support.factories import Brand, load_order
from tests.support.refunds import alerts_of, list_stripe_refunds, pay, refund
from tests.support.stripe_events import deliver, event

pytestmark = pytest.mark.usefixtures("app_context")


def report(
    brand: Brand, opened: PaymentOpened, refund_id: str, status: str, amount: int = 1000, request: str = ""
) -> None:
    """Deliver the state of one refund."""
    metadata = {stripe_metadata.REFUND_REQUEST: request} if request else {}
    state = {
        "id": refund_id,
        "object": "refund",
        "amount": amount,
        "currency": "eur",
        "status": status,
        "payment_intent": opened.payment_intent_id,
        "metadata": metadata,
    }
    deliver(brand, event("refund.updated", state))


def test_a_later_refund_of_the_same_amount_ends_the_alert_about_a_failed_one(tenant: Brand) -> None:
    opened = pay(tenant)
    report(tenant, opened, "re_1", "failed")
    report(tenant, opened, "re_2", "failed")
    assert alerts_of(tenant) == [("refund_failed", "re_1"), ("refund_failed", "re_2")]

    report(tenant, opened, "re_3", "pending")
    assert len(alerts_of(tenant)) == 2
    report(tenant, opened, "re_3", "succeeded")
    # Each refund makes up for one.
    assert alerts_of(tenant) == [("refund_failed", "re_2")]
    report(tenant, opened, "re_4", "succeeded", amount=900)
    assert alerts_of(tenant) == [("refund_failed", "re_2")]
    report(tenant, opened, "re_5", "succeeded")
    assert alerts_of(tenant) == []


def test_an_equal_refund_from_before_does_not_end_the_alert_about_a_failed_one(tenant: Brand) -> None:
    opened = pay(tenant)
    report(tenant, opened, "re_1", "pending")
    report(tenant, opened, "re_2", "succeeded")
    report(tenant, opened, "re_1", "failed")
    report(tenant, opened, "re_2", "succeeded")
    assert alerts_of(tenant) == [("refund_failed", "re_1")]


def test_a_full_refund_by_other_amounts_ends_the_alert_about_a_failed_one(tenant: Brand) -> None:
    opened = pay(tenant)
    report(tenant, opened, "re_1", "failed", amount=4700)
    report(tenant, opened, "re_2", "succeeded", amount=4000)
    assert alerts_of(tenant) == [("refund_failed", "re_1")]
    report(tenant, opened, "re_3", "succeeded", amount=700)
    assert alerts_of(tenant) == []


def test_the_end_of_one_of_two_refunds_of_a_request_ends_the_alert_and_raises_none(tenant: Brand) -> None:
    opened = pay(tenant)
    refund(tenant, opened, 1000)
    [request] = load_order(tenant, opened.order_number).refund_requests
    assert [known["status"] for known in list_stripe_refunds(tenant)] == ["succeeded"]
    report(tenant, opened, "re_late", "pending", request=str(request.id))
    assert alerts_of(tenant) == [("duplicate_refund", opened.order_number)]

    report(tenant, opened, "re_late", "canceled", request=str(request.id))

    assert alerts_of(tenant) == []
