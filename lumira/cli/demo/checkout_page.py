"""The page of a Checkout Session, paid as a browser does: reads its form, fills it in, submits it."""

from html.parser import HTMLParser
from urllib.parse import urljoin

import requests

from lumira.cli.demo.failure import DemoFailed

_TIMEOUT = 15


class CheckoutForm(HTMLParser):
    """The only form of a page: its action and its default values."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.action: str | None = None
        self.values: dict[str, str] = {}
        #: For each group of radio buttons its values.
        self.choices: dict[str, list[str]] = {}
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if tag == "form":
            self.action = attributes.get("action")
        elif tag == "input" and (name := attributes.get("name")):
            value = attributes.get("value") or ""
            if attributes.get("type") == "radio":
                self.choices.setdefault(name, []).append(value)
            if attributes.get("type") != "radio" or "checked" in attributes:
                self.values[name] = value


def pay(http: requests.Session, url: str, *, method: str) -> str:
    """Open the page, choose a payment method, submit the form; return the URL of the redirect.

    `DemoFailed` if the page does not offer the payment method or does not redirect.
    """
    page = http.get(url, timeout=_TIMEOUT)
    form = CheckoutForm(page.text)
    if not page.ok or form.action is None or method not in form.choices.get("payment_method", ()):
        raise DemoFailed(f"{url} returned {page.status_code}, without a form that offers {method}.")
    reply = http.post(
        urljoin(url, form.action),
        data=form.values | {"payment_method": method},
        allow_redirects=False,
        timeout=_TIMEOUT,
    )
    location = reply.headers.get("Location")
    if reply.status_code != requests.codes.see_other or location is None:
        raise DemoFailed(f"{url} did not accept the payment: {reply.status_code} {reply.text}")
    return location
