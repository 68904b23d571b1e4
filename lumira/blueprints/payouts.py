"""`/api/payouts`: what Stripe transfers to the tenant's bank account."""

from typing import Any

from flask import g

from lumira.blueprints.http.references import checked_name
from lumira.blueprints.http.routing import ApiBlueprint
from lumira.errors import NotFound
from lumira.schemas.payouts import PayoutsQuery, PayoutsResponse, WholePayoutResponse
from lumira.services.payouts import view_payouts
from lumira.services.payouts.view_payouts import PayoutPage, PayoutView

blueprint = ApiBlueprint("payouts", __name__, url_prefix="/api/payouts", description="Payouts")


@blueprint.get("", name="listPayouts")
@blueprint.query(PayoutsQuery)
@blueprint.raises(NotFound)
@blueprint.replies(PayoutsResponse)
def list_payouts(query: dict[str, Any]) -> PayoutPage:
    """Payouts, the last arrival first, in pages, and whether each matches the orders."""
    return view_payouts.list_payouts(g.tenant_id, after=query["cursor"], limit=query["limit"])


@blueprint.get("/<payout_id>", name="getPayout")
@blueprint.raises(NotFound)
@blueprint.replies(WholePayoutResponse)
def show_payout(payout_id: str) -> PayoutView:
    """One payout with its lines: what each payment, refund and dispute added to it, and Stripe's fee."""
    return view_payouts.view_payout(g.tenant_id, checked_name(payout_id))
