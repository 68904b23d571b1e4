"""An order that was kept between two transactions is used only if its rows are still what the process has written."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from lumira.clock import utc_now
from lumira.database import atomic
from lumira.domain import payments
from lumira.domain.cart_price import price_of
from lumira.domain.payments import IntentFacts
from lumira.domain.stripe import requests as stripe_requests
from lumira.domain.stripe.requests import Refusal, Seller
from lumira.errors import IdempotencyInProgress
from lumira.models import (
    CheckoutSession,
    Customer,
    FraudWarning,
    GoodsReturn,
    MessageKind,
    Order,
    OrderLine,
    OutboxMessage,
    RequestState,
    ReservationState,
    SessionState,
    Shipment,
)
from lumira.models.columns import uuid7
from lumira.repositories import rows
from lumira.repositories.catalog import products
from lumira.repositories.customers import customers, stripe_customers
from lumira.repositories.idempotency import idempotency
from lumira.repositories.idempotency.idempotency import Claim
from lumira.repositories.idempotency.idempotent_calls import Call, KeySource
from lumira.repositories.inventory import stock
from lumira.repositories.orders import kept_orders, orders
from lumira.repositories.tenants import tenants
from lumira.services.checkout.open_order import open_order
from tests.support.factories import Brand, make_command

pytestmark = pytest.mark.usefixtures("app_context")


def keep(brand: Brand) -> Order:
    """An order with a frozen request and reserved stock, as its process has written it."""
    with atomic(brand.id):
        tenant = tenants.get(brand.id)
        order = open_order(
            tenant,
            make_command("shirt", metadata={"campaign": "été"}),
            items=[(products.get_product(brand.id, "shirt"), 1)],
            price=price_of([(products.get_product(brand.id, "shirt"), 1)]),
            customer=None,
            livemode=False,
            call=Call(fingerprint="", actor="test"),
        )
        stock.reserve(order, until=utc_now() + timedelta(minutes=30), actor="test")
        stripe_requests.freeze_intent_request(
            order, seller=Seller(tenant.slug, tenant.name, None), stripe_customer_id=None
        )
        kept_orders.write(order)
        return order


def attach_payment(order: Order) -> None:
    facts = IntentFacts("pi_meanwhile", "requires_payment_method", order.amount, order.currency)
    payments.attach_intent(order, facts, now=utc_now())


def refuse_request(order: Order) -> None:
    stripe_requests.mark_refused(order.requests[0], Refusal("card_declined", "No."), now=utc_now())


def add_session(order: Order) -> None:
    order.sessions.append(
        CheckoutSession(stripe_session_id="cs_meanwhile", state=SessionState.OPEN, expires_at=utc_now())
    )


def add_message(order: Order) -> None:
    order.messages.append(
        OutboxMessage(kind=MessageKind.ORDER_CONFIRMATION, subject="", next_attempt_at=utc_now())
    )


def close(order: Order) -> None:
    order.closed_at = utc_now()


def erase(order: Order) -> None:
    order.customer_email = None
    order.erased_at = utc_now()


def release(order: Order) -> None:
    order.reservations[0].state = ReservationState.RELEASED


def extend_reservation(order: Order) -> None:
    order.reservations[0].expires_at += timedelta(microseconds=1)


MEANWHILE = [
    attach_payment,
    refuse_request,
    add_session,
    add_message,
    close,
    erase,
    release,
    extend_reservation,
]


def test_an_unchanged_order_is_not_loaded_again(tenant: Brand) -> None:
    kept = keep(tenant)
    with atomic(tenant.id):
        assert kept_orders.lock_again(kept).order is kept


@pytest.mark.parametrize("change", MEANWHILE)
def test_an_order_on_which_something_was_recorded_is_loaded(
    tenant: Brand, change: Callable[[Order], None]
) -> None:
    kept = keep(tenant)
    with atomic(tenant.id):
        change(orders.lock_order(tenant.id, kept.id))

    with atomic(tenant.id):
        loaded = kept_orders.lock_again(kept).order
        assert loaded is not kept
        assert loaded.id == kept.id


def test_every_kind_of_row_that_is_loaded_with_an_order_is_compared(tenant: Brand) -> None:
    with atomic(tenant.id) as session:
        function = "SELECT prosrc FROM pg_proc WHERE proname = 'lumira_continue_order'"
        compared = set(session.connection().exec_driver_sql(function).scalar_one().split())
    tables = {item.property.entity.class_.__tablename__ for item in orders.WHOLE}
    # Lines change with their order only; parcels, returns and fraud warnings are noted on its row (`has_parcels`,
    # `has_fraud_warnings`), which is compared.
    noted = {Shipment.__tablename__, GoodsReturn.__tablename__, FraudWarning.__tablename__}
    assert tables - compared == {OrderLine.__tablename__, *noted}


def test_what_a_rolled_back_transaction_changed_is_not_continued(tenant: Brand) -> None:
    kept = keep(tenant)

    with atomic(tenant.id) as session:
        order = kept_orders.lock_again(kept).order
        refuse_request(order)
        kept_orders.write(order)
        session.rollback()

    with atomic(tenant.id):
        loaded = kept_orders.lock_again(kept).order
        assert loaded is not kept
        assert [request.state for request in loaded.requests] == [RequestState.FROZEN]


def test_a_kept_order_is_stored_as_a_loaded_one(tenant: Brand) -> None:
    kept = keep(tenant)
    with atomic(tenant.id):
        order = kept_orders.lock_again(kept).order
        attach_payment(order)
        kept_orders.write(order)
    with atomic(tenant.id):
        loaded = orders.lock_order(tenant.id, kept.id)
        for name, _ in rows.columns_of(Order):
            assert getattr(loaded, name) == getattr(kept, name)
        assert [payment.stripe_payment_intent_id for payment in loaded.payments] == ["pi_meanwhile"]
        assert [request.state for request in loaded.requests] == [RequestState.ACCEPTED]
        assert loaded.lines[0].product_id == "shirt"


def test_a_call_that_another_process_has_taken_over_changes_nothing(tenant: Brand) -> None:
    kept = keep(tenant)
    lost = Claim(key_id=uuid7(), fence=1)
    with atomic(tenant.id):
        buyer = customers.find_or_create(tenant.id, email="buyer@example.com", name=None)
        attaching = stripe_customers.attaching_stripe_customer(tenant.id, buyer.id, "cus_late")

    with pytest.raises(IdempotencyInProgress), atomic(tenant.id):
        kept_orders.lock_again(kept, after=[*idempotency.renewing(tenant.id, lost), attaching])
    with atomic(tenant.id) as session:
        assert session.get_one(Customer, (tenant.id, buyer.id)).stripe_customer_id is None


@pytest.mark.parametrize("is_changed", [False, True])
def test_the_steps_before_an_order_are_made_whether_or_not_it_is_loaded(
    tenant: Brand, is_changed: bool
) -> None:
    kept = keep(tenant)
    call = Call(fingerprint="f", actor="test", source=KeySource.IDEMPOTENCY_KEY, key="one-purchase")
    with atomic(tenant.id):
        claim = idempotency.claim(tenant.id, call)
        buyer = customers.find_or_create(tenant.id, email="buyer@example.com", name=None)
        attaching = stripe_customers.attaching_stripe_customer(tenant.id, buyer.id, "cus_new")
        if is_changed:
            close(orders.lock_order(tenant.id, kept.id))

    with atomic(tenant.id):
        steps = [*idempotency.renewing(tenant.id, claim, order_id=kept.id), attaching]
        locked = kept_orders.lock_again(kept, after=steps)
        assert (locked.order is kept) is not is_changed
        assert locked.values == (claim.key_id, "cus_new")
    with atomic(tenant.id):
        assert idempotency.find_order_id(tenant.id, call) == kept.id
