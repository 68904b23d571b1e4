"""`/api/orders`: the tenant's orders."""

from typing import Any

from flask import g

from lumira.blueprints.http.references import checked_reference
from lumira.blueprints.http.routing import ApiBlueprint
from lumira.repositories.orders import OrderFilter
from lumira.schemas.orders import OrderListQuery, OrdersQuery, OrdersResponse, WholeOrderResponse
from lumira.services.orders import view_orders
from lumira.services.orders.view_orders import OrderView

blueprint = ApiBlueprint("orders", __name__, url_prefix="/api/orders", description="Orders")


@blueprint.get("")
@blueprint.query(OrdersQuery)
@blueprint.replies(OrdersResponse)
def list_orders(wanted: OrderListQuery) -> dict[str, Any]:
    """Orders, newest first, in pages."""
    page = OrderFilter(
        status=wanted.status,
        customer_email=wanted.customer_email,
        created_after=wanted.created_after,
        created_before=wanted.created_before,
        after=wanted.cursor,
        limit=wanted.limit,
    )
    found, following = view_orders.list_orders(g.tenant_id, page)
    return {"orders": found, "next": following}


@blueprint.get("/<reference>")
@blueprint.replies(WholeOrderResponse)
def show_order(reference: str) -> OrderView:
    """One order with its payments, refunds, access and timeline, by id, order number or PaymentIntent."""
    return view_orders.view_order(g.tenant_id, checked_reference(reference))
