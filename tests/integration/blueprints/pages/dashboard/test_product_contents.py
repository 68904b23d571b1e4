"""Owners upload the files that every buyer of a product gets."""

import io

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from lumira.models import Role
from tests.support import files, refunds
from tests.support.dashboard import OperatorBrowser, make_operator, sign_in
from tests.support.factories import Brand
from tests.support.portal_pages import path_of
from tests.support.storage import kept_in

pytestmark = pytest.mark.usefixtures("app_context")


@pytest.fixture
def browser(app: Flask, tenant: Brand) -> OperatorBrowser:
    files.contain(tenant, "mystique", "carte", "guide")
    return sign_in(app, make_operator(tenant))


def product(brand: Brand) -> str:
    return f"/dashboard/{brand.slug}/catalog/mystique"


def content(brand: Brand) -> str:
    return f"{product(brand)}/contents/carte"


def upload(
    browser: OperatorBrowser, brand: Brand, data: bytes = files.PDF, name: str = "carte.pdf"
) -> TestResponse:
    return browser.submit(content(brand), file=(io.BytesIO(data), name))


def test_an_uploaded_file_is_downloaded_by_buyers_until_it_is_removed(browser, tenant, client) -> None:
    refunds.pay(tenant)
    assert "No file yet." in browser.get(product(tenant)).text
    assert upload(browser, tenant).headers["Location"] == product(tenant)
    page = browser.get(product(tenant)).text
    assert "The file is in place: buyers get it." in page
    assert f'href="{content(tenant)}"' in page
    assert browser.get(content(tenant)).data == files.PDF
    assert "carte.pdf" in client.get(path_of(tenant)).text
    upload(browser, tenant)
    assert "in place already" in browser.get(product(tenant)).text

    upload(browser, tenant, files.PDF + b"new", "carte-2.pdf")
    assert browser.get(content(tenant)).data == files.PDF + b"new"
    browser.submit(f"{content(tenant)}/remove")
    assert "can no longer download" in browser.get(product(tenant)).text
    assert "carte-2.pdf" not in client.get(path_of(tenant)).text
    assert browser.get(content(tenant)).status_code == 404
    actors = {
        entry.actor
        for action in ("content_uploaded", "content_removed")
        for entry in files.audited(tenant, action)
    }
    assert actors == {browser.operator.actor}


@pytest.mark.parametrize(
    ("data", "name", "text"),
    [
        (b"<script>", "a.html", "This file is not accepted"),
        (files.PNG, "a.png", "This file is not accepted"),
        (files.PDF, "", "Choose a file first."),
    ],
    ids=("html", "another kind", "no file"),
)
def test_a_file_that_does_not_fit_is_explained(browser, tenant, data, name, text) -> None:
    upload(browser, tenant, data, name)
    assert text in browser.get(product(tenant)).text
    assert browser.get(content(tenant)).status_code == 404


def test_a_file_that_is_too_large_is_refused_and_the_one_in_place_stays(browser, tenant, tmp_path) -> None:
    with kept_in(tmp_path, max_bytes=len(files.PDF)):
        upload(browser, tenant)
        reply = upload(browser, tenant, files.PDF + b"x")
        assert reply.headers["Location"] == product(tenant)
        assert "too large: choose a smaller one" in browser.get(product(tenant)).text
        # So long that the rest of the form is not read.
        reply = upload(browser, tenant, files.PDF + b"x" * 100_000)
        assert reply.status_code == 413
        assert "This file is too large" in reply.text
        assert browser.get(content(tenant)).data == files.PDF


def test_a_viewer_downloads_only_and_another_team_finds_nothing(app, browser, tenant, other_tenant) -> None:
    upload(browser, tenant)
    viewer = sign_in(app, make_operator(tenant, Role.VIEWER))
    assert viewer.get(content(tenant)).data == files.PDF
    for path in (content(tenant), f"{content(tenant)}/remove"):
        assert viewer.submit(path).status_code == 403
    stranger = sign_in(app, make_operator(other_tenant))
    assert stranger.get(content(tenant)).status_code == 404
    assert stranger.get(content(other_tenant)).status_code == 404
    assert stranger.submit(f"{content(other_tenant)}/remove").status_code == 404
    assert browser.get(content(tenant)).data == files.PDF
