"""The buyer's page as its holder comes to it."""

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from lumira import link_tokens
from lumira.clock import utc_now
from lumira.database import atomic
from lumira.link_tokens import LinkAddress
from lumira.repositories import access_links, customers
from tests.support.factories import BUYER, Brand

PUBLIC_URL = "https://pay.example.com"


def path_of(brand: Brand, email: str = BUYER, *, now: datetime | None = None) -> str:
    """Where this buyer's page is, as a letter says it."""
    with atomic(brand.id):
        customer = customers.get_current(brand.id, email)
        link = access_links.current(brand.id, customer.id, now or utc_now())
    return f"/my/{link_tokens.sign(LinkAddress(brand.id, link.id))}"


def words(reply: TestResponse) -> str:
    """What a reader reads on the page."""
    body = re.sub(r"<style.*?</style>|<head>.*?</head>", " ", reply.get_data(as_text=True), flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


def downloads(reply: TestResponse) -> list[str]:
    """The paths of what can be downloaded there."""
    return re.findall(r'href="(/my/[^"]+/files/[^"]+)"', reply.get_data(as_text=True))


def fields(reply: TestResponse) -> dict[str, str]:
    """What the page's form sends."""
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', reply.get_data(as_text=True)))


def ask_anew(client: FlaskClient, path: str, **options: object) -> TestResponse:
    """Press the button of the page."""
    return client.post(f"{path}/renewals", data=fields(client.get(path)), **options)


@contextmanager
def reached_at(url: str | None = PUBLIC_URL) -> Iterator[None]:
    """Let messages know under which address buyers reach the installation."""
    before = list(link_tokens._configured)
    link_tokens.configure("only-for-tests", public_url=url)
    try:
        yield
    finally:
        link_tokens._configured[:] = before
