"""Owners replace an API key, and see what the check of the installation found, in every window and language."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from lumira.models import Language, Role
from tests.browser.accessibility import serious_findings
from tests.browser.test_dashboard_navigation import enter
from tests.browser.windows import DESKTOP, PHONE, Window, fits
from tests.support.factories import Brand

pytestmark = pytest.mark.usefixtures("app_context")


def replace(page: Page, served: str, brand: Brand) -> None:
    """Open the form that replaces the secret key, and send it."""
    page.goto(f"{served}/dashboard/{brand.slug}/keys")
    row = page.locator("tr", has_text=brand.secret_key[7:23])
    row.locator("summary").first.click()
    assert fits(page)
    row.locator("form button").first.click()
    expect(page.locator("code.user-select-all")).to_have_text(re.compile(r"^lum_sk_[0-9a-f]{16}"))
    # A key that is replaced cannot be replaced again, and can still be revoked.
    expect(row.locator("form")).to_have_count(1)
    assert fits(page)


def check(page: Page, served: str, brand: Brand) -> None:
    """Check the installation."""
    page.goto(f"{served}/dashboard/{brand.slug}/set-up")
    page.locator("main form button[type=submit]").first.click()
    expect(page.locator("main tbody tr").first).to_be_visible()
    assert fits(page)


def test_an_owner_replaces_a_key_and_checks_the_installation(
    page: Page, served: str, tenant: Brand, look
) -> None:
    enter(page, served, tenant, Role.OWNER, Language.FRENCH)
    replace(page, served, tenant)
    look("dashboard-key-replaced")
    check(page, served, tenant)
    look("dashboard-set-up-checked")


@pytest.mark.parametrize("window", [PHONE, DESKTOP], ids=str)
def test_neither_page_excludes_anyone(
    open_window: Callable[[Window], Page], window: Window, served: str, tenant: Brand
) -> None:
    page = open_window(window)
    enter(page, served, tenant, Role.OWNER, Language.ENGLISH)
    for act in (replace, check):
        act(page, served, tenant)
        assert serious_findings(page) == []
