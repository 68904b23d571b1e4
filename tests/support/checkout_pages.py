"""What tests of the checkout pages do: open a page, send its form, and read what it led to."""

import re
from html import unescape

from flask.testing import FlaskClient
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from lumira.database import atomic, db
from lumira.models import Order, Product, StockItem
from tests.support.factories import BUYER, Brand


def text_of(reply: TestResponse) -> str:
    """What a page says, without its markup."""
    visible = re.sub(r"<(style|head)\b.*?</\1>", " ", reply.text, flags=re.S)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", visible)).split())


def shown_in(reply: TestResponse) -> str:
    found = re.search(r'name="shown" value="([^"]+)"', reply.text)
    assert found, text_of(reply)
    return unescape(found[1])


def submit(client: FlaskClient, path: str, *, shown: str | None = None, **entered: str) -> TestResponse:
    """Open the page, unless a signature is given, and send its form."""
    shown = shown_in(client.get(path)) if shown is None else shown
    return client.post(path, data={"shown": shown, "email": BUYER, "name": ""} | entered)


def session_of(reply: TestResponse) -> str:
    """The id of the Checkout Session that a reply leads to."""
    assert reply.status_code == 303, text_of(reply)
    found = re.search(r"cs_test_\w+", reply.headers["Location"])
    assert found, reply.headers["Location"]
    return found[0]


def orders_of(tenant: Brand) -> list[Order]:
    with atomic(tenant.id):
        query = select(Order).where(Order.tenant_id == tenant.id).order_by(Order.id)
        return list(db.session.execute(query).scalars())


def change_product(tenant: Brand, product_id: str, **columns: object) -> None:
    with atomic(tenant.id):
        owned = (Product.tenant_id == tenant.id, Product.id == product_id)
        db.session.execute(update(Product).where(*owned).values(**columns))


def leave(tenant: Brand, product_id: str, units: int) -> None:
    """Leave this many units that can be bought."""
    with atomic(tenant.id):
        owned = (StockItem.tenant_id == tenant.id, StockItem.product_id == product_id)
        db.session.execute(update(StockItem).where(*owned).values(on_hand=StockItem.reserved + units))
