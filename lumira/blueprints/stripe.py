"""`/api/stripe`: what a brand's page needs to sell its levels."""

from typing import Any

from flask import g

from lumira.blueprints.http.checkout import EXAMPLE_OPENED, IDEMPOTENCY_KEY, open_sale
from lumira.blueprints.http.idempotent_requests import limited_by_email
from lumira.blueprints.http.routing import ApiBlueprint
from lumira.schemas.payment_intents import LevelSaleRequest, PaymentOpenedResponse, SaleRequest
from lumira.schemas.products import LevelsResponse, ShopConfigResponse
from lumira.services.catalog.view_catalog import ShopConfig, view_catalog, view_shop_config

blueprint = ApiBlueprint("stripe", __name__, url_prefix="/api/stripe", description="Levels")


@blueprint.get("/config")
@blueprint.replies(ShopConfigResponse)
def show_config() -> ShopConfig:
    """What Stripe.js is started with."""
    return view_shop_config(g.tenant_id)


@blueprint.get("/levels")
@blueprint.replies(LevelsResponse)
def list_levels() -> dict[str, Any]:
    """The levels on sale, by number."""
    return {"levels": view_catalog(g.tenant_id).levels}


@blueprint.post("/create-payment-intent", parameters=[IDEMPOTENCY_KEY])
@blueprint.body(LevelSaleRequest, example={"level": 2, "customerEmail": "buyer@example.com"})
@blueprint.replies(PaymentOpenedResponse, example=EXAMPLE_OPENED)
@limited_by_email
def create_payment_intent(sale: SaleRequest) -> Any:
    """Open a payment for a level; a free one is given at once."""
    return open_sale(sale, source="stripe")
