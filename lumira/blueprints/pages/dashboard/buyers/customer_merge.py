"""The merge of two customers: what would move is shown before anything is changed."""

from http import HTTPStatus
from uuid import UUID

from flask import Response, request

from lumira.blueprints.pages.dashboard import visit
from lumira.blueprints.pages.dashboard.buyers.customer import path_of, refusal
from lumira.blueprints.pages.dashboard.paging import sent_in_form
from lumira.blueprints.pages.dashboard.replies import done, language, page
from lumira.blueprints.pages.dashboard.routing import dashboard
from lumira.domain.operators import Role
from lumira.domain.order_search import MAX_LENGTH
from lumira.errors import LumiraError
from lumira.pages.dashboard.rendering import explain
from lumira.services.customers.merge_customers import merge_customers
from lumira.services.customers.preview_merge import preview_merge
from lumira.services.customers.view_customers import view_customer


@dashboard.page("/customers/<uuid:customer_id>/merge", may=Role.OWNER)
def show(customer_id: UUID) -> Response:
    """What merging this customer into the one of `into` would move."""
    into = request.args.get("into", "").replace("\x00", "").strip()[:MAX_LENGTH]
    tenant_id = visit.shop().tenant_id
    source = view_customer(tenant_id, str(customer_id)).customer
    preview, refused = None, None
    if into:
        try:
            preview = preview_merge(tenant_id, source.id, into)
        except LumiraError as error:
            refused = explain(error, language())
    return page(
        "customer_merge.html.jinja",
        HTTPStatus.OK if refused is None else HTTPStatus.BAD_REQUEST,
        source=source,
        preview=preview,
        refused=refused,
        into=into,
        path=path_of(customer_id),
    )


@dashboard.page("/customers/<uuid:customer_id>/merge", may=Role.OWNER, methods=["POST"], recent=True)
def merge(customer_id: UUID) -> Response:
    """Merge this customer into the one that the preview has shown."""
    tenant_id, actor = visit.shop().tenant_id, visit.operator().actor
    try:
        # Read by the preview's own rule: by id, because an address may have got another owner meanwhile.
        target = preview_merge(tenant_id, customer_id, sent_in_form("target")).target
        merged = merge_customers(tenant_id, customer_id, target.id, actor=actor)
    except LumiraError as error:
        return refusal(error, to=path_of(customer_id))
    return done(
        "customer.merged", to=path_of(target.id), email=merged.customer.email, orders=str(merged.orders)
    )
