"""Opening a payment: once per call, at the catalog's price, whatever fails at Stripe."""

import secrets
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select, update

from lumira.database import atomic, db
from lumira.errors import IdempotencyInProgress, IdempotencyMismatch
from lumira.errors.catalog import LevelNotFound, OutOfStock, ProductNotFound
from lumira.errors.orders import InvalidQuantity
from lumira.errors.stripe import PaymentFailed, StripeConfigError, StripeUnavailable
from lumira.models import Customer, IdempotencyKey, Order, OrderStatus, PaymentRequest, Product
from lumira.repositories.idempotency import idempotency
from lumira.repositories.idempotency.idempotency import LEASE
from lumira.repositories.idempotency.idempotent_calls import Call, KeySource
from lumira.repositories.tenants import stripe_accounts, tenants
from lumira.services.checkout import create_payment_intent as use_case
from lumira.services.checkout.create_payment_intent import create_payment_intent
from lumira.tasks import upkeep
from tests.support import stripe_sandbox
from tests.support.factories import BUYER, Brand, count, load_order, make_command, open_payment
from tests.support.stripe_events import deliver, event, payment_intent

pytestmark = pytest.mark.usefixtures("app_context")


def keyed(key: str = "a-key", fingerprint: str = "f") -> Call:
    return Call(fingerprint=fingerprint, actor="test", source=KeySource.IDEMPOTENCY_KEY, key=key)


def create(brand: Brand, call: Call | None = None, product: str = "mystique", **changes):
    call = call or Call(fingerprint=secrets.token_hex(8), actor="test")
    return create_payment_intent(brand.id, call=call, command=make_command(product, **changes))


def test_the_amount_comes_from_the_catalog_and_reserved_metadata_from_lumira(tenant) -> None:
    opened = create(tenant, metadata={"campaign": "spring", "orderNumber": "FORGED-1"}, level=2).value

    [intent] = stripe_sandbox.intents(tenant)
    order = load_order(tenant, opened.order_number)
    assert (intent["amount"], intent["currency"]) == (1400, "eur")
    assert intent["description"] == f"{tenant.name} - Intuitive"
    sent = dict(intent["metadata"])
    assert sent.pop("timestamp")
    assert sent == {
        "campaign": "spring",
        "productId": "intuitive",
        "productName": "Intuitive",
        "level": "intuitive",
        "customerEmail": BUYER,
        "orderNumber": opened.order_number,
        "tenant": tenant.slug,
        "source": "products",
    }
    assert opened.order_id == opened.payment_intent_id == intent["id"]
    assert opened.client_secret == intent["client_secret"]
    assert (order.status, order.amount, order.livemode) == (OrderStatus.PENDING, 1400, False)


def test_a_free_level_completes_at_once_and_the_same_buyer_gets_the_same_order(tenant) -> None:
    first = create(tenant, level=1).value
    again = create(tenant, level=1, customer_email=BUYER.upper()).value

    assert first == again
    assert (first.client_secret, first.payment_intent_id, first.order_id) == (None, None, first.order_number)
    order = load_order(tenant, first.order_number)
    assert order.status is OrderStatus.COMPLETED
    assert [grant.level_number for grant in order.grants] == [1]
    assert count(tenant, Order) == 1


def test_a_free_level_needs_no_stripe_key(make_brand) -> None:
    brand = make_brand(stripe=False)
    assert create(brand, level=1).value.amount == 0


@pytest.mark.parametrize(
    ("sale", "error"),
    [
        ({"product": "nothing"}, ProductNotFound),
        ({"level": 9}, LevelNotFound),
        ({"quantity": 2}, InvalidQuantity),
        ({"product": "shirt", "quantity": 101}, OutOfStock),
    ],
)
def test_a_refused_checkout_leaves_nothing_behind(tenant, sale, error) -> None:
    with pytest.raises(error):
        create(tenant, keyed(), **sale)
    assert [count(tenant, model) for model in (Order, Customer, IdempotencyKey)] == [0, 0, 0]
    assert stripe_sandbox.intents(tenant) == []


def test_without_a_stripe_key_nothing_is_opened(make_brand) -> None:
    brand = make_brand(stripe=False)
    with pytest.raises(StripeConfigError):
        create(brand, keyed())
    assert [count(brand, model) for model in (Order, Customer, IdempotencyKey)] == [0, 0, 0]


def test_a_key_that_stripe_rejects_is_a_config_error_and_the_call_can_be_repeated(tenant) -> None:
    def use(stripe_key: str) -> None:
        with atomic(tenant.id):
            stripe_accounts.set_keys(tenants.get(tenant.id), secret_key=stripe_key)

    use("sk_test_expired_key")
    with pytest.raises(StripeConfigError):
        create(tenant, keyed())
    use(tenant.stripe_secret_key)
    assert create(tenant, keyed()).value.client_secret
    assert count(tenant, Order) == 1


def test_the_same_key_gets_the_same_reply_without_calling_stripe(tenant) -> None:
    first = create(tenant, keyed())
    again = create(tenant, keyed())

    assert (first.replayed, again.replayed) == (False, True)
    assert first.value == again.value
    assert len(stripe_sandbox.intents(tenant)) == 1
    with atomic(tenant.id):
        [sealed] = db.session.execute(select(IdempotencyKey.reply_sealed)).scalars()
    assert first.value.client_secret.encode() not in sealed


def test_the_same_key_for_another_call_is_refused(tenant) -> None:
    create(tenant, keyed())
    with pytest.raises(IdempotencyMismatch):
        create(tenant, keyed(fingerprint="another"))


def test_a_request_id_reused_for_another_call_is_a_new_call(tenant) -> None:
    calls = [
        Call(fingerprint=fingerprint, actor="test", source=KeySource.REQUEST_ID, key="r1")
        for fingerprint in "aab"
    ]
    replayed = [create(tenant, call).replayed for call in calls]
    assert replayed == [False, True, False]
    assert len(stripe_sandbox.intents(tenant)) == 2


@pytest.mark.parametrize(
    ("source", "lifetime"),
    [(KeySource.IDEMPOTENCY_KEY, timedelta(hours=72)), (KeySource.REQUEST_ID, timedelta(minutes=10))],
)
def test_a_key_is_valid_exactly_for_its_lifetime(tenant, source, lifetime) -> None:
    call = Call(fingerprint="f", actor="test", source=source, key="k")
    start = datetime.now(UTC)
    create(tenant, call)
    created_at = datetime.now(UTC)
    with time_machine.travel(start + lifetime - timedelta(seconds=5), tick=False):
        assert create(tenant, call).replayed
    with time_machine.travel(created_at + lifetime + timedelta(seconds=5)):
        assert not create(tenant, call).replayed
    assert count(tenant, Order) == 2


def test_a_running_call_is_not_started_again(tenant) -> None:
    create(tenant, keyed())
    with atomic(tenant.id):
        db.session.execute(
            update(IdempotencyKey).values(
                reply_status=None, reply_sealed=None, leased_until=datetime.now(UTC) + LEASE
            )
        )
    with pytest.raises(IdempotencyInProgress) as refused:
        create(tenant, keyed())
    assert refused.value.retry_after >= 1


def test_a_refusal_by_stripe_fails_the_order_and_the_same_key_retries(tenant) -> None:
    with atomic(tenant.id):
        db.session.execute(update(Product).where(Product.id == "mystique").values(amount=10))
    with pytest.raises(PaymentFailed):
        create(tenant, keyed())
    with atomic(tenant.id):
        [number] = db.session.execute(select(Order.order_number)).scalars()
        [request] = db.session.execute(select(PaymentRequest)).scalars()
    assert load_order(tenant, number).status is OrderStatus.FAILED
    assert request.refusal["code"] == "amount_too_small"

    with pytest.raises(PaymentFailed):
        create(tenant, keyed())
    assert [request.attempt for request in load_order(tenant, number).requests] == [1, 2]
    assert count(tenant, Order) == 1


@pytest.mark.parametrize(
    "fault", ["429", "500_before", "500_after", "drop_before", "drop_after", "lock_timeout"]
)
@pytest.mark.parametrize("path", ["/v1/payment_intents", "/v1/customers"])
def test_one_fault_at_stripe_is_retried_unnoticed(tenant, fault, path) -> None:
    stripe_sandbox.fail_next(tenant, fault, path=path)
    try:
        opened = create(tenant, keyed()).value
    except StripeUnavailable:
        # Stripe stores the 500 under its key; Lumira's reply says that the call may be repeated.
        assert fault == "500_after"
        opened = create(tenant, keyed()).value
    assert opened.client_secret
    assert [intent["id"] for intent in stripe_sandbox.intents(tenant)] == [opened.payment_intent_id]
    assert len(stripe_sandbox.customers(tenant)) == 1
    assert count(tenant, Order) == 1


@pytest.mark.parametrize("fault", ["429", "500_before", "drop_before", "drop_after"])
def test_an_unreachable_stripe_is_reported_and_the_same_key_resumes(tenant, fault) -> None:
    stripe_sandbox.fail_next(tenant, fault, times=10)
    with pytest.raises(StripeUnavailable) as refused:
        create(tenant, keyed())
    assert refused.value.retry_after
    stripe_sandbox.clear_faults(tenant)

    opened = create(tenant, keyed()).value
    assert [intent["id"] for intent in stripe_sandbox.intents(tenant)] == [opened.payment_intent_id]
    assert count(tenant, Order) == 1


def test_a_customer_that_stripe_fails_to_create_does_not_stop_a_sale(tenant) -> None:
    stripe_sandbox.fail_next(tenant, "500_before", path="/v1/customers", times=10)
    first = create(tenant, keyed()).value
    assert first.client_secret
    stripe_sandbox.clear_faults(tenant)

    open_payment(tenant)
    [customer] = stripe_sandbox.customers(tenant)
    assert [intent["customer"] for intent in stripe_sandbox.intents(tenant)] == [customer["id"], None]


def test_after_a_day_the_intent_is_looked_up_before_anything_is_sent_again(tenant) -> None:
    stripe_sandbox.fail_next(tenant, "drop_after", times=10)
    with pytest.raises(StripeUnavailable):
        create(tenant, keyed())
    stripe_sandbox.clear_faults(tenant)
    intents = stripe_sandbox.intents(tenant)
    sent = len(stripe_sandbox.requests_made(tenant, "POST", "/v1/payment_intents"))

    with time_machine.travel(datetime.now(UTC) + timedelta(hours=24)):
        opened = create(tenant, keyed()).value
    assert [opened.payment_intent_id] == [intent["id"] for intent in intents]
    assert len(stripe_sandbox.requests_made(tenant, "POST", "/v1/payment_intents")) == sent


def test_a_stripe_customer_is_created_once_without_the_name_and_never_updated(tenant) -> None:
    open_payment(tenant, customer_name="First")
    open_payment(tenant, customer_name="Second", customer_email=f" {BUYER.upper()}")

    [customer] = stripe_sandbox.customers(tenant)
    assert (customer["email"], customer["name"]) == (BUYER, None)
    assert {intent["customer"] for intent in stripe_sandbox.intents(tenant)} == {customer["id"]}
    assert count(tenant, Customer) == 1


def test_a_customer_deleted_at_stripe_is_created_again_and_the_checkout_continues(tenant) -> None:
    open_payment(tenant)
    [customer] = stripe_sandbox.customers(tenant)
    stripe_sandbox.delete(tenant, f"/v1/customers/{customer['id']}")

    opened = create(tenant, keyed()).value
    [new_customer] = stripe_sandbox.customers(tenant)
    assert new_customer["id"] != customer["id"]
    assert [request.state for request in load_order(tenant, opened.order_number).requests] == [
        "refused",
        "accepted",
    ]


def test_existing_customers_can_buy_after_the_shop_changed_its_stripe_account(tenant) -> None:
    open_payment(tenant)
    with atomic(tenant.id):
        stripe_accounts.set_keys(tenants.get(tenant.id), secret_key=f"{tenant.stripe_secret_key}moved")
    assert create(tenant).value.client_secret


def test_a_key_whose_payment_was_canceled_opens_a_new_payment(tenant) -> None:
    first = create(tenant, keyed()).value
    canceled = payment_intent(id=first.payment_intent_id, status="canceled")
    deliver(tenant, event("payment_intent.canceled", canceled))

    again = create(tenant, keyed())
    assert not again.replayed
    assert again.value.payment_intent_id != first.payment_intent_id
    assert again.value.order_number == first.order_number
    assert load_order(tenant, first.order_number).status is OrderStatus.PENDING


def test_all_expired_keys_are_deleted(tenant, monkeypatch) -> None:
    for number in range(5):
        create(tenant, keyed(f"k{number}"), "simple")
    monkeypatch.setattr(idempotency.remove_expired, "__kwdefaults__", {"limit": 2})
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=73)):
        upkeep.forget_expired_keys(timestamp=0)
    assert count(tenant, IdempotencyKey) == 0


def test_a_checkout_without_an_email_address_has_no_customer(tenant) -> None:
    opened = open_payment(tenant, customer_email=None)
    assert load_order(tenant, opened.order_number).customer_id is None
    assert stripe_sandbox.customers(tenant) == []


def test_a_buyer_pays_at_stripe_and_the_events_complete_the_order(tenant) -> None:
    opened = open_payment(tenant)
    paid = stripe_sandbox.pay(tenant, opened.payment_intent_id, opened.client_secret)
    assert paid["status"] == "succeeded"

    deliver(tenant, *reversed(stripe_sandbox.events(tenant)))
    order = load_order(tenant, opened.order_number)
    assert order.status is OrderStatus.COMPLETED
    assert [grant.active for grant in order.grants] == [True]


def test_a_declined_card_fails_the_order_and_another_card_completes_it(tenant) -> None:
    opened = open_payment(tenant)
    declined = stripe_sandbox.pay(
        tenant, opened.payment_intent_id, opened.client_secret, "pm_card_chargeDeclined"
    )
    assert declined["error"]["code"] == "card_declined"
    deliver(tenant, *stripe_sandbox.events(tenant))
    assert load_order(tenant, opened.order_number).status is OrderStatus.FAILED

    stripe_sandbox.pay(tenant, opened.payment_intent_id, opened.client_secret)
    deliver(tenant, *stripe_sandbox.events(tenant))
    order = load_order(tenant, opened.order_number)
    assert order.status is OrderStatus.COMPLETED
    assert len(order.declines) == 1


def test_an_intent_with_a_lost_response_is_found_after_a_second_crash(tenant, monkeypatch) -> None:
    def die(*_: object) -> None:
        raise ZeroDivisionError

    stripe_sandbox.fail_next(tenant, "500_after")
    with pytest.raises(StripeUnavailable):
        create(tenant, keyed())
    # The second process freezes the next attempt, and dies before it records the intent that it found.
    with monkeypatch.context() as patched:
        patched.setattr(use_case, "_attach", die)
        with pytest.raises(ZeroDivisionError):
            create(tenant, keyed())
    create(tenant, keyed())
    assert len(stripe_sandbox.intents(tenant)) == 1
