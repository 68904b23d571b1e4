"""Which sales count: those of Stripe's test mode end once the tenant sells in live mode."""

from sqlalchemy import BindParameter, ColumnElement, select

from lumira.models import Order, Tenant


def counts(tenant_id: int | BindParameter[int]) -> ColumnElement[bool]:
    """Return the condition that an order counts as a sale, for queries that select from orders.

    While the tenant has a test key, sales in test mode count as they would in live mode, so that everything can be
    tried. With a live key they have no effect: no access, no figures. They have it again with a test key, and live
    sales count always: who tries something in test mode locks no buyer out. A free order moves no money in any mode.
    """
    sells_live = select(Tenant.livemode).where(Tenant.id == tenant_id).scalar_subquery()
    return Order.livemode | (Order.amount == 0) | ~sells_live
