"""`/api/access`: the access of one customer."""

from flask import g

from lumira.blueprints.http.routing import ApiBlueprint
from lumira.schemas.access import AccessFilter, AccessQuery, AccessResponse
from lumira.services.access.view_access import AccessView, view_access

blueprint = ApiBlueprint("access", __name__, url_prefix="/api/access", description="Access")


@blueprint.get("")
@blueprint.query(AccessQuery)
@blueprint.replies(AccessResponse)
def show_access(query: AccessFilter) -> AccessView:
    """Live and past grants of one customer; for one product or level also whether it is accessible now."""
    return view_access(
        g.tenant_id,
        customer_email=query.customer_email,
        product_id=query.product_id,
        level=query.level,
    )
