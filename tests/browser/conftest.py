"""A browser, and the application served to it over HTTP."""

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, sync_playwright
from werkzeug.serving import make_server

from tests.browser.violations import list_violations, watch

#: Names of the executable on Debian, Ubuntu and in Google's packages.
_NAMES = ("chromium", "chromium-browser", "google-chrome")


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
    executable = next((found for name in _NAMES if (found := shutil.which(name))), None)
    assert executable, "There is no Chromium: on Debian and Ubuntu, as root: apt-get install chromium"
    with sync_playwright() as playwright:
        # Chromium's sandbox needs privileges that containers rarely have; only our own pages are opened.
        running = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        watch(running)
        yield running
        running.close()


@pytest.fixture(autouse=True)
def no_violations(browser: Browser) -> Iterator[None]:
    """Fail a test in which a page broke its security policy, a script failed, or Stripe.js was used wrongly."""
    violations = list_violations(browser)
    violations.clear()
    yield
    assert violations == []


@pytest.fixture(params=[("phone", 360, 740), ("desktop", 1280, 800)], ids=lambda each: each[0])
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A window without JavaScript, of the size of a phone or a desktop screen."""
    _, width, height = request.param
    context = browser.new_context(
        viewport={"width": width, "height": height},
        java_script_enabled=False,
        accept_downloads=True,
        locale="fr-FR",
    )
    yield context.new_page()
    context.close()


@pytest.fixture
def look(page: Page, request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Save a screenshot of the page, if LUMIRA_SCREENSHOTS names a folder."""

    def take(name: str) -> None:
        folder = os.environ.get("LUMIRA_SCREENSHOTS")
        if folder:
            size = request.node.callspec.id
            page.screenshot(path=str(Path(folder) / f"{name}-{size}.png"), full_page=True)

    return take
