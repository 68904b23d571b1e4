"""`/api/products`: the catalog, and opening a payment for a product."""

import hashlib
from collections.abc import Iterable
from typing import Any

from flask import Response, g, request
from werkzeug.routing import BaseConverter

import lumira
from lumira.blueprints.http.checkout_origin import with_origin
from lumira.blueprints.http.checkout_quotas import limited_checkout
from lumira.blueprints.http.error_catalog import ERRORS_OF_SALES
from lumira.blueprints.http.examples import PAYMENT_OPENED
from lumira.blueprints.http.idempotent_requests import (
    IDEMPOTENCY_KEY,
    idempotent_call,
    replying,
)
from lumira.blueprints.http.routing import ApiBlueprint
from lumira.blueprints.http.stripe_calls import calls_stripe
from lumira.domain.commands import CheckoutCommand
from lumira.errors import ProductNotFound
from lumira.schemas.payment_intents import (
    CreatePaymentIntentRequest,
    CreatePaymentIntentResponse,
)
from lumira.schemas.products import ProductResponse, ProductsResponse
from lumira.services.catalog.view_catalog import Catalog, ProductView, view_catalog
from lumira.services.checkout.create_payment_intent import create_payment_intent

blueprint = ApiBlueprint("products", __name__, url_prefix="/api/products", description="The catalog")


class ProductIdConverter(BaseConverter):
    """A product id in the path. The names of other routes are excluded, so a GET for them gets a 405."""

    regex = r"(?!(?:webhook|create-payment-intent)\Z)[^/]+"
    part_isolating = True


@blueprint.get("", name="listProducts")
@blueprint.replies(ProductsResponse)
def list_products() -> dict[str, Any]:
    """The products on sale, in the order of the catalog."""
    catalog = view_catalog(g.tenant_id)
    _set_version(catalog, catalog.products)
    return {"products": catalog.products}


@blueprint.get("/<product:product_id>", name="getProduct")
@blueprint.raises(ProductNotFound)
@blueprint.replies(ProductResponse)
def show_product(product_id: str) -> ProductView:
    """One product on sale."""
    catalog = view_catalog(g.tenant_id)
    product = catalog.get_product(product_id)
    _set_version(catalog, [product])
    return product


@blueprint.post("/create-payment-intent", name="createProductPaymentIntent", parameters=[IDEMPOTENCY_KEY])
@blueprint.raises(ProductNotFound, *ERRORS_OF_SALES)
@calls_stripe
@blueprint.body(
    CreatePaymentIntentRequest, example={"productId": "mystique", "customerEmail": "buyer@example.com"}
)
@blueprint.replies(CreatePaymentIntentResponse, example=PAYMENT_OPENED)
@limited_checkout
def create(command: CheckoutCommand) -> Any:
    """Open a payment for a product; a free order completes at once."""
    command = with_origin(command, request, source="products")
    reply = create_payment_intent(g.tenant_id, call=idempotent_call(request), command=command)
    return replying(reply)


def _set_version(catalog: Catalog, products: Iterable[ProductView]) -> None:
    """Record what the reply depends on: the catalog's version, and the stock, which changes without a new version."""
    g.catalog_version = f"{catalog.version} {[product.in_stock for product in products]}"


def _add_etag(response: Response) -> Response:
    """Let callers cache a catalog reply and revalidate it with its ETag."""
    if "catalog_version" in g and response.status_code == 200:  # noqa: PLR2004 - OK
        # The code's version is part of it, because new code may render the same catalog differently.
        version = f"{lumira.__version__} {g.tenant_id} {g.catalog_version} {request.path}"
        response.set_etag(hashlib.sha256(version.encode()).hexdigest()[:32])
        response.headers["Cache-Control"] = "private, no-cache"
        response.vary.update(("Authorization", "Host"))
        response.make_conditional(request)
    return response


blueprint.after_request(_add_etag)
