"""`/api/access`: the access of one customer."""

from flask import g

from lumira.blueprints.http.routing import ApiBlueprint
from lumira.domain.commands import AccessFilter
from lumira.schemas.access import AccessQuery, AccessResponse
from lumira.services.access.view_access import AccessView, view_access

blueprint = ApiBlueprint("access", __name__, url_prefix="/api/access", description="Access")


@blueprint.get("", name="getAccess")
@blueprint.query(AccessQuery)
@blueprint.replies(AccessResponse)
def show_access(access_filter: AccessFilter) -> AccessView:
    """Live and past grants of one customer; for one product or level also whether it is accessible now."""
    return view_access(
        g.tenant_id,
        customer_email=access_filter.customer_email,
        product_id=access_filter.product_id,
        level=access_filter.level,
    )
