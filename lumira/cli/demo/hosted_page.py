"""What a buyer's browser does with the page behind a Checkout Session's address: read its form, fill it in, send it."""

from html.parser import HTMLParser
from urllib.parse import urljoin

import requests

from lumira.cli.demo.failure import DemoFailed

_TIMEOUT = 15


class Form(HTMLParser):
    """The one form of a page: where it is sent, and what is sent if nobody changes anything."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.action: str | None = None
        self.values: dict[str, str] = {}
        #: For each choice by radio buttons what can be chosen.
        self.choices: dict[str, list[str]] = {}
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self.action = given.get("action")
        elif tag == "input" and (name := given.get("name")):
            value = given.get("value") or ""
            if given.get("type") == "radio":
                self.choices.setdefault(name, []).append(value)
            if given.get("type") != "radio" or "checked" in given:
                self.values[name] = value


def pay(http: requests.Session, url: str, *, method: str) -> str:
    """Open the page, choose how to pay, send the form; the address to which the page leads then.

    `DemoFailed` if the page does not offer that way to pay, or leads nowhere.
    """
    page = http.get(url, timeout=_TIMEOUT)
    form = Form(page.text)
    if not page.ok or form.action is None or method not in form.choices.get("payment_method", ()):
        raise DemoFailed(f"{url} answered {page.status_code}, and no form that offers {method}.")
    sent = http.post(
        urljoin(url, form.action),
        data=form.values | {"payment_method": method},
        allow_redirects=False,
        timeout=_TIMEOUT,
    )
    location = sent.headers.get("Location")
    if sent.status_code != requests.codes.see_other or location is None:
        raise DemoFailed(f"{url} did not take the payment: {sent.status_code} {sent.text}")
    return location
