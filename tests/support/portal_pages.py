"""The portal, as the owner of a link uses it."""

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
from lumira.repositories.customers import access_links, customers
from tests.support.factories import BUYER, Brand

PUBLIC_URL = "https://pay.example.com"


def path_of(brand: Brand, email: str = BUYER, *, now: datetime | None = None) -> str:
    """The path of this buyer's portal, as a message contains it."""
    with atomic(brand.id):
        customer = customers.get_current(brand.id, email)
        link = access_links.get_or_create(brand.id, customer.id, now or utc_now())
    return f"/my/{link_tokens.sign(LinkAddress(brand.id, link.id))}"


def words(reply: TestResponse) -> str:
    """The visible text of the page."""
    body = re.sub(r"<style.*?</style>|<head>.*?</head>", " ", reply.get_data(as_text=True), flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


def downloads(reply: TestResponse) -> list[str]:
    """The paths of the downloads on the page."""
    return re.findall(r'href="(/my/[^"]+/files/[^"]+)"', reply.get_data(as_text=True))


def fields(reply: TestResponse) -> dict[str, str]:
    """The hidden fields of the page's form."""
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', reply.get_data(as_text=True)))


def request_link(client: FlaskClient, path: str, **options: object) -> TestResponse:
    """Submit the form that requests a new link."""
    return client.post(f"{path}/renewals", data=fields(client.get(path)), **options)


@contextmanager
def reached_at(url: str | None = PUBLIC_URL) -> Iterator[None]:
    """Configure the public URL inside the block."""
    before = list(link_tokens._configured)
    link_tokens.configure("only-for-tests", public_url=url)
    try:
        yield
    finally:
        link_tokens._configured[:] = before
