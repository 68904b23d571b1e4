"""Payouts exclude no one, on a phone and a desktop screen."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page
from sqlalchemy import update

from lumira.database import atomic, db
from lumira.models import Payment
from tests.browser.accessibility import serious_findings
from tests.browser.test_dashboard_orders import enter
from tests.browser.windows import DESKTOP, PHONE, Window, fits
from tests.support.factories import Brand
from tests.support.payouts import pay_out, read, sell

pytestmark = pytest.mark.usefixtures("app_context")


@pytest.mark.parametrize("window", [PHONE, DESKTOP.in_english()], ids=str)
def test_payouts_exclude_no_one(
    open_window: Callable[[Window], Page], window: Window, served: str, tenant: Brand
) -> None:
    page = enter(open_window(window), served, tenant)
    page.goto(f"{served}/dashboard/{tenant.slug}/payouts")
    assert serious_findings(page) == []
    assert fits(page)
    number = sell(tenant)
    with atomic(tenant.id):
        db.session.execute(update(Payment).where(Payment.tenant_id == tenant.id).values(amount_received=4800))
    payout_id = pay_out(tenant)
    read(tenant)
    for path in ("payouts", f"payouts/{payout_id}", f"orders/{number}"):
        page.goto(f"{served}/dashboard/{tenant.slug}/{path}")
        assert serious_findings(page) == [], path
        assert fits(page), path
