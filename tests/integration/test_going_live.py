"""A brand that goes live begins anew: what was sold in Stripe's test mode has no effect from then on."""

from collections.abc import Callable
from uuid import UUID

import pytest
from sqlalchemy import text

from lumira.database import atomic, db
from lumira.repositories.customers import customers
from lumira.repositories.customers.customer_figures import CustomerFigures
from lumira.repositories.idempotency import idempotency
from lumira.repositories.idempotency.idempotency import StoredReply
from lumira.repositories.idempotency.idempotent_calls import Call, KeySource
from lumira.repositories.orders import order_lists
from lumira.repositories.tenants import stripe_accounts, tenants
from lumira.services.access.change_access import grant_access
from lumira.services.access.view_access import view_access
from lumira.services.customers.view_customers import list_customers, view_customer
from tests.support.factories import BUYER, Brand, open_payment
from tests.support.refunds import pay
from tests.support.stripe_events import deliver, event, payment_intent

pytestmark = pytest.mark.usefixtures("app_context")


def switch(brand: Brand, mode: str) -> None:
    """Set Stripe keys of this mode, as `tenants stripe` does."""
    with atomic(brand.id):
        stripe_accounts.set_keys(
            tenants.get(brand.id), secret_key=f"sk_{mode}_{brand.id}", publishable_key=f"pk_{mode}_{brand.id}"
        )


def pay_live(brand: Brand, product: str) -> None:
    """Sell in live mode, which the sandbox does not have."""
    opened = open_payment(brand, product)
    with atomic(brand.id):
        db.session.execute(
            text("UPDATE orders SET livemode = true WHERE order_number = :number"),
            {"number": opened.order_number},
        )
    paid = payment_intent(
        id=str(opened.payment_intent_id), amount=opened.amount, status="succeeded", livemode=True
    )
    deliver(brand, event("payment_intent.succeeded", paid, livemode=True))


def has_access(brand: Brand, product: str) -> bool | None:
    return view_access(brand.id, customer_email=BUYER, product_id=product).active


def figures(brand: Brand) -> CustomerFigures:
    return view_customer(brand.id, BUYER).figures


def purchases_in_portal(brand: Brand) -> list[str]:
    with atomic(brand.id):
        customer = customers.find_by_email(brand.id, BUYER)
        assert customer is not None
        listed, _ = order_lists.list_of_customer(brand.id, customer.id)
        return sorted(line.product_id for order in listed for line in order.lines)


def newest_purchase(brand: Brand) -> UUID | None:
    with atomic(brand.id):
        customer = customers.find_by_email(brand.id, BUYER)
        assert customer is not None
        return order_lists.newest_of_customer(brand.id, customer.id)


def test_a_test_sale_gives_access_only_until_the_brand_goes_live(tenant: Brand) -> None:
    pay(tenant, "mystique")
    assert has_access(tenant, "mystique")

    switch(tenant, "live")

    assert has_access(tenant, "mystique") is False
    assert view_access(tenant.id, customer_email=BUYER).grants == []
    assert purchases_in_portal(tenant) == []
    assert newest_purchase(tenant) is None


def test_test_money_is_in_no_figure_of_a_live_brand(tenant: Brand) -> None:
    pay(tenant, "mystique")
    assert figures(tenant).total_spent == {"eur": 4700}

    switch(tenant, "live")

    assert figures(tenant) == CustomerFigures()
    assert [entry.figures.total_spent for entry in list_customers(tenant.id, limit=10)] == [{}]


def test_live_sales_count_also_while_the_brand_tries_something_in_test_mode(tenant: Brand) -> None:
    pay(tenant, "mystique")
    pay_live(tenant, "strict")
    for mode, expected in (("live", ["strict"]), ("test", ["mystique", "strict"])):
        switch(tenant, mode)
        assert [name for name in ("mystique", "strict") if has_access(tenant, name)] == expected
        assert purchases_in_portal(tenant) == expected
    assert figures(tenant).total_spent == {"eur": 4700 + 3000}


def test_free_and_manual_access_outlasts_going_live(tenant: Brand) -> None:
    open_payment(tenant, "simple")
    grant_access(tenant.id, customer_email=BUYER, product_id="mystique", days=None, note=None, actor="test")

    switch(tenant, "live")

    assert has_access(tenant, "simple")
    assert has_access(tenant, "mystique")
    assert purchases_in_portal(tenant) == ["simple"]


def claim(brand: Brand) -> idempotency.Claim:
    """Claim the same call under the same key, as a caller who repeats it."""
    call = Call(fingerprint="f" * 64, actor="test", key="k" * 20, source=KeySource.IDEMPOTENCY_KEY)
    with atomic(brand.id):
        return idempotency.claim(brand.id, call)


def finish(brand: Brand, claimed: idempotency.Claim, secret: str) -> None:
    with atomic(brand.id):
        idempotency.finish(brand.id, claimed, StoredReply(200, {"clientSecret": secret}))


def connect(brand: Brand, account: str) -> None:
    with atomic(brand.id):
        stripe_accounts.set_keys(tenants.get(brand.id), stripe_account=account)


@pytest.mark.parametrize(
    ("change", "undo"),
    [
        (lambda brand: switch(brand, "live"), lambda brand: switch(brand, "test")),
        (lambda brand: connect(brand, "acct_2"), lambda brand: connect(brand, "acct_1")),
    ],
    ids=["mode", "account"],
)
def test_a_stored_reply_is_returned_only_with_the_stripe_account_that_it_was_made_with(
    tenant: Brand, change: Callable[[Brand], None], undo: Callable[[Brand], None]
) -> None:
    undo(tenant)
    finish(tenant, claim(tenant), "of the first account")

    change(tenant)
    repeated = claim(tenant)
    assert repeated.reply is None
    finish(tenant, repeated, "of the second account")

    undo(tenant)
    assert claim(tenant).reply == StoredReply(200, {"clientSecret": "of the first account"})
