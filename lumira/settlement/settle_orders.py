"""Settling several orders of one tenant in one transaction."""

from collections.abc import Collection

from lumira.database import db
from lumira.models import Order
from lumira.repositories.catalog import promotions
from lumira.repositories.inventory import stock
from lumira.settlement.link_customer import link_customer
from lumira.settlement.settle_order import settle_order


def settle_orders(tenant_id: int, locked: Collection[Order], *, actor: str) -> None:
    """Settle every one of these locked orders, as `settle_order` does.

    Orders with stock or a promotion code come last, after the stock counts of all their products, and then the codes,
    were locked in one order: so these locks are held as briefly as possible, and no two batches and no checkout
    deadlock on them.
    """
    for order in locked:
        # Before any other row is written: two batches link the same customers before either holds an alert.
        link_customer(order)
    with_stock = [order for order in locked if any(line.keeps_stock for line in order.lines)]
    code_ids = {order.promotion_code_id for order in locked if order.promotion_code_id is not None}
    last = [order for order in locked if order in with_stock or order.promotion_code_id is not None]
    for order in locked:
        if order not in last:
            settle_order(order, actor=actor)
    if len(last) > 1:
        db.session.flush()
        if with_stock:
            stock.lock_products(tenant_id, {line.product_id for order in with_stock for line in order.lines})
        if code_ids:
            promotions.lock(tenant_id, code_ids)
    for order in last:
        settle_order(order, actor=actor)
