"""An order that is canceled while its payment is being opened reserves nothing and gives nothing to pay with."""

from collections.abc import Callable
from typing import Any

import pytest

from lumira.clients import stripe_client
from lumira.database import atomic
from lumira.domain.commands import OrderFilter
from lumira.errors import Conflict
from lumira.models import Order, OrderStatus
from lumira.reconciliation.cancel_order import cancel_order
from lumira.repositories.orders.order_lists import list_orders
from tests.support.factories import Brand, figures, open_cart, open_payment

pytestmark = pytest.mark.usefixtures("app_context")

OPENINGS: list[tuple[str, Callable[[Brand], Any]]] = [
    ("create_payment_intent", lambda brand: open_payment(brand, "shirt")),
    ("create_checkout_session", open_cart),
]


def only_order(brand: Brand) -> Order:
    with atomic(brand.id):
        [order], _ = list_orders(brand.id, OrderFilter())
        return order


@pytest.mark.parametrize(("operation", "open_order"), OPENINGS, ids=[name for name, _ in OPENINGS])
def test_an_order_canceled_during_the_call_to_stripe_reserves_nothing(
    tenant: Brand, monkeypatch: pytest.MonkeyPatch, operation: str, open_order: Callable[[Brand], Any]
) -> None:
    create = getattr(stripe_client, operation)

    def create_and_cancel(*arguments: Any, **options: Any) -> Any:
        created = create(*arguments, **options)
        cancel_order(tenant.id, only_order(tenant).id, actor="operator")
        return created

    monkeypatch.setattr(stripe_client, operation, create_and_cancel)
    with pytest.raises(Conflict, match="was closed"):
        open_order(tenant)

    assert only_order(tenant).status is OrderStatus.CANCELLED
    assert figures(tenant, "shirt") == (100, 0, 0)
