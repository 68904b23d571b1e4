"""Lumira's checkout page and Stripe's page after it, used as a browser does: read the form, fill it in, submit it."""

from html.parser import HTMLParser
from urllib.parse import urljoin

import requests

from lumira.cli.demo.failure import DemoFailed
from lumira.formats import ORDER_NUMBER_PATTERN

_TIMEOUT = 60
#: Where the goods are sent, in the country that the page suggests.
_ADDRESS = {"name": "Camille Durand", "line1": "8 rue de la Paix", "postal_code": "75002", "city": "Paris"}


class CheckoutForm(HTMLParser):
    """The only form of a page: its action and its default values."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.action: str | None = None
        self.values: dict[str, str] = {}
        #: For each group of radio buttons its values.
        self.choices: dict[str, list[str]] = {}
        self._list: str | None = None
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if tag == "form":
            self.action = attributes.get("action")
        elif tag == "select":
            self._list = attributes.get("name")
        elif tag == "option" and self._list is not None:
            # The first one counts as chosen, unless another one is.
            if "selected" in attributes or self._list not in self.values:
                self.values[self._list] = attributes.get("value") or ""
        elif tag == "input" and (name := attributes.get("name")):
            value = attributes.get("value") or ""
            if attributes.get("type") == "radio":
                self.choices.setdefault(name, []).append(value)
            # A box counts as ticked: those of the checkout page are consents, without which nothing is sold.
            if attributes.get("type") != "radio" or "checked" in attributes:
                self.values[name] = value


def order(http: requests.Session, url: str, *, email: str) -> str:
    """Open Lumira's checkout page, enter the buyer's address, submit the form; return the URL of Stripe's page.

    `DemoFailed` if the page has no form, or does not lead to Stripe's page.
    """
    page = http.get(url, timeout=_TIMEOUT)
    form = CheckoutForm(page.text)
    if not page.ok or "email" not in form.values:
        raise DemoFailed(f"{url} returned {page.status_code}, without a form for the buyer's address.")
    # Only a page that sells goods asks for the address.
    entered = {name: value for name, value in _ADDRESS.items() if "line1" in form.values}
    return _submit(http, url, form, {"email": email} | entered)


def order_number(http: requests.Session, url: str) -> str:
    """Return the number of the order that the page after the payment shows; `DemoFailed` if it shows none."""
    page = http.get(url, timeout=_TIMEOUT)
    number = ORDER_NUMBER_PATTERN.search(page.text)
    if not page.ok or number is None:
        raise DemoFailed(f"{url} returned {page.status_code}, without the order that this visitor opened.")
    return number[0]


def pay(http: requests.Session, url: str, *, method: str) -> str:
    """Open the page, choose a payment method, submit the form; return the URL of the redirect.

    `DemoFailed` if the page does not offer the payment method or does not redirect.
    """
    page = http.get(url, timeout=_TIMEOUT)
    form = CheckoutForm(page.text)
    if not page.ok or form.action is None or method not in form.choices.get("payment_method", ()):
        raise DemoFailed(f"{url} returned {page.status_code}, without a form that offers {method}.")
    return _submit(http, url, form, {"payment_method": method})


def _submit(http: requests.Session, url: str, form: CheckoutForm, entered: dict[str, str]) -> str:
    """Submit the form; return the URL that the reply leads to."""
    reply = http.post(
        urljoin(url, form.action or url),
        data=form.values | entered,
        allow_redirects=False,
        timeout=_TIMEOUT,
    )
    location = reply.headers.get("Location")
    if reply.status_code != requests.codes.see_other or location is None:
        raise DemoFailed(f"{url} did not accept the form: {reply.status_code} {reply.text}")
    return urljoin(url, location)
