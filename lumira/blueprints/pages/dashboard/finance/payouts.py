"""Payouts of a shop: what Stripe transferred to the bank account, from which orders, and what does not match."""

from zoneinfo import ZoneInfo

from flask import Response, request

from lumira.blueprints.http.references import checked_name
from lumira.blueprints.pages.dashboard import visit
from lumira.blueprints.pages.dashboard.paging import AFTER, pager
from lumira.blueprints.pages.dashboard.replies import csv_file, language, page
from lumira.blueprints.pages.dashboard.routing import dashboard
from lumira.domain.operators import Role
from lumira.pages.dashboard.payout_page import MOST_LINES, PayoutPage, state_of
from lumira.services.payouts.export_payout import export_payout
from lumira.services.payouts.view_payouts import list_payouts, view_payout


@dashboard.page("/payouts", may=Role.VIEWER)
def show() -> Response:
    """The payouts, the last arrival first, and whether each matches the orders."""
    after = request.args.get(AFTER)
    found = list_payouts(visit.shop().tenant_id, after=None if after is None else checked_name(after))
    path = f"{visit.shop().path}/payouts"
    return page(
        "payouts.html.jinja",
        found=found.payouts,
        state=lambda payout: state_of(payout, language()),
        path=path,
        pager=pager(path, {}, found.next),
    )


@dashboard.page("/payouts/<payout_id>", may=Role.VIEWER)
def show_payout(payout_id: str) -> Response:
    """One payout with its lines, and what does not match."""
    shop = visit.shop()
    view = view_payout(shop.tenant_id, checked_name(payout_id))
    path = f"{shop.path}/payouts"
    return page(
        "payout.html.jinja",
        shown=PayoutPage(view, language(), ZoneInfo(shop.time_zone)),
        state=lambda payout: state_of(payout, language()),
        most=MOST_LINES,
        path=path,
    )


@dashboard.page("/payouts/<payout_id>/lines.csv", may=Role.VIEWER, download=True)
def export(payout_id: str) -> Response:
    """The lines of one payout as CSV."""
    parts = export_payout(visit.shop().tenant_id, checked_name(payout_id), language())
    return csv_file(parts, f"payout-{payout_id}")
