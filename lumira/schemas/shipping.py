"""The address that goods are sent to."""

from typing import Any

from marshmallow import ValidationError, fields, post_load

from lumira.countries import COUNTRIES
from lumira.domain.goods.addresses import Address
from lumira.field_messages import message
from lumira.schemas.base import RequestSchema, ResponseSchema
from lumira.schemas.fields import Line
from lumira.text_rules import NAME_LENGTH

#: Characters of one line of an address: Stripe's objects are stored up to this length too.
LINE_LENGTH = 200
POSTAL_CODE_LENGTH = 20
PHONE_LENGTH = 40
_LEAST_DIGITS = 4
_PHONE_MARKS = frozenset("+-.()/ extEXT#,\u00a0\u202f")
INVALID_ADDRESS = "INVALID_ADDRESS"


class Country(Line):
    """An ISO 3166-1 code of two letters, in any case; that the shop serves it is checked with the sale."""

    def __init__(self, **options: Any) -> None:
        options["metadata"] = {"code": INVALID_ADDRESS, "example": "FR", **options.get("metadata", {})}
        super().__init__(max_length=2, min_length=2, **options)

    def _deserialize(self, value: Any, *context: Any, **options: Any) -> str:
        code = super()._deserialize(value, *context, **options).upper()
        if code not in COUNTRIES:
            raise ValidationError(message("country"))
        return code


class Phone(Line):
    """A telephone number as people write it, with an extension perhaps."""

    def __init__(self, **options: Any) -> None:
        options["metadata"] = {"code": INVALID_ADDRESS, **options.get("metadata", {})}
        super().__init__(max_length=PHONE_LENGTH, **options)

    def _deserialize(self, value: Any, *context: Any, **options: Any) -> str:
        number = super()._deserialize(value, *context, **options)
        digits = sum(character.isdigit() for character in number)
        is_number = all(mark.isdigit() or mark in _PHONE_MARKS for mark in number)
        if number and (digits < _LEAST_DIGITS or not is_number):
            raise ValidationError(message("phone"))
        return number


def _part(length: int = LINE_LENGTH, **metadata: Any) -> Line:
    return Line(
        max_length=length, load_default=None, allow_none=True, metadata={"code": INVALID_ADDRESS, **metadata}
    )


class AddressRequest(RequestSchema):
    """An address in any script. `line1` and `city` are required to send a parcel."""

    line1 = _part(example="12 rue des Lilas")
    line2 = _part()
    postal_code = _part(
        POSTAL_CODE_LENGTH, example="75011", description="Required where the country uses postal codes."
    )
    city = _part(example="Paris")
    state = _part()
    country = Country(required=True)


class ShippingRequest(RequestSchema):
    """Where goods are sent. Ignored for a sale of digital content only."""

    name = _part(NAME_LENGTH, example="Ana Martin", description="The recipient.")
    phone = Phone(
        load_default=None,
        allow_none=True,
        metadata={"description": "Required where the shipping zone asks for it."},
    )
    address = fields.Nested(AddressRequest, required=True, metadata={"code": INVALID_ADDRESS})

    @post_load
    def to_address(self, data: dict[str, Any], **_options: Any) -> Address:
        parts = {"name": data["name"], "phone": data["phone"], **data["address"]}
        country: str = parts.pop("country")
        return Address(country, **{name: value or None for name, value in parts.items()})


class AddressResponse(ResponseSchema):
    """An address; an order whose buyer was erased keeps the country only."""

    line1 = fields.String(required=True, allow_none=True)
    line2 = fields.String(required=True, allow_none=True)
    postal_code = fields.String(required=True, allow_none=True)
    city = fields.String(required=True, allow_none=True)
    state = fields.String(required=True, allow_none=True)
    country = fields.String(required=True, allow_none=True)


class ShippingResponse(ResponseSchema):
    """Where an order is sent and what that costs; amounts in minor units, VAT included."""

    zone = fields.String(required=True, allow_none=True, metadata={"description": "The name of the zone."})
    amount = fields.Integer(required=True, metadata={"description": "The postage, a part of the amount."})
    vat_rate = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Percent; null where the seller charges no VAT."},
    )
    vat_amount = fields.Integer(required=True)
    name = fields.String(required=True, allow_none=True)
    phone = fields.String(required=True, allow_none=True)
    address = fields.Nested(
        AddressResponse,
        required=True,
        allow_none=True,
        metadata={"description": "Null until the buyer has entered it on Stripe's page."},
    )
