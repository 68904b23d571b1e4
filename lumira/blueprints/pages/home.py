"""`/`: leads a tenant's domain to its shop; in development an index of what runs."""

from http import HTTPStatus

from flask import Blueprint, Response, abort, current_app, request

from config.settings import Settings
from lumira import tenancy
from lumira.blueprints.pages.replies import page, page_context
from lumira.pages import checkout
from lumira.services.tenants.list_shops import list_shops

blueprint = Blueprint("home", __name__)


@blueprint.get("/")
def show() -> Response:
    """The shop of the domain; elsewhere the index of a development installation, and nothing in production."""
    settings: Settings = current_app.extensions["lumira"]
    if tenancy.find_by_domain(tenancy.host_name(request.host)) is not None:
        return Response(status=HTTPStatus.SEE_OTHER, headers={"Location": "/checkout"})
    if not settings.is_development:
        abort(HTTPStatus.NOT_FOUND)
    context = page_context(None)
    return page(checkout.index(context, list_shops(), sandbox=settings.stripe_api_base), context)
