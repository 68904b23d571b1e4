"""Windows of a browser, and what is checked of every page in one."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, Playwright

#: Names of the executable on Debian, Ubuntu and in Google's packages.
_NAMES = ("chromium", "chromium-browser", "google-chrome")

#: Hosts of the application, of the sandbox, and of the sites that tests serve.
_OWN_HOSTS = ("127.0.0.1", "localhost")
#: Bytes of HTML, CSS and JavaScript of one page; images come on top.
LARGEST_PAGE = 60_000


@dataclass(frozen=True)
class Window:
    """The size of a window in CSS pixels, its language, and whether pages may run scripts."""

    name: str
    width: int
    height: int
    javascript: bool = True
    locale: str = "fr-FR"

    def __str__(self) -> str:
        return f"{self.name}{'' if self.javascript else '-without-javascript'}-{self.locale[:2]}"

    def without_javascript(self) -> "Window":
        return replace(self, javascript=False)

    def in_english(self) -> "Window":
        return replace(self, locale="en-GB")


SMALLEST = Window("smallest", 320, 640)
PHONE = Window("phone", 390, 844)
DESKTOP = Window("desktop", 1280, 800)
#: Each size with and without scripts.
ALL = [each for size in (PHONE, DESKTOP) for each in (size, size.without_javascript())]


@contextmanager
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """A running browser."""
    executable = next((found for name in _NAMES if (found := shutil.which(name))), None)
    assert executable, "There is no Chromium: on Debian and Ubuntu, as root: apt-get install chromium"
    # Chromium's sandbox needs privileges that containers rarely have; only our own pages are opened. The page of a
    # shop, which a test replaces, counts as one of the internet that opens one of this machine.
    arguments = ["--no-sandbox", "--disable-features=LocalNetworkAccessChecks"]
    browser = playwright.chromium.launch(executable_path=executable, args=arguments)
    yield browser
    browser.close()


@contextmanager
def opened(browser: Browser, window: Window, *, hosts: tuple[str, ...] = ()) -> Iterator[Page]:
    """A page of an own context; at the end, no request may have gone to another host than ours and `hosts`."""
    context = browser.new_context(
        viewport={"width": window.width, "height": window.height},
        java_script_enabled=window.javascript,
        accept_downloads=True,
        locale=window.locale,
    )
    foreign: list[str] = []

    def note(url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.hostname not in (*_OWN_HOSTS, *hosts):
            foreign.append(url)

    context.on("request", lambda request: note(request.url))
    yield context.new_page()
    context.close()
    assert foreign == []


def fits(page: Page) -> bool:
    """Whether the page does not scroll horizontally, and nothing of it stands beside the window.

    A drawing shows nothing beside itself: it is judged as a whole.
    """
    page.wait_for_load_state()
    return bool(
        page.evaluate(
            """() => document.scrollingElement.scrollWidth <= innerWidth
              && [...document.querySelectorAll("body *:not(svg *)")].every(element => {
                const box = element.getBoundingClientRect();
                return box.right <= innerWidth + 1 && box.left >= -1;
              })"""
        )
    )


def weight(page: Page) -> int:
    """Bytes of the document, the styles and the scripts of the page, without its images."""
    return int(
        page.evaluate(
            """() => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
              .filter(each => !["img", "fetch"].includes(each.initiatorType))
              .reduce((sum, each) => sum + each.decodedBodySize, 0)"""
        )
    )
