"""Errors of the program at a shop: its owners see its own, with count, times and traceback, and no value."""

import re
from datetime import timedelta

import pytest

from lumira.models import Language, Role
from lumira.pages.dashboard.texts import TEXTS
from tests.support.dashboard import make_operator, sign_in
from tests.support.factories import Brand
from tests.support.program_errors import OCCURRED_AT, add, reported, surprise

pytestmark = pytest.mark.usefixtures("app_context")


def list_of(brand: Brand) -> str:
    return f"/dashboard/{brand.slug}/errors"


@pytest.fixture
def occurred(tenant: Brand) -> None:
    """An error that occurred 1,234 times."""
    report = reported(surprise)
    add(
        tenant,
        id=report.id,
        error_type=report.error_type,
        message=report.message,
        traceback=report.traceback,
        place="POST /api/products/create-payment-intent",
        occurrences=1234,
        last_request_id="of-the-client",
    )


def test_without_an_error_the_page_says_what_will_appear(app, tenant) -> None:
    for language in Language:
        owner = sign_in(app, make_operator(tenant, Role.OWNER, language=language))
        words = TEXTS[language]["program_errors"]
        assert words["none_hint"] in owner.get(list_of(tenant)).text
        assert words["none_resolved_hint"] in owner.get(f"{list_of(tenant)}?state=resolved").text


@pytest.mark.usefixtures("occurred")
def test_an_error_shows_where_how_often_and_its_traceback_without_values(browser, tenant) -> None:
    page = browser.get(list_of(tenant)).text
    assert "POST /api/products/create-payment-intent" in page
    assert "Occurred 1,234 times" in page
    assert "of-the-client" in page
    assert "raise Surprise(MESSAGE)" in page
    assert "Martin" not in page
    assert "51AbCdEfGhIjKl" not in page


@pytest.mark.usefixtures("occurred")
def test_another_shops_owner_sees_nothing_of_it(app, other_tenant) -> None:
    owner = sign_in(app, make_operator(other_tenant, Role.OWNER))
    assert "Surprise" not in owner.get(list_of(other_tenant)).text


def test_a_resolved_error_is_on_its_own_list(browser, tenant) -> None:
    add(tenant, place="job of-yesterday", resolved_at=OCCURRED_AT)
    assert "of-yesterday" not in browser.get(list_of(tenant)).text
    assert "of-yesterday" in browser.get(f"{list_of(tenant)}?state=resolved").text


def test_a_long_message_and_markup_are_shown_as_text(browser, tenant) -> None:
    add(tenant, message="<script>alert(1)</script>" + "x" * 400, traceback="  File <stdin>, line 1")
    page = browser.get(list_of(tenant)).text
    assert "<script>alert(1)" not in page
    assert "&lt;stdin&gt;" in page


def test_many_errors_are_paged_without_a_gap(browser, tenant) -> None:
    for number in range(120):
        # Some at the same time.
        add(tenant, place=f"job no-{number:03d}", last_at=OCCURRED_AT + timedelta(seconds=number // 3))
    seen: list[str] = []
    path: str | None = list_of(tenant)
    while path is not None:
        page = browser.get(path).text
        seen += re.findall(r"job (no-\d{3})", page)
        following = re.search(r'href="([^"]*after=[^"]*)"', page)
        path = following[1].replace("&amp;", "&") if following else None
    assert sorted(seen) == [f"no-{number:03d}" for number in range(120)]
