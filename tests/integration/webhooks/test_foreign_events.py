"""Events of other shops with the same Stripe account or Connect platform are quiet, and reach their own tenant."""

import pytest
from sqlalchemy import select

from lumira.database import atomic, db
from lumira.models import Alert, EventStatus, OrderStatus, WebhookEvent
from lumira.reconciliation import reconcile
from lumira.repositories.tenants import stripe_accounts, tenants
from lumira.webhooks import account_owner, inbox, process
from tests.support import stripe_sandbox
from tests.support.factories import Brand, count, load_order, open_payment
from tests.support.stripe_events import deliver, encode, event, payment_intent, receive, signature

pytestmark = pytest.mark.usefixtures("app_context")


@pytest.fixture(autouse=True)
def empty_cache() -> None:
    account_owner._owners.clear()


def alerts_of(brand: Brand) -> list[tuple[str, str]]:
    with atomic(brand.id):
        return sorted((alert.kind, alert.subject) for alert in db.session.execute(select(Alert)).scalars())


def statuses(brand: Brand) -> set[str]:
    with atomic(brand.id):
        return set(db.session.execute(select(WebhookEvent.status)).scalars())


def paid(intent_id: str, **fields) -> dict[str, object]:
    return event(
        "payment_intent.succeeded",
        payment_intent(id=intent_id, status="succeeded", latest_charge="ch_1", **fields),
    )


@pytest.mark.parametrize(
    "metadata",
    [
        {"order_id": "10432"},
        {"orderNumber": "10432"},
        {"orderNumber": "AB-0000000000", "tenant": "another-brand"},
        {"orderNumber": "10432", "tenant": None},
    ],
)
@pytest.mark.parametrize("outcome", ["paid", "declined", "session_paid", "session_expired"])
def test_the_sale_of_another_shop_is_foreign_at_once_and_quiet(tenant, outcome, metadata) -> None:
    sent = {name: value or tenant.slug for name, value in metadata.items()}
    stripe_sandbox.call(tenant, "POST", "/sandbox/foreign_sales", json={"outcome": outcome, "metadata": sent})
    # As they are: the other shop does not add this tenant's slug.
    for stripe_event in stripe_sandbox.events(tenant):
        body = encode(stripe_event)
        inbox.receive(tenant.id, body=body, signature=signature(body, tenant.webhook_secret))
    process.process_events(tenant.id)
    assert statuses(tenant) <= {EventStatus.FOREIGN, EventStatus.IGNORED}
    assert alerts_of(tenant) == []


@pytest.mark.parametrize("outcome", ["refunded", "disputed"])
def test_a_refund_or_dispute_of_another_shop_ends_foreign_and_quiet(tenant, outcome) -> None:
    stripe_sandbox.call(tenant, "POST", "/sandbox/foreign_sales", json={"outcome": outcome})
    deliver(tenant, *stripe_sandbox.events(tenant))
    with atomic(tenant.id):
        for parked in db.session.execute(select(WebhookEvent)).scalars():
            parked.attempts = max(parked.attempts, 2)
    reconcile.reconcile(tenant.id)
    assert statuses(tenant) <= {EventStatus.FOREIGN, EventStatus.IGNORED}
    assert alerts_of(tenant) == []


def test_an_order_number_of_ours_in_the_metadata_of_another_tenant_is_not_trusted(tenant) -> None:
    opened = open_payment(tenant)
    claimed = paid("pi_other", metadata={"orderNumber": opened.order_number, "tenant": "another-brand"})
    deliver(tenant, claimed)
    assert load_order(tenant, opened.order_number).status is OrderStatus.PENDING
    assert statuses(tenant) == {EventStatus.FOREIGN}


def test_events_of_a_platforms_other_accounts_are_ignored_and_quiet(tenant) -> None:
    deliver(tenant, *(paid(f"pi_{number}") | {"account": f"acct_{number}"} for number in range(5)))
    assert statuses(tenant) == {EventStatus.IGNORED}
    assert alerts_of(tenant) == []


def test_many_events_of_another_account_that_name_orders_of_the_shop_raise_one_alert(tenant) -> None:
    opened = [open_payment(tenant) for _ in range(3)]
    deliver(tenant, *(paid(payment.payment_intent_id) | {"account": "acct_other"} for payment in opened))
    assert {load_order(tenant, payment.order_number).status for payment in opened} == {OrderStatus.PENDING}
    assert alerts_of(tenant) == [("other_account", "acct_other")]


def test_many_events_of_the_other_mode_raise_one_alert(tenant) -> None:
    opened = [open_payment(tenant) for _ in range(3)]
    deliver(tenant, *(paid(payment.payment_intent_id) | {"livemode": True} for payment in opened))
    assert alerts_of(tenant) == [("other_mode", "live")]


def connect(brand: Brand, account: str, *, platform_key: str) -> None:
    with atomic(brand.id):
        stripe_accounts.set_keys(
            tenants.get(brand.id),
            secret_key=platform_key,
            publishable_key=platform_key.replace("sk_", "pk_"),
            stripe_account=account,
        )


def test_an_event_of_another_tenants_account_reaches_that_tenant(tenant, other_tenant) -> None:
    opened = open_payment(other_tenant)
    connect(other_tenant, "acct_other", platform_key=tenant.stripe_secret_key)
    succeeded = paid(opened.payment_intent_id) | {"account": "acct_other"}
    receive(tenant, succeeded)
    receive(tenant, succeeded)
    process.process_events(other_tenant.id)
    assert load_order(other_tenant, opened.order_number).status is OrderStatus.COMPLETED
    assert (count(tenant, WebhookEvent), count(other_tenant, WebhookEvent)) == (0, 1)
    assert alerts_of(tenant) == []


def test_a_tenant_with_another_platform_key_gets_no_events_from_this_one(tenant, other_tenant) -> None:
    opened = open_payment(other_tenant)
    connect(other_tenant, "acct_other", platform_key=other_tenant.stripe_secret_key)
    deliver(tenant, paid(opened.payment_intent_id) | {"account": "acct_other"})
    assert load_order(other_tenant, opened.order_number).status is OrderStatus.PENDING
    assert (count(tenant, WebhookEvent), count(other_tenant, WebhookEvent)) == (1, 0)


def test_the_fast_path_stores_a_connected_event_once_its_owner_is_known(tenant) -> None:
    with atomic(tenant.id):
        tenants.get(tenant.id).stripe_account = "acct_own"
    first, second = (encode(paid(f"pi_{number}") | {"account": "acct_own"}) for number in range(2))
    inbox.receive(tenant.id, body=first, signature=signature(first, tenant.webhook_secret))
    signed = {"body": second, "signature": signature(second, tenant.webhook_secret)}
    row = inbox.row_if_cached(tenant.id, **signed)
    assert row is not None
    assert inbox.store_row(row)
    account_owner._owners.clear()
    assert inbox.row_if_cached(tenant.id, **signed) is None
