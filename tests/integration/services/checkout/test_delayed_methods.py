"""A shop may refuse payment methods that reserve its units for days."""

import re
import secrets

import pytest
from stripe.params import PaymentIntentCreateParams
from stripe.params.checkout import SessionCreateParams

from lumira.database import atomic, db
from lumira.domain.stripe.requests import DELAYED_METHODS
from lumira.models import Product
from lumira.repositories.idempotency.idempotent_calls import Call
from lumira.services.checkout.create_payment_intent import create_payment_intent
from tests.support import stripe_sandbox
from tests.support.factories import Brand, make_command, open_cart

pytestmark = pytest.mark.usefixtures("app_context")


def refuse_delayed_methods(brand: Brand, product_id: str) -> None:
    with atomic(brand.id):
        db.session.get_one(Product, (brand.id, product_id)).delayed_methods = False


def methods_for(brand: Brand, product: str) -> list[str]:
    """The payment methods that Stripe offers for a payment of this product."""
    call = Call(fingerprint=secrets.token_hex(8), actor="test")
    create_payment_intent(brand.id, call=call, command=make_command(product))
    return list(stripe_sandbox.intents(brand)[0]["payment_method_types"])


def test_a_product_without_delayed_methods_cannot_be_paid_by_bank_debit(tenant: Brand) -> None:
    assert "sepa_debit" in methods_for(tenant, "shirt")
    refuse_delayed_methods(tenant, "shirt")
    assert methods_for(tenant, "shirt") == ["card"]
    assert "sepa_debit" in methods_for(tenant, "cap")


def test_a_cart_with_such_a_product_cannot_be_paid_by_bank_debit(tenant: Brand) -> None:
    refuse_delayed_methods(tenant, "shirt")
    open_cart(tenant, {"cap": 1, "shirt": 1})
    open_cart(tenant, {"cap": 1})
    without, mixed = stripe_sandbox.checkout_sessions(tenant)
    assert mixed["payment_method_types"] == ["card"]
    assert "sepa_debit" in without["payment_method_types"]


@pytest.mark.parametrize("parameters", [PaymentIntentCreateParams, SessionCreateParams])
def test_stripe_accepts_the_names_of_all_delayed_methods(parameters: type) -> None:
    # The SDK's annotations cannot be evaluated: some names are imported for type checkers only.
    declared = str(parameters.__annotations__["excluded_payment_method_types"])
    assert set(DELAYED_METHODS) <= set(re.findall(r"[a-z_]+", declared))
