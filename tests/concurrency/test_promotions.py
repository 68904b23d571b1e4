"""A promotion code is never used more often than it may be, however many buyers enter it at the same instant."""

import secrets

import pytest

from lumira.errors.orders import InvalidPromotionCode
from lumira.models import Order
from lumira.repositories.idempotency.idempotent_calls import Call
from lumira.services.checkout.begin_checkout import CheckoutStarted, begin_checkout
from lumira.webhooks import process
from tests.concurrency.test_at_once import at_once
from tests.support.factories import (
    Brand,
    count,
    make_cart_command,
    make_promotion,
    open_payment,
    set_stock,
    uses,
)
from tests.support.stripe_events import event, payment_intent, receive

pytestmark = pytest.mark.usefixtures("app_context")


def start(brand: Brand, email: str, **items: int) -> object:
    command = make_cart_command(
        brand.domain, items, customer_email=email, promotion_code="WELCOME10", success_url="", cancel_url=""
    )
    call = Call(fingerprint=secrets.token_hex(8), actor="test")
    return begin_checkout(brand.id, call, command, free_reply=lambda _: {})


def test_100_buyers_of_the_last_10_uses_get_exactly_10(app, tenant: Brand) -> None:
    code = make_promotion(tenant, max_uses=10)
    set_stock(tenant, "shirt", 1000)
    results: list[object] = []
    for turn in range(5):
        # Half of them have stock too, which is locked before the code.
        results += at_once(
            app,
            lambda number, turn=turn: start(
                tenant, f"b{turn}-{number}@example.com", mystique=1, **({"shirt": 1} if number % 2 else {})
            ),
            threads=20,
        )
    assert sum(isinstance(each, CheckoutStarted) for each in results) == 10
    assert sum(isinstance(each, InvalidPromotionCode) for each in results) == 90
    assert uses(tenant, code) == (10, 0)
    assert count(tenant, Order) == 10


def test_one_customer_who_sends_20_checkouts_at_once_uses_the_code_once(app, tenant: Brand) -> None:
    code = make_promotion(tenant, max_uses_per_customer=1)
    results = at_once(
        app, lambda number: start(tenant, f"buyer+{number}@example.com", mystique=1), threads=20
    )
    assert sum(isinstance(each, CheckoutStarted) for each in results) == 1
    assert uses(tenant, code) == (1, 0)


def test_payments_and_checkouts_with_codes_at_once_lose_no_use(app, tenant: Brand) -> None:
    codes = [make_promotion(tenant), make_promotion(tenant, "OTHER10")]
    amounts = {"mystique": 4230, "shirt": 5310}
    opened = [
        open_payment(tenant, product, promotion_code=code, customer_email=f"b{number}@example.com")
        for number, (product, code) in enumerate(
            [("mystique", "WELCOME10"), ("shirt", "OTHER10"), ("mystique", "OTHER10"), ("shirt", "WELCOME10")]
            * 2
        )
    ]
    products = ["mystique", "shirt", "mystique", "shirt"] * 2
    for number, (each, product) in enumerate(zip(opened, products, strict=True)):
        intent = payment_intent(
            id=each.payment_intent_id,
            amount=amounts[product],
            status="succeeded",
            latest_charge=f"ch_{number}",
        )
        receive(tenant, event("payment_intent.succeeded", intent))
    results = at_once(
        app,
        lambda number: (
            process.process_events(tenant.id)
            if number % 2
            else start(tenant, f"c{number}@example.com", mystique=1)
        ),
        threads=8,
    )
    assert [each for each in results if isinstance(each, Exception)] == []
    process.process_events(tenant.id)
    assert [uses(tenant, code) for code in codes] == [(4, 4), (0, 4)]
