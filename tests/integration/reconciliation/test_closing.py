"""No order waits without an end: of another mode or account, without a key, or canceled by an operator."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select, update

from lumira.database import atomic, db
from lumira.errors.orders import NotCancelable
from lumira.errors.stripe import StripeUnavailable
from lumira.models import Alert, Order, OrderStatus
from lumira.notifications import send_alerts
from lumira.reconciliation import poll_order, reconcile
from lumira.reconciliation.cancel_order import cancel_order
from lumira.repositories.idempotency.idempotent_calls import Call, KeySource
from lumira.repositories.inventory import stock_proof
from lumira.repositories.tenants import stripe_accounts, tenants
from lumira.services.checkout.create_checkout_session import SessionOpened
from lumira.services.checkout.create_payment_intent import PaymentOpened, create_payment_intent
from tests.support import stripe_sandbox
from tests.support.factories import (
    Brand,
    figures,
    load_order,
    make_command,
    make_promotion,
    open_cart,
    open_payment,
    set_stock,
)
from tests.support.stripe_events import deliver, event, payment_intent

pytestmark = pytest.mark.usefixtures("app_context")


@contextmanager
def later(**passed: float) -> Iterator[None]:
    with time_machine.travel(datetime.now(UTC) + timedelta(**passed)):
        yield


def use_keys(brand: Brand, secret_key: str) -> None:
    publishable_key = secret_key.replace("sk_", "pk_")
    with atomic(brand.id):
        stripe_accounts.set_keys(
            tenants.get(brand.id), secret_key=secret_key, publishable_key=publishable_key
        )


def change_mode(brand: Brand) -> None:
    """Let the brand's orders be of the other mode than its key, as after going live."""
    with atomic(brand.id):
        db.session.execute(update(Order).values(livemode=True))


def remove_key(brand: Brand) -> None:
    with atomic(brand.id):
        tenants.get(brand.id).stripe_secret_key_sealed = None


def status_of(brand: Brand, number: str) -> OrderStatus:
    return load_order(brand, number).status


def alerts_of(brand: Brand, *, resolved: bool = False) -> list[tuple[str, str]]:
    with atomic(brand.id):
        query = select(Alert.kind, Alert.subject).order_by(Alert.kind)
        if not resolved:
            query = query.where(Alert.resolved_at.is_(None))
        return [(row.kind, row.subject) for row in db.session.execute(query)]


def adds_up(brand: Brand) -> bool:
    with atomic(brand.id):
        return not stock_proof.verify(brand.id)


def cancel(brand: Brand, number: str) -> Order:
    return cancel_order(brand.id, load_order(brand, number).id, actor="operator")


def succeeded(intent_id: str, amount: int = 5900) -> dict[str, object]:
    return event(
        "payment_intent.succeeded",
        payment_intent(id=intent_id, amount=amount, status="succeeded", latest_charge="ch_1"),
    )


@pytest.mark.parametrize("open_order", [lambda brand: open_payment(brand, "shirt"), open_cart])
@pytest.mark.parametrize("change", [change_mode, remove_key], ids=["other mode", "no key"])
def test_an_unpaid_order_that_no_key_can_reach_is_closed_when_its_reservation_ends(
    tenant, open_order, change
) -> None:
    opened = open_order(tenant)
    change(tenant)
    with later(minutes=29):
        reconcile.reconcile(tenant.id)
    assert status_of(tenant, opened.order_number) is OrderStatus.PENDING

    with later(minutes=40):
        reconcile.reconcile(tenant.id)
    assert status_of(tenant, opened.order_number) is OrderStatus.CANCELLED
    assert (figures(tenant, "shirt"), figures(tenant, "cap")) == ((100, 0, 0), (50, 0, 0))
    assert adds_up(tenant)


def test_a_digital_order_that_no_key_can_reach_is_closed_after_a_day(tenant) -> None:
    opened = open_payment(tenant)
    change_mode(tenant)
    with later(hours=25):
        reconcile.reconcile(tenant.id)
    assert status_of(tenant, opened.order_number) is OrderStatus.CANCELLED


@pytest.mark.parametrize("open_order", [lambda brand: open_payment(brand, "shirt"), open_cart])
def test_an_order_of_another_stripe_account_is_closed_when_its_reservation_ends(tenant, open_order) -> None:
    opened = open_order(tenant)
    use_keys(tenant, "sk_test_anotheraccount")
    with later(minutes=40):
        reconcile.reconcile(tenant.id)
    assert status_of(tenant, opened.order_number) is OrderStatus.CANCELLED
    assert (figures(tenant, "shirt"), figures(tenant, "cap")) == ((100, 0, 0), (50, 0, 0))
    assert [kind for kind, _ in alerts_of(tenant)] == ["payment_missing_at_stripe"]


def test_a_payment_that_arrives_after_the_order_was_closed_here_completes_it(tenant) -> None:
    opened = open_payment(tenant, "shirt")
    use_keys(tenant, "sk_test_anotheraccount")
    with later(minutes=40):
        reconcile.reconcile(tenant.id)
        deliver(tenant, succeeded(opened.payment_intent_id))
    assert status_of(tenant, opened.order_number) is OrderStatus.COMPLETED
    assert figures(tenant, "shirt") == (99, 0, 1)


def test_a_payment_whose_event_is_lost_is_found_when_the_right_key_is_back(tenant, monkeypatch) -> None:
    opened = open_payment(tenant, "shirt")
    stripe_sandbox.pay(tenant, opened.payment_intent_id, opened.client_secret)
    use_keys(tenant, "sk_test_anotheraccount")
    with later(minutes=40):
        reconcile.reconcile(tenant.id)
    assert status_of(tenant, opened.order_number) is OrderStatus.CANCELLED
    use_keys(tenant, tenant.stripe_secret_key)
    with later(hours=7):
        reconcile.reconcile(tenant.id)
    assert status_of(tenant, opened.order_number) is OrderStatus.COMPLETED
    assert figures(tenant, "shirt") == (99, 0, 1)


def test_a_closed_order_is_closed_at_stripe_too_when_its_key_is_back(tenant) -> None:
    opened = open_payment(tenant, "shirt")
    change_mode(tenant)
    with later(minutes=40):
        reconcile.reconcile(tenant.id)
    with atomic(tenant.id):
        db.session.execute(update(Order).values(livemode=False))
    with later(hours=7):
        reconcile.reconcile(tenant.id)
    assert [intent["status"] for intent in stripe_sandbox.intents(tenant)] == ["canceled"]
    assert load_order(tenant, opened.order_number).next_poll_at is None


def test_a_buyer_who_returns_after_the_shop_changed_its_mode_gets_a_new_order(tenant) -> None:
    call = Call(fingerprint="f" * 64, actor="test", key="k" * 20, source=KeySource.IDEMPOTENCY_KEY)
    first = create_payment_intent(tenant.id, call=call, command=make_command("shirt")).value
    change_mode(tenant)
    with later(minutes=40):
        reconcile.reconcile(tenant.id)
        again = create_payment_intent(tenant.id, call=call, command=make_command("shirt")).value
    assert again.order_number != first.order_number
    assert not load_order(tenant, again.order_number).livemode


def test_an_operator_cancels_an_unpaid_order_here_and_at_stripe(tenant) -> None:
    payment, cart = open_payment(tenant, "shirt"), open_cart(tenant)
    for opened in (payment, cart):
        assert cancel(tenant, opened.order_number).status is OrderStatus.CANCELLED
    assert [intent["status"] for intent in stripe_sandbox.intents(tenant)] == ["canceled"]
    assert [session["status"] for session in stripe_sandbox.checkout_sessions(tenant)] == ["expired"]
    assert (figures(tenant, "shirt"), figures(tenant, "cap")) == ((100, 0, 0), (50, 0, 0))
    assert adds_up(tenant)


@pytest.mark.parametrize("change", [change_mode, remove_key, lambda brand: use_keys(brand, "sk_test_other")])
def test_an_operator_cancels_an_order_that_no_key_can_reach(tenant, change) -> None:
    opened = open_payment(tenant, "shirt")
    change(tenant)
    assert cancel(tenant, opened.order_number).status is OrderStatus.CANCELLED
    assert figures(tenant, "shirt") == (100, 0, 0)


def test_canceling_an_order_that_was_just_paid_completes_it(tenant) -> None:
    opened = open_payment(tenant, "shirt")
    stripe_sandbox.pay(tenant, opened.payment_intent_id, opened.client_secret)
    assert cancel(tenant, opened.order_number).status is OrderStatus.COMPLETED
    with pytest.raises(NotCancelable, match="was paid"):
        cancel(tenant, opened.order_number)


def test_canceling_while_stripe_is_unavailable_changes_nothing(tenant) -> None:
    opened = open_payment(tenant, "shirt")
    stripe_sandbox.fail_next(tenant, "drop_before", method="GET", path="/v1", times=10)
    with pytest.raises(StripeUnavailable):
        cancel(tenant, opened.order_number)
    assert status_of(tenant, opened.order_number) is OrderStatus.PENDING
    assert figures(tenant, "shirt") == (100, 1, 0)


def test_a_bank_debit_that_succeeds_after_the_order_was_canceled_is_refunded_if_nothing_is_left(
    tenant,
) -> None:
    set_stock(tenant, "shirt", 1)
    opened = open_payment(tenant, "shirt")
    processing = payment_intent(
        id=opened.payment_intent_id, amount=5900, status="processing", latest_charge="py_1"
    )
    deliver(tenant, event("payment_intent.processing", processing))
    assert status_of(tenant, opened.order_number) is OrderStatus.PROCESSING
    assert cancel(tenant, opened.order_number).status is OrderStatus.CANCELLED
    second = open_payment(tenant, "shirt")
    deliver(tenant, succeeded(second.payment_intent_id))
    deliver(tenant, succeeded(opened.payment_intent_id))
    assert status_of(tenant, second.order_number) is OrderStatus.COMPLETED
    assert load_order(tenant, opened.order_number).sold_out_at is not None
    assert figures(tenant, "shirt") == (0, 0, 1)


def test_an_order_that_was_canceled_can_be_bought_again_with_the_same_key(tenant) -> None:
    call = Call(fingerprint="f" * 64, actor="test", key="k" * 20, source=KeySource.IDEMPOTENCY_KEY)
    first = create_payment_intent(tenant.id, call=call, command=make_command("shirt")).value
    cancel(tenant, first.order_number)
    again = create_payment_intent(tenant.id, call=call, command=make_command("shirt")).value
    assert again.payment_intent_id != first.payment_intent_id
    assert status_of(tenant, again.order_number) is OrderStatus.PENDING
    assert figures(tenant, "shirt") == (100, 1, 0)


def begin_debit(brand: Brand, product: str = "shirt") -> PaymentOpened:
    """Open a payment whose bank debit is under way."""
    opened = open_payment(brand, product)
    processing = payment_intent(
        id=opened.payment_intent_id, amount=opened.amount, status="processing", latest_charge="py_1"
    )
    deliver(brand, event("payment_intent.processing", processing))
    return opened


def begin_debit_on_page(brand: Brand) -> SessionOpened:
    """Open a cart and choose a bank debit on Stripe's page, of which only the completed session is reported."""
    opened = open_cart(brand)
    paid = stripe_sandbox.pay_session(brand, opened.session_id, "pm_successDelayed_fr")
    assert paid["outcome"] == "completed", paid
    stripe_sandbox.deliver_events(brand, "checkout.session.completed")
    return opened


@pytest.mark.parametrize("product", ["shirt", "mystique"])
def test_a_bank_debit_that_takes_longer_than_any_bank_raises_one_alert_that_its_end_resolves(
    tenant, product
) -> None:
    opened = begin_debit(tenant, product)
    with atomic(tenant.id):
        # Not even the polling schedule is needed.
        db.session.execute(update(Order).values(next_poll_at=None))
    remove_key(tenant)
    with atomic(tenant.id):
        db.session.execute(update(Order).values(review_reason=None))
    with later(hours=20):
        reconcile.watch_deadlines(tenant.id)
    assert alerts_of(tenant) == []
    for days in (2, 20, 24):
        with later(days=days):
            reconcile.watch_deadlines(tenant.id)
    # A bank debit under way as planned needs no operator.
    assert alerts_of(tenant) == []
    for days in (26, 27):
        with later(days=days):
            reconcile.watch_deadlines(tenant.id)
    assert alerts_of(tenant) == [("order_overdue", opened.order_number)]
    with later(days=27):
        assert send_alerts.send_alerts(tenant.id) == 1
        deliver(tenant, succeeded(opened.payment_intent_id, opened.amount))
    assert status_of(tenant, opened.order_number) is OrderStatus.COMPLETED
    assert alerts_of(tenant) == []


def test_a_bank_debit_on_stripes_page_raises_no_alert_while_it_may_be_under_way(tenant) -> None:
    begin_debit_on_page(tenant)
    for days in (2, 20):
        with later(days=days):
            reconcile.watch_deadlines(tenant.id)
    assert alerts_of(tenant) == []


def test_a_reservation_overdue_by_a_day_without_a_debit_under_way_raises_an_alert(tenant) -> None:
    opened = begin_debit(tenant)
    failed = payment_intent(
        id=opened.payment_intent_id,
        amount=opened.amount,
        status="requires_payment_method",
        last_payment_error={"charge": "py_1", "code": "payment_intent_payment_attempt_failed"},
    )
    with atomic(tenant.id):
        # The policy keeps the units for another attempt.
        db.session.execute(update(Order).values(release_on_failure="at_deadline"))
    deliver(tenant, event("payment_intent.payment_failed", failed))
    still_reserved = open_payment(tenant, "shirt")
    remove_key(tenant)
    with later(hours=26):
        reconcile.watch_deadlines(tenant.id)
    assert alerts_of(tenant) == [("order_overdue", still_reserved.order_number)]


def test_the_use_of_a_code_overdue_by_a_day_raises_an_alert_though_nothing_else_is_reserved(tenant) -> None:
    make_promotion(tenant)
    opened = open_payment(tenant, promotion_code="WELCOME10")
    remove_key(tenant)
    with later(hours=20):
        reconcile.watch_deadlines(tenant.id)
    assert alerts_of(tenant) == []
    with later(hours=26):
        reconcile.watch_deadlines(tenant.id)
    assert alerts_of(tenant) == [("order_overdue", opened.order_number)]


@pytest.mark.parametrize("begin", [begin_debit, begin_debit_on_page], ids=["payment", "page"])
@pytest.mark.parametrize(
    "change",
    [change_mode, remove_key, lambda brand: use_keys(brand, "sk_test_anotheraccount")],
    ids=["other mode", "no key", "other account"],
)
def test_a_live_debit_under_way_is_not_closed_because_other_keys_are_set_for_a_moment(
    tenant, begin, change
) -> None:
    opened = begin(tenant)
    change(tenant)
    with later(hours=30):
        reconcile.reconcile(tenant.id)
    order = load_order(tenant, opened.order_number)
    assert (order.status, order.closed_at) == (OrderStatus.PROCESSING, None)
    assert figures(tenant, "shirt")[1] > 0


def test_a_test_debit_under_way_is_closed_when_the_shop_sells_live(tenant) -> None:
    opened = begin_debit(tenant)
    use_keys(tenant, "sk_live_theshop")
    with atomic(tenant.id):
        account = stripe_accounts.find_account(tenant.id)
    with later(hours=30):
        # The sandbox has no live mode, and Stripe is not called.
        poll_order.poll_order(tenant.id, account, load_order(tenant, opened.order_number).id)
    assert status_of(tenant, opened.order_number) is OrderStatus.CANCELLED
    assert figures(tenant, "shirt") == (100, 0, 0)


def test_a_sold_out_order_that_is_not_refunded_for_a_day_raises_an_alert(tenant) -> None:
    opened = open_payment(tenant)
    long_ago = datetime.now(UTC) - timedelta(days=2)
    with atomic(tenant.id):
        db.session.execute(update(Order).values(status=OrderStatus.PROCESSING, sold_out_at=long_ago))
    reconcile.watch_deadlines(tenant.id)
    assert alerts_of(tenant) == [("order_overdue", opened.order_number)]


def test_an_order_whose_process_died_before_it_requested_a_payment_is_closed(tenant) -> None:
    opened = open_payment(tenant)
    with atomic(tenant.id):
        db.session.execute(update(Order).values(next_poll_at=None))
    with later(hours=2):
        reconcile.reconcile(tenant.id)
    assert load_order(tenant, opened.order_number).next_poll_at is not None
    with later(hours=27):
        reconcile.reconcile(tenant.id)
    assert status_of(tenant, opened.order_number) is OrderStatus.CANCELLED


def test_a_poll_without_a_key_asks_stripe_nothing(tenant) -> None:
    opened = open_payment(tenant)
    assert poll_order.poll_order(tenant.id, None, load_order(tenant, opened.order_number).id) is None
