"""A restricted Stripe key that lacks one permission loses what needs it, and nothing else."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import select

from lumira.database import atomic, db
from lumira.errors.stripe import StripePermissionMissing
from lumira.models import Alert, Customer, OrderStatus
from lumira.notifications import send_alerts
from lumira.reconciliation import reconcile
from lumira.reconciliation.permissions import resolve_restored
from lumira.reconciliation.report import StripeAvailability
from lumira.repositories.idempotency.idempotent_calls import Call, KeySource
from lumira.repositories.tenants import stripe_accounts, tenants
from lumira.services.checkout.cancel_checkout_session import cancel_checkout_session
from tests.support import stripe_sandbox
from tests.support.factories import Brand, figures, load_order, open_cart, open_payment
from tests.support.stripe_events import deliver, event, payment_intent

pytestmark = pytest.mark.usefixtures("app_context")

#: What docs/operations.md says that a restricted key needs.
ALL = (
    "payment_intents:write",
    "checkout_sessions:write",
    "customers:write",
    "refunds:write",
    "charges:read",
    "disputes:write",
    "early_fraud_warnings:read",
    "balance_transactions:read",
    "payouts:read",
    "events:read",
)


@contextmanager
def later(**passed: float) -> Iterator[None]:
    with time_machine.travel(datetime.now(UTC) + timedelta(**passed)):
        yield


def use_key(brand: Brand, stripe_key: str) -> None:
    with atomic(brand.id):
        stripe_accounts.set_keys(tenants.get(brand.id), secret_key=stripe_key)


def restrict(brand: Brand, *lacking: str, instead: tuple[str, ...] = ()) -> None:
    """Let the brand use a restricted key that lacks these permissions."""
    permissions = [permission for permission in ALL if permission not in lacking] + list(instead)
    created = stripe_sandbox.call(brand, "POST", "/sandbox/keys", json={"permissions": permissions})
    use_key(brand, created["key"])


def alerts_of(brand: Brand) -> list[tuple[str, str]]:
    with atomic(brand.id):
        return [(alert.kind, alert.subject) for alert in db.session.execute(select(Alert)).scalars()]


def details_of(brand: Brand) -> list[dict[str, Any]]:
    with atomic(brand.id):
        return list(db.session.execute(select(Alert.details)).scalars())


def status_of(brand: Brand, number: str) -> OrderStatus:
    return load_order(brand, number).status


def test_a_key_with_the_documented_permissions_does_everything(tenant) -> None:
    restrict(tenant)
    opened, cart = open_payment(tenant), open_cart(tenant)
    stripe_sandbox.pay(tenant, opened.payment_intent_id, opened.client_secret)
    with later(minutes=40):
        report = reconcile.reconcile(tenant.id)
    assert (report.stripe, report.failures) == (StripeAvailability.AVAILABLE, 0)
    assert status_of(tenant, opened.order_number) is OrderStatus.COMPLETED
    assert status_of(tenant, cart.order_number) is OrderStatus.CANCELLED
    assert alerts_of(tenant) == []


def test_a_paid_order_is_completed_although_the_key_may_not_read_events(tenant) -> None:
    restrict(tenant, "events:read")
    opened = open_payment(tenant)
    stripe_sandbox.pay(tenant, opened.payment_intent_id, opened.client_secret)
    with later(minutes=2):
        report = reconcile.reconcile(tenant.id)
    assert status_of(tenant, opened.order_number) is OrderStatus.COMPLETED
    assert (report.stripe, report.failures) == (StripeAvailability.PERMISSION_MISSING, 0)


def test_one_alert_names_the_missing_permission_and_quotes_stripe(tenant) -> None:
    restrict(tenant, "events:read")
    for minutes in (2, 4, 6):
        with later(minutes=minutes):
            reconcile.recover_events(tenant.id)
            reconcile.reconcile(tenant.id)
    assert alerts_of(tenant) == [("stripe_permission_missing", "rak_event_read")]
    [details] = details_of(tenant)
    assert "Having the 'rak_event_read' permission would allow" in details["stripe_message"]
    with later(minutes=7):
        assert send_alerts.send_alerts(tenant.id) == 1


def test_a_sale_goes_on_although_the_key_may_not_create_customers(tenant) -> None:
    restrict(tenant, "customers:write")
    assert open_payment(tenant).client_secret
    assert open_cart(tenant).url
    assert alerts_of(tenant) == [("stripe_permission_missing", "rak_customer_write")]

    restrict(tenant)
    assert open_payment(tenant).client_secret
    with atomic(tenant.id):
        [customer] = db.session.execute(select(Customer)).scalars()
        assert customer.stripe_customer_id is not None


def test_a_sale_that_the_key_may_not_open_can_be_repeated_with_a_better_key(tenant) -> None:
    restrict(tenant, "payment_intents:write", instead=("payment_intents:read",))
    with pytest.raises(StripePermissionMissing, match="rak_payment_intent_write"):
        open_payment(tenant)
    assert alerts_of(tenant) == [("stripe_permission_missing", "rak_payment_intent_write")]
    restrict(tenant)
    assert open_payment(tenant).client_secret


@pytest.mark.parametrize("lacking", ["disputes:write", "refunds:write", "charges:read"])
def test_a_payment_is_recorded_although_refunds_or_disputes_cannot_be_read(tenant, lacking) -> None:
    restrict(tenant, lacking, "events:read")
    opened = open_payment(tenant)
    stripe_sandbox.pay(tenant, opened.payment_intent_id, opened.client_secret)
    with later(minutes=2):
        report = reconcile.reconcile(tenant.id)
    assert status_of(tenant, opened.order_number) is OrderStatus.COMPLETED
    assert report.failures == 0


def test_a_refund_is_found_although_disputes_cannot_be_read(tenant) -> None:
    restrict(tenant, "disputes:write", "events:read")
    opened = open_payment(tenant)
    stripe_sandbox.pay(tenant, opened.payment_intent_id, opened.client_secret)
    stripe_sandbox.call(tenant, "POST", "/sandbox/refunds", json={"payment_intent": opened.payment_intent_id})
    with later(minutes=2):
        reconcile.reconcile(tenant.id)
    assert status_of(tenant, opened.order_number) is OrderStatus.REFUNDED
    assert ("stripe_permission_missing", "rak_dispute_read") in alerts_of(tenant)


def test_an_order_stays_open_while_its_payment_can_be_neither_read_nor_closed(tenant) -> None:
    opened = open_payment(tenant, "shirt")
    restrict(tenant, "payment_intents:write")
    with later(minutes=40):
        report = reconcile.reconcile(tenant.id)
    assert status_of(tenant, opened.order_number) is OrderStatus.PENDING
    assert figures(tenant, "shirt") == (100, 1, 0)
    assert report.failures == 0
    assert load_order(tenant, opened.order_number).next_poll_at is not None


def test_a_request_whose_outcome_cannot_be_looked_up_is_not_closed(tenant) -> None:
    stripe_sandbox.fail_next(tenant, "drop_after", times=2)
    with pytest.raises(Exception, match="Stripe"):
        open_payment(tenant, "shirt")
    restrict(tenant, "payment_intents:write")
    with later(minutes=40):
        reconcile.reconcile(tenant.id)
    assert figures(tenant, "shirt") == (100, 1, 0)
    restrict(tenant)
    with later(hours=2):
        reconcile.reconcile(tenant.id)
    assert figures(tenant, "shirt") == (100, 0, 0)


def test_orders_are_polled_although_parked_payments_cannot_be_looked_up(tenant) -> None:
    unknown = payment_intent(id="pi_unknown", status="succeeded", order_number="NOPE-0000000000")
    deliver(tenant, event("payment_intent.succeeded", unknown))
    cart = open_cart(tenant)
    stripe_sandbox.expire_session(tenant, cart.session_id)
    restrict(tenant, "payment_intents:write", "events:read")
    with later(minutes=10):
        deliver(tenant)
        report = reconcile.reconcile(tenant.id)
    assert report.failures == 0
    assert status_of(tenant, cart.order_number) is OrderStatus.CANCELLED


def test_a_revoked_key_is_refused_altogether_and_the_alert_quotes_stripe(tenant) -> None:
    created = stripe_sandbox.call(tenant, "POST", "/sandbox/keys", json={"permissions": list(ALL)})
    use_key(tenant, created["key"])
    stripe_sandbox.call(tenant, "POST", "/sandbox/keys/revoke", json={"key": created["key"]})
    assert reconcile.reconcile(tenant.id).stripe is StripeAvailability.KEY_REFUSED
    assert [kind for kind, _ in alerts_of(tenant)] == ["stripe_key_refused"]
    [details] = details_of(tenant)
    assert "Invalid API Key" in details["stripe_message"]


def test_a_key_without_access_to_the_connected_account_is_refused_altogether(make_brand) -> None:
    brand = make_brand(stripe_account="acct_elsewhere")
    assert reconcile.reconcile(brand.id).stripe is StripeAvailability.KEY_REFUSED


def test_a_page_that_the_key_may_not_close_raises_an_alert_when_its_buyer_returns(tenant) -> None:
    cart = open_cart(tenant)
    restrict(tenant, "checkout_sessions:write", instead=("checkout_sessions:read",))
    with pytest.raises(StripePermissionMissing):
        cancel_checkout_session(tenant.id, cart.session_id)
    assert [kind for kind, _ in alerts_of(tenant)] == ["stripe_permission_missing"]
    assert figures(tenant, "cap")[1] + figures(tenant, "shirt")[1] > 0


def test_a_page_that_the_key_may_not_close_raises_an_alert_when_the_cart_is_opened_again(
    tenant,
) -> None:
    call = Call(
        fingerprint="cart", actor="test", source=KeySource.IDEMPOTENCY_KEY, key="a-cart-that-is-repeated"
    )
    open_cart(tenant, call=call)
    restrict(tenant, "checkout_sessions:write", instead=("checkout_sessions:read",))
    with later(minutes=36), pytest.raises(StripePermissionMissing):
        open_cart(tenant, call=call)
    assert [kind for kind, _ in alerts_of(tenant)] == ["stripe_permission_missing"]
    assert stripe_sandbox.requests_made(tenant, "POST", "/v1/checkout/sessions")[1:] == []


def open_alerts_of(brand: Brand) -> list[str]:
    with atomic(brand.id):
        return list(db.session.execute(select(Alert.subject).where(Alert.resolved_at.is_(None))).scalars())


def test_the_alert_ends_when_a_call_that_reads_succeeds_again(tenant) -> None:
    restrict(tenant, "events:read")
    reconcile.reconcile(tenant.id)
    restrict(tenant, "events:read", "disputes:write")
    with later(minutes=2):
        reconcile.reconcile(tenant.id)
    assert open_alerts_of(tenant) == ["rak_event_read"]

    restrict(tenant)
    with later(minutes=4):
        reconcile.reconcile(tenant.id)
    assert open_alerts_of(tenant) == []


def resolve_in_another_process(brand: Brand) -> None:
    """Run the step as a process that has made none of the brand's calls, and so remembers none."""
    with atomic(brand.id):
        account = stripe_accounts.get_account(brand.id)
    resolve_restored(brand.id, replace(account, tenant_slug="remembers-nothing"))


@pytest.mark.parametrize(
    ("lacking", "named", "create"),
    [
        ("customers", "rak_customer_write", open_payment),
        ("payment_intents", "rak_payment_intent_write", open_payment),
        ("checkout_sessions", "rak_checkout_session_write", open_cart),
    ],
)
def test_the_alert_ends_when_any_process_creates_such_an_object_again(
    tenant: Brand, lacking: str, named: str, create: Callable[..., object]
) -> None:
    restrict(tenant, f"{lacking}:write", instead=(f"{lacking}:read",))
    with suppress(StripePermissionMissing):
        create(tenant, customer_email="ana@example.com")
    resolve_in_another_process(tenant)
    assert open_alerts_of(tenant) == [named]

    restrict(tenant)
    create(tenant, customer_email="eva@example.com")
    resolve_in_another_process(tenant)
    assert open_alerts_of(tenant) == []
