"""A browser, and the application served to it over HTTP."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, sync_playwright
from werkzeug.serving import make_server

from tests.browser.violations import list_violations, watch
from tests.browser.windows import DESKTOP, PHONE, Window, chromium, opened


@pytest.fixture(scope="session")
def served(app: Flask) -> Iterator[str]:
    """The URL of the application."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


# Not longer than a module: while it runs, so does an event loop, and other tests in this process start their own.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright, chromium(playwright) as running:
        watch(running)
        yield running


@pytest.fixture(autouse=True)
def no_violations(browser: Browser) -> Iterator[None]:
    """Fail a test in which a page broke its security policy, a script failed, or Stripe.js was used wrongly."""
    violations = list_violations(browser)
    violations.clear()
    yield
    assert violations == []


@pytest.fixture
def open_window(browser: Browser) -> Iterator[Callable[[Window], Page]]:
    """Return a function that opens a window. The test fails if a page in one sent a request to a foreign host."""
    with ExitStack() as stack:
        yield lambda window: stack.enter_context(opened(browser, window))


@pytest.fixture(params=[PHONE.without_javascript(), DESKTOP], ids=str)
def page(open_window: Callable[[Window], Page], request: pytest.FixtureRequest) -> Page:
    """A window of a phone without JavaScript, and one of a desktop screen with it."""
    return open_window(request.param)


@pytest.fixture
def look(page: Page, request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Save a screenshot of the page, if LUMIRA_SCREENSHOTS names a folder."""

    def take(name: str) -> None:
        folder = os.environ.get("LUMIRA_SCREENSHOTS")
        if folder:
            size = request.node.callspec.id
            page.screenshot(path=str(Path(folder) / f"{name}-{size}.png"), full_page=True)

    return take
