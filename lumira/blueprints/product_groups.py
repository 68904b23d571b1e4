"""`/api/product-groups`: the products of the catalog that differ in options, such as size and colour."""

from typing import Any

from flask import g

from lumira.blueprints.http import catalog_replies
from lumira.blueprints.http.routing import ApiBlueprint
from lumira.errors import ProductGroupNotFound
from lumira.schemas.products import ProductGroupResponse, ProductGroupsResponse
from lumira.services.catalog.view_catalog import ProductGroupView, view_catalog

blueprint = ApiBlueprint(
    "product_groups", __name__, url_prefix="/api/product-groups", description="Products with options"
)


@blueprint.get("", name="listProductGroups")
@blueprint.replies(ProductGroupsResponse)
def list_groups() -> dict[str, Any]:
    """The groups with a product on sale, and their products."""
    catalog = view_catalog(g.tenant_id)
    catalog_replies.set_state(catalog.state)
    return {"groups": catalog.groups}


@blueprint.get("/<group_id>", name="getProductGroup")
@blueprint.raises(ProductGroupNotFound)
@blueprint.replies(ProductGroupResponse)
def show_group(group_id: str) -> ProductGroupView:
    """One group, and its products on sale."""
    catalog = view_catalog(g.tenant_id)
    group = catalog.get_group(group_id)
    catalog_replies.set_state(catalog.state, stock=[product.in_stock for product in group.products])
    return group


blueprint.after_request(catalog_replies.add_etag)
