"""`/api/products`: the catalog, and opening a payment for a product."""

from typing import Any

from flask import g, request
from werkzeug.routing import BaseConverter

from lumira.blueprints.http import catalog_replies
from lumira.blueprints.http.checkout_origin import with_origin
from lumira.blueprints.http.checkout_quotas import limited_checkout
from lumira.blueprints.http.error_catalog import ERRORS_OF_GOODS
from lumira.blueprints.http.examples import PAYMENT_OPENED
from lumira.blueprints.http.idempotent_requests import (
    IDEMPOTENCY_KEY,
    idempotent_call,
    replying,
)
from lumira.blueprints.http.routing import ApiBlueprint
from lumira.blueprints.http.stripe_calls import calls_stripe
from lumira.domain.commands import CheckoutCommand
from lumira.errors.catalog import ProductNotFound
from lumira.schemas.payment_intents import (
    CreatePaymentIntentRequest,
    CreatePaymentIntentResponse,
)
from lumira.schemas.products import ProductResponse, ProductsResponse
from lumira.services.catalog.view_catalog import ProductView, view_catalog
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
    catalog_replies.set_state(catalog.state)
    return {"products": catalog.products}


@blueprint.get("/<product:product_id>", name="getProduct")
@blueprint.raises(ProductNotFound)
@blueprint.replies(ProductResponse)
def show_product(product_id: str) -> ProductView:
    """One product on sale."""
    catalog = view_catalog(g.tenant_id)
    product = catalog.get_product(product_id)
    catalog_replies.set_state(catalog.state, stock=product.in_stock)
    return product


@blueprint.post("/create-payment-intent", name="createProductPaymentIntent", parameters=[IDEMPOTENCY_KEY])
@blueprint.raises(ProductNotFound, *ERRORS_OF_GOODS)
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


blueprint.after_request(catalog_replies.add_etag)
