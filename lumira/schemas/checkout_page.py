"""The checkout page: the products in its URL, and the fields of its form."""

import re

from marshmallow import fields

from lumira.domain.commands import CheckoutItem
from lumira.formats import CATALOG_NAME_PATTERN
from lumira.schemas.base import RequestSchema
from lumira.schemas.checkout_sessions import MAX_ITEMS
from lumira.schemas.fields import EmailAddress, Line
from lumira.schemas.payment_intents import MAX_QUANTITY
from lumira.schemas.shipping import LINE_LENGTH, POSTAL_CODE_LENGTH, Phone
from lumira.text_rules import NAME_LENGTH

_ITEM = re.compile(rf"(?P<product_id>{CATALOG_NAME_PATTERN.pattern})(?::(?P<quantity>[0-9]{{1,3}}))?")


class CheckoutPageForm(RequestSchema):
    """Who buys, and what they consent to; `shown` is the signature of what the page showed."""

    email = EmailAddress(required=True)
    name = Line(max_length=NAME_LENGTH, load_default="")
    #: Where goods are sent; empty for digital content.
    line1 = Line(max_length=LINE_LENGTH, load_default="")
    line2 = Line(max_length=LINE_LENGTH, load_default="", data_key="line2")
    postal_code = Line(max_length=POSTAL_CODE_LENGTH, load_default="", data_key="postal_code")
    city = Line(max_length=LINE_LENGTH, load_default="")
    state = Line(max_length=LINE_LENGTH, load_default="")
    country = Line(max_length=2, load_default="")
    phone = Phone(load_default="")
    #: Ticked boxes; a browser sends nothing for one that is not ticked.
    terms = fields.String(load_default="")
    immediate_delivery = fields.String(load_default="", data_key="immediate_delivery")
    shown = fields.String(load_default="")
    #: `off` from a browser without JavaScript: its buyer pays on Stripe's page.
    script = fields.String(load_default="")
    #: Set by the button that shows the postage of another country: nothing is opened.
    reprice = fields.String(load_default="")


def read_product(text: str) -> CheckoutItem | None:
    """Return the item of a product's URL; `None` if no product can have this id."""
    return CheckoutItem(text) if CATALOG_NAME_PATTERN.fullmatch(text) else None


def read_items(text: str) -> tuple[CheckoutItem, ...] | None:
    """Return the items of a cart's URL, such as `tasse-gres:2,carnet-lin`; `None` if it is malformed."""
    matches = [_ITEM.fullmatch(part.strip()) for part in text.split(",")]
    items = tuple(
        CheckoutItem(match["product_id"], int(match["quantity"] or 1)) for match in matches if match
    )
    is_whole = len(items) == len(matches) <= MAX_ITEMS
    return items if is_whole and all(1 <= item.quantity <= MAX_QUANTITY for item in items) else None
