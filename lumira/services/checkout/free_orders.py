"""Free orders: each product is free once for each customer."""

from collections.abc import Sequence
from uuid import UUID

from lumira.errors import InvalidRequest
from lumira.errors.orders import InvalidCart
from lumira.models import Product
from lumira.repositories.customers.customers import Buyer
from lumira.repositories.idempotency.idempotent_calls import Call
from lumira.repositories.orders import orders


def require_customer(customer: Buyer | None) -> Buyer:
    """Return the customer of a free order; raises `InvalidRequest` (`INVALID_EMAIL`) if there is none."""
    if customer is None:
        raise InvalidRequest(
            "A free order needs an e-mail address.",
            code="INVALID_EMAIL",
            fields={"customerEmail": ["A free order needs an e-mail address."]},
        )
    return customer


def find_free_order(
    tenant_id: int, call: Call, items: list[tuple[Product, int]], customer: Buyer
) -> tuple[UUID | None, frozenset[str]]:
    """The free order of these products that the locked customer has, and the products that the customer has.

    Each product is free once for each customer. A public caller gets only what its own network opened, and learns
    nothing of other orders: its new order repeats them. Raises `InvalidCart` if the caller's earlier orders contain
    some of the products.
    """
    requested = {product.id for product, _ in items}
    earlier = orders.list_free(tenant_id, customer.id)
    shown = _list_shown(earlier, call)
    # A cart that was repeated, before one that contains more.
    for order_id, product_ids in sorted(shown, key=lambda order: order[1] != requested):
        if requested <= product_ids:
            return order_id, frozenset()
    for product, _ in items:
        if any(product.id in product_ids for _, product_ids in shown):
            raise InvalidCart(
                f"{product.name} is free once for each customer, who has it already: remove it from the cart."
            )
    return None, frozenset().union(*(order.product_ids for order in earlier))


def _list_shown(earlier: Sequence[orders.FreeOrder], call: Call) -> list[tuple[UUID, frozenset[str]]]:
    """The orders that the caller may know, each with its products."""
    if call.public_network is None:
        return [(order.id, order.product_ids - order.repeated_ids) for order in earlier]
    return [(order.id, order.product_ids) for order in earlier if call.is_of_network(order.opener_network)]
