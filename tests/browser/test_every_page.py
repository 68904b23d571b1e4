"""What holds for every page: it can be used by everyone, fits every window, is small, and asks no foreign host."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from flask import Flask
from playwright.sync_api import Page
from werkzeug.serving import make_server

from config.settings import Settings
from lumira import create_app
from lumira.database import atomic, db
from lumira.repositories.tenants import tenants
from lumira.sandbox.server import SandboxServer
from tests.browser.accessibility import serious_findings
from tests.browser.every_page import Pages, make_pages
from tests.browser.windows import DESKTOP, LARGEST_PAGE, PHONE, SMALLEST, Window, fits, weight

#: Both sizes in both languages.
_READ = [each for size in (PHONE, DESKTOP) for each in (size, size.in_english())]


@pytest.fixture(scope="module")
def pages(app: Flask, sandbox: SandboxServer) -> Pages:
    with app.app_context():
        return make_pages(app, sandbox.url)


@pytest.mark.parametrize("window", _READ, ids=str)
def test_no_page_excludes_anyone_and_each_fits(
    open_window: Callable[[Window], Page], window: Window, served: str, pages: Pages
) -> None:
    page = open_window(window)
    found = {
        name: serious_findings(page) if fits(page) else ["does not fit"] for name in pages.visit(page, served)
    }
    assert {name: findings for name, findings in found.items() if findings} == {}


@pytest.mark.parametrize(
    "window", [SMALLEST, PHONE.without_javascript(), DESKTOP.without_javascript()], ids=str
)
def test_every_page_fits_the_smallest_window_and_one_without_javascript(
    open_window: Callable[[Window], Page], window: Window, served: str, pages: Pages
) -> None:
    page = open_window(window)
    assert [name for name in pages.visit(page, served) if not fits(page)] == []


def test_every_page_is_small(open_window: Callable[[Window], Page], served: str, pages: Pages) -> None:
    page = open_window(PHONE)
    # With a route the browser caches nothing: each page comes with its style.
    page.route("**/*", lambda route: route.continue_())
    weights = {name: weight(page) for name in pages.visit(page, served)}
    assert min(weights.values()) > 5_000
    assert {name: size for name, size in weights.items() if size > LARGEST_PAGE} == {}


@pytest.fixture(scope="module")
def development(settings: Settings) -> Iterator[str]:
    """The URL of the same installation in development, which has an index."""
    app = create_app(replace(settings, environment="development"))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
    with app.app_context():
        for engine in db.engines.values():
            engine.dispose()
    # Restore the settings of the process for the other tests.
    create_app(settings, serves_http=False)


@pytest.mark.parametrize("window", _READ, ids=str)
def test_the_index_of_a_development_installation_excludes_no_one(
    open_window: Callable[[Window], Page], window: Window, development: str, pages: Pages
) -> None:
    with atomic(pages.brand.id):
        # The index lists every shop: one with a long word in its name must not widen it.
        tenants.get(pages.brand.id).name = "Accompagnementindividuel" * 3
    page = open_window(window)
    page.goto(development)
    assert serious_findings(page) == []
    assert fits(page)
