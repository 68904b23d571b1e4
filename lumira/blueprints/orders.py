"""`/api/orders`: the tenant's orders."""

from typing import Any

from flask import g

from lumira.blueprints.http.references import checked_reference
from lumira.blueprints.http.routing import ApiBlueprint
from lumira.domain.commands import OrderFilter
from lumira.errors.orders import OrderNotFound
from lumira.schemas.orders import OrdersQuery, OrdersResponse, WholeOrderResponse
from lumira.services.orders import view_orders
from lumira.services.orders.view_orders import OrderView

blueprint = ApiBlueprint("orders", __name__, url_prefix="/api/orders", description="Orders")


@blueprint.get("", name="listOrders")
@blueprint.query(OrdersQuery)
@blueprint.replies(OrdersResponse)
def list_orders(order_filter: OrderFilter) -> dict[str, Any]:
    """Orders, newest first, in pages."""
    orders, next_cursor = view_orders.list_orders(g.tenant_id, order_filter)
    return {"orders": orders, "next": next_cursor}


@blueprint.get("/<reference>", name="getOrder")
@blueprint.raises(OrderNotFound)
@blueprint.replies(WholeOrderResponse)
def show_order(reference: str) -> OrderView:
    """One order with its payments, refunds, access and timeline, by id, order number, PaymentIntent or session."""
    return view_orders.view_order(g.tenant_id, checked_reference(reference))
