"""`/api/products`: what a tenant sells, and opening a payment for it."""

import hashlib
from collections.abc import Iterable
from typing import Any

from flask import Response, g, request
from werkzeug.routing import BaseConverter

import lumira
from lumira.blueprints.http.checkout_origin import with_origin
from lumira.blueprints.http.examples import PAYMENT_OPENED
from lumira.blueprints.http.idempotent_requests import (
    IDEMPOTENCY_KEY,
    idempotent_call,
    limited_by_email,
    replying,
)
from lumira.blueprints.http.routing import ApiBlueprint
from lumira.domain.commands import CheckoutCommand
from lumira.schemas.payment_intents import (
    CreatePaymentIntentRequest,
    CreatePaymentIntentResponse,
)
from lumira.schemas.products import ProductResponse, ProductsResponse
from lumira.services.catalog.view_catalog import Catalog, ProductView, view_catalog
from lumira.services.checkout.create_payment_intent import create_payment_intent

blueprint = ApiBlueprint("products", __name__, url_prefix="/api/products", description="The catalog")


class ProductIdConverter(BaseConverter):
    """An id in the path, but not a word that has a route of its own there: that answers 405 to a GET."""

    regex = r"(?!(?:webhook|create-payment-intent)\Z)[^/]+"
    part_isolating = True


@blueprint.get("")
@blueprint.replies(ProductsResponse)
def list_products() -> dict[str, Any]:
    """Everything on sale, in the order of the catalog."""
    catalog = view_catalog(g.tenant_id)
    _remember_as_shown(catalog, catalog.products)
    return {"products": catalog.products}


@blueprint.get("/<product:product_id>")
@blueprint.replies(ProductResponse)
def show_product(product_id: str) -> ProductView:
    """One product on sale."""
    catalog = view_catalog(g.tenant_id)
    product = catalog.get_product(product_id)
    _remember_as_shown(catalog, [product])
    return product


@blueprint.post("/create-payment-intent", parameters=[IDEMPOTENCY_KEY])
@blueprint.body(
    CreatePaymentIntentRequest, example={"productId": "mystique", "customerEmail": "buyer@example.com"}
)
@blueprint.replies(CreatePaymentIntentResponse, example=PAYMENT_OPENED)
@limited_by_email
def create(command: CheckoutCommand) -> Any:
    """Open a payment for a product; a free order completes at once."""
    command = with_origin(command, request, source="products")
    reply = create_payment_intent(g.tenant_id, call=idempotent_call(request), command=command)
    return replying(reply)


def _remember_as_shown(catalog: Catalog, products: Iterable[ProductView]) -> None:
    """All that the reply depends on: the catalog's version, and what changes without a new one."""
    g.catalog_shown = f"{catalog.version} {[product.in_stock for product in products]}"


def _let_it_be_kept(response: Response) -> Response:
    """Let browsers keep a page of the catalog, as long as they ask whether it still holds."""
    if "catalog_shown" in g and response.status_code == 200:  # noqa: PLR2004 - OK
        # With the code's version, because a new one may show the same catalog differently.
        shown = f"{lumira.__version__} {g.tenant_id} {g.catalog_shown} {request.path}"
        response.set_etag(hashlib.sha256(shown.encode()).hexdigest()[:32])
        response.headers["Cache-Control"] = "private, no-cache"
        response.vary.update(("Authorization", "Host"))
        response.make_conditional(request)
    return response


blueprint.after_request(_let_it_be_kept)
