"""`/api/stripe`: the configuration of Stripe.js, the levels, and opening a payment for a level."""

from typing import Any

from flask import g, request

from lumira.blueprints.http import catalog_replies
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
from lumira.errors.catalog import LevelNotFound
from lumira.errors.stripe import StripeConfigError
from lumira.schemas.payment_intents import (
    CreateLevelPaymentIntentRequest,
    CreatePaymentIntentResponse,
)
from lumira.schemas.products import LevelsResponse, ShopConfigResponse
from lumira.services.catalog.view_catalog import ShopConfig, view_catalog, view_shop_config
from lumira.services.checkout.create_payment_intent import create_payment_intent

blueprint = ApiBlueprint("stripe", __name__, url_prefix="/api/stripe", description="Levels")


@blueprint.get("/config", name="getStripeConfig")
@blueprint.raises(StripeConfigError)
@blueprint.replies(ShopConfigResponse)
def show_config() -> ShopConfig:
    """The publishable Stripe key and the currency, for Stripe.js."""
    return view_shop_config(g.tenant_id)


@blueprint.get("/levels", name="listLevels")
@blueprint.replies(LevelsResponse)
def list_levels() -> dict[str, Any]:
    """The levels on sale, by number."""
    catalog = view_catalog(g.tenant_id)
    catalog_replies.set_state(catalog.state)
    return {"levels": catalog.levels}


@blueprint.post("/create-payment-intent", name="createLevelPaymentIntent", parameters=[IDEMPOTENCY_KEY])
@blueprint.raises(LevelNotFound, *ERRORS_OF_SALES)
@calls_stripe
@blueprint.body(CreateLevelPaymentIntentRequest, example={"level": 2, "customerEmail": "buyer@example.com"})
@blueprint.replies(CreatePaymentIntentResponse, example=PAYMENT_OPENED)
@limited_checkout
def create(command: CheckoutCommand) -> Any:
    """Open a payment for a level; a free order completes at once."""
    command = with_origin(command, request, source="stripe")
    reply = create_payment_intent(g.tenant_id, call=idempotent_call(request), command=command)
    return replying(reply)


blueprint.after_request(catalog_replies.add_etag)
