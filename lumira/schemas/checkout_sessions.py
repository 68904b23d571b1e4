"""Opening a Checkout Session for several products."""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from marshmallow import ValidationError, fields, post_load, validate

from lumira.schemas.base import INVALID_REQUEST, RequestSchema, ResponseSchema
from lumira.schemas.fields import EmailAddress, Line, SaleMetadata, StrictInteger, Timestamp
from lumira.schemas.payment_intents import MAX_QUANTITY, PRODUCT_ID_LENGTH

#: Stripe's limit for the lines of a session.
MAX_LINES = 100
URL_LENGTH = 2000
#: What stands in an address as it is: spaces, controls, quotes and backslashes are encoded or mistaken.
_URL_CHARACTERS = re.compile(r"[!#-;=?-\[\]_a-z{}~]+")


@dataclass(frozen=True, slots=True)
class CartLine:
    """One product of a cart."""

    product_id: str
    quantity: int


@dataclass(frozen=True, slots=True)
class CartRequest:
    """A checked request to buy a cart."""

    items: tuple[CartLine, ...]
    customer_email: str | None
    success_url: str
    cancel_url: str
    metadata: dict[str, str]


class PageAddress(fields.String):
    """An absolute address of a page; whose it is is looked at elsewhere.

    Stripe's placeholder `{CHECKOUT_SESSION_ID}` is let through, in the path or after it.
    """

    def __init__(self, **options: Any) -> None:
        metadata = {"code": "INVALID_URL", "format": "uri", "maxLength": URL_LENGTH}
        super().__init__(metadata=metadata | options.pop("metadata", {}), **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        address: str = super()._deserialize(value, attr, data, **options)
        if len(address) > URL_LENGTH or not _URL_CHARACTERS.fullmatch(address) or not _is_whole(address):
            raise ValidationError("Must be an address such as https://shop.example/thanks.")
        return address


def _is_whole(address: str) -> bool:
    """Whether it names a page by itself: scheme, host and nothing that could be taken for another host."""
    try:
        parts = urlsplit(address)
        # Read, because a port that is none is only noticed then.
        has_odd_host = parts.port == 0 or "@" in parts.netloc or "{" in parts.netloc
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not has_odd_host


class CartLineRequest(RequestSchema):
    """One product of a cart and how many of it."""

    product_id = Line(
        required=True,
        min_length=1,
        max_length=PRODUCT_ID_LENGTH,
        metadata={"code": "MISSING_PRODUCT_ID", "example": "bougie-figuier"},
    )
    quantity = StrictInteger(
        required=True,
        validate=validate.Range(min=1, max=MAX_QUANTITY),
        metadata={"code": "INVALID_QUANTITY"},
    )

    @post_load
    def to_line(self, data: dict[str, Any], **_options: Any) -> CartLine:
        return CartLine(**data)


class CheckoutSessionRequest(RequestSchema):
    """Buy a cart on Stripe's page."""

    items = fields.List(
        fields.Nested(CartLineRequest),
        required=True,
        validate=validate.Length(min=1, max=MAX_LINES),
        metadata={"code": "INVALID_CART"},
    )
    customer_email = EmailAddress(load_default=None, metadata={"example": "buyer@example.com"})
    success_url = PageAddress(required=True)
    cancel_url = PageAddress(required=True)
    metadata = SaleMetadata(load_default=dict)

    @post_load
    def to_cart(self, data: dict[str, Any], **_options: Any) -> CartRequest:
        return CartRequest(**data | {"items": tuple(data["items"])})

    def code_of(self, messages: Any) -> str:
        """What is wrong with one line of a cart has the code of that line's field."""
        code = super().code_of(messages)
        if code != "INVALID_CART":
            return code
        lines = messages.get("items")
        wrong = lines.values() if isinstance(lines, dict) else ()
        found = [CartLineRequest().code_of(line) for line in wrong if isinstance(line, dict)]
        return next((each for each in found if each != INVALID_REQUEST), code)


class CheckoutSessionResponse(ResponseSchema):
    """Where the buyer pays; amount in minor units."""

    session_id = fields.String(
        required=True, allow_none=True, metadata={"description": "Null where nothing is due."}
    )
    url = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Stripe's page; null where nothing is due, or where it is paid already."},
    )
    order_number = fields.String(required=True)
    amount = fields.Integer(required=True)
    currency = fields.String(required=True)
    expires_at = Timestamp(required=True, allow_none=True)
