"""Checks that each page of the dashboard shows something to the demo's operator."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urljoin

import pyotp
import requests
from markupsafe import escape

from lumira.cli.demo.checkout_page import CheckoutForm
from lumira.cli.demo.crm import verify_invoice
from lumira.cli.demo.failure import DemoFailed
from lumira.cli.demo.installation import BRAND, Installation
from lumira.cli.demo.operator import read_operator
from lumira.domain.operators import Language
from lumira.one_time_codes import STEP
from lumira.pages.dashboard.frame import NAVIGATION
from lumira.pages.dashboard.texts import TEXTS

_TIMEOUT = 60
#: The page of the installation lists nothing before its button is pressed, and the demo has no errors.
_MAY_BE_EMPTY = ("installation", "program_errors")
#: The pages that show something at a brand with goods only.
_OF_GOODS = ("shipments",)
#: The language of the demo's operator.
_LANGUAGE = Language.FRENCH


def verify_pages(installation: Installation, slugs: list[str]) -> None:
    """Sign in and open every page of every brand; `DemoFailed` if one fails, or shows nothing.

    A page has to show something at the first brand, which alone sells work of an expert, and at the last one if it is
    about goods. The newest order of the default brand must have its invoice in the
    sandbox's Dolibarr.
    """
    with requests.Session() as http:
        http.trust_env = False
        _sign_in(installation, http)
        # First, because what Dolibarr makes an operator decide is known by then.
        verify_invoice(installation, http, BRAND)
        for slug in slugs:
            for entry in NAVIGATION:
                brand = slugs[-1] if entry.name in _OF_GOODS else slugs[0]
                shows_something = slug == brand and entry.name not in _MAY_BE_EMPTY
                texts = TEXTS[_LANGUAGE].get(entry.name, {}) if shows_something else {}
                _verify(http, f"{installation.url}/dashboard/{slug}{entry.path}", _sentences(texts))


def _sign_in(installation: Installation, http: requests.Session) -> None:
    operator = read_operator(installation)
    url = f"{installation.url}/dashboard/-/sign-in"
    form = CheckoutForm(http.get(url, timeout=_TIMEOUT).text)
    code = pyotp.TOTP(operator.secret, interval=STEP).now()
    entered = {"email": operator.email, "password": operator.password, "code": code}
    reply = http.post(
        urljoin(url, form.action or url),
        data=form.values | entered,
        headers={"Referer": url},
        timeout=_TIMEOUT,
    )
    if not reply.ok:
        raise DemoFailed(f"The demo's operator cannot sign in: {url} returned {reply.status_code}.")


def _verify(http: requests.Session, url: str, nothing: Iterable[str]) -> None:
    page = http.get(url, timeout=_TIMEOUT)
    if not page.ok or "/-/sign-in" in page.url:
        raise DemoFailed(f"{url} returned {page.status_code} at {page.url}.")
    for sentence in nothing:
        if str(escape(sentence)) in page.text:
            raise DemoFailed(f"{url} shows nothing but: {sentence}")


def _sentences(texts: Mapping[str, Any]) -> Iterator[str]:
    """The sentences with which a page says that it has nothing to show."""
    for name in ("empty", "none"):
        found = texts.get(name, "")
        for text in found.values() if isinstance(found, dict) else [found]:
            # A single word, such as that of a table's cell, stands on pages that show much.
            if "." in text:
                yield text
