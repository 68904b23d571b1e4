"""Disputes, withdrawals, errors and the audit log exclude no one, on a phone and a desktop screen."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from lumira.database import atomic
from lumira.repositories.audit import audit
from lumira.services.audit.seal_entries import seal_all
from tests.browser.accessibility import serious_findings
from tests.browser.test_dashboard_orders import enter
from tests.browser.windows import DESKTOP, PHONE, Window, fits
from tests.support import program_errors, refunds
from tests.support.factories import Brand

pytestmark = pytest.mark.usefixtures("app_context")

#: What a stranger may write, longer than a line.
EVIL = '"><img src=x onerror=alert(1)>' + "x" * 120


@pytest.mark.parametrize("window", [PHONE, DESKTOP.in_english()], ids=str)
def test_disputes_withdrawals_and_audit_exclude_no_one(
    open_window: Callable[[Window], Page], window: Window, served: str, tenant: Brand
) -> None:
    page = enter(open_window(window), served, tenant)
    shown = (
        "disputes",
        "disputes?state=closed",
        "withdrawals",
        "audit",
        "audit?action=nothing&from=x",
        "errors",
    )
    for path in shown:
        page.goto(f"{served}/dashboard/{tenant.slug}/{path}")
        assert serious_findings(page) == [], path
        assert fits(page), path
    dispute = refunds.disputed(tenant, refunds.pay(tenant, customer_name=EVIL))
    refunds.deliver_events(tenant)
    shown += (f"disputes/{dispute['id']}",)
    with atomic(tenant.id):
        audit.record(tenant.id, actor=EVIL, action="tested", subject=EVIL, reason=EVIL)
    seal_all(tenant.id)
    program_errors.add(tenant, place=EVIL, message=EVIL, traceback=EVIL, error_type=EVIL.replace(" ", ""))
    for path in shown:
        page.goto(f"{served}/dashboard/{tenant.slug}/{path}")
        page.evaluate("document.querySelectorAll('main details').forEach(each => each.open = true)")
        assert serious_findings(page) == [], path
        assert fits(page), path
        assert page.locator("img[onerror]").count() == 0
    page.goto(f"{served}/dashboard/{tenant.slug}/audit")
    page.locator("main form[method=post] button").click()
    expect(page.get_by_text("flask audit verify")).to_have_count(2)
    assert fits(page)
