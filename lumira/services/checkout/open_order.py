"""Opening an order: everything that was agreed is frozen on it."""

from collections.abc import Sequence

from lumira.database import db
from lumira.formats import new_order_number
from lumira.models import Customer, Order, OrderLine, OrderStatus, Product, ReleaseOnFailure
from lumira.models.columns import uuid7
from lumira.repositories import orders


def open_order(
    tenant_id: int,
    *,
    prefix: str,
    items: Sequence[tuple[Product, int]],
    customer: Customer | None,
    customer_email: str | None,
    customer_name: str | None,
    livemode: bool,
    source: str,
    request_id: str | None,
    release_on_failure: ReleaseOnFailure,
    metadata: dict[str, str],
    locale: str | None = None,
) -> Order:
    """A pending order for products and quantities at today's prices, all of one currency.

    Nothing of it follows the catalog afterwards. What it asks for is computed here and nowhere else.
    """
    amount = sum(product.amount * quantity for product, quantity in items)
    first, *others = (product for product, _ in items)
    order = Order(
        tenant_id=tenant_id,
        id=uuid7(),
        order_number=new_order_number(prefix),
        customer_id=customer.id if customer else None,
        customer_email=customer_email,
        email_key=customer.email_key if customer else None,
        customer_name=customer_name,
        amount=amount,
        currency=first.currency,
        livemode=livemode,
        source=source,
        request_id=request_id,
        locale=locale,
        # By it the database sees that a gift alone is given to each customer once; of a cart, who opens the sale.
        free_product_id=first.id if amount == 0 and customer and not others else None,
        release_on_failure=release_on_failure,
        caller_metadata=metadata,
        status=OrderStatus.PENDING,
    )
    order.lines.extend(
        _line(position, product, quantity) for position, (product, quantity) in enumerate(items)
    )
    db.session.add(order)
    # Grants point at lines, so the lines are there before the order is settled.
    db.session.flush()
    orders.declare_whole(order)
    return order


def _line(position: int, product: Product, quantity: int) -> OrderLine:
    return OrderLine(
        id=uuid7(),
        position=position,
        product_id=product.id,
        product_name=product.name,
        kind=product.kind,
        level_number=product.level_number,
        quantity=quantity,
        unit_amount=product.amount,
        on_partial_refund=product.on_partial_refund,
        restock_on_refund=product.restock_on_refund,
        access_days=product.access_days,
        includes_lower_levels=product.includes_lower_levels,
        deliverables=product.deliverables,
    )
