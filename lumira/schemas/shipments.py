"""Shipments and returns of an order's goods."""

from typing import Any

from marshmallow import ValidationError, fields, post_load, validate, validates_schema

from lumira.domain.commands import GoodsUnits, ReturnCommand, ReturnLine, ShipmentChange, ShipmentCommand
from lumira.domain.goods.carriers import CARRIERS, LONGEST_NAME, LONGEST_NUMBER, LONGEST_URL
from lumira.schemas.base import RequestSchema, ResponseSchema
from lumira.schemas.fields import PRODUCT_ID_LENGTH, Line, StrictInteger, Timestamp, absent

FULFILMENTS = ("none", "to_ship", "partially_shipped", "shipped", "delivered", "returned")
CONDITIONS = ("restockable", "damaged")
#: More than any shop puts into one parcel.
MOST_UNITS = 1_000_000
_MOST_LINES = 100
_LONGEST_REASON = 500


class UnitsBody(RequestSchema):
    """Units of one product of the order."""

    product_id = Line(required=True, max_length=PRODUCT_ID_LENGTH, min_length=1)
    quantity = StrictInteger(
        required=True, validate=validate.Range(min=1, max=MOST_UNITS), metadata={"code": "INVALID_QUANTITY"}
    )

    @post_load
    def to_units(self, data: dict[str, Any], **_options: Any) -> GoodsUnits:
        return GoodsUnits(**data)


class _TrackingBody(RequestSchema):
    """How the buyer follows the parcel."""

    carrier = Line(
        load_default=absent,
        max_length=LONGEST_NAME,
        min_length=1,
        metadata={
            "description": f"One of {', '.join(CARRIERS)}, whose tracking page is built from the number; or another "
            "carrier's name.",
            "example": "colissimo",
        },
    )
    tracking_number = Line(
        load_default=absent, max_length=LONGEST_NUMBER, min_length=1, metadata={"code": "INVALID_TRACKING"}
    )
    tracking_url = Line(
        load_default=absent,
        max_length=LONGEST_URL,
        min_length=1,
        metadata={
            "code": "INVALID_TRACKING",
            "format": "uri",
            "description": "The carrier's page about the parcel: https only, sent to the buyer as it is.",
        },
    )


class ShipmentBody(_TrackingBody):
    """Record a parcel that was shipped; without `lines`, all units that are to be shipped."""

    shipped_at = Timestamp(load_default=absent, metadata={"description": "Without it, now."})
    lines = fields.List(
        fields.Nested(UnitsBody), load_default=absent, validate=validate.Length(min=1, max=_MOST_LINES)
    )

    @post_load
    def to_command(self, data: dict[str, Any], **_options: Any) -> ShipmentCommand:
        return ShipmentCommand(**{**data, "lines": tuple(data["lines"] or ())})


class ShipmentChangeBody(_TrackingBody):
    """What is now known of a parcel: a corrected tracking, its delivery, or that it was not sent or was lost."""

    delivered_at = Timestamp(load_default=absent)
    cancelled = fields.Boolean(
        load_default=False,
        truthy={True},
        falsy={False},
        metadata={"description": "True: the units of the parcel are to be shipped again."},
    )

    @validates_schema
    def check_something_changes(self, data: dict[str, Any], **_options: Any) -> None:
        """Refuse a body that changes nothing, and one that says two things that exclude each other."""
        if not any(data.values()):
            raise ValidationError("Name what is to be changed.")
        if data.get("cancelled") and data.get("delivered_at"):
            raise ValidationError("A parcel is either cancelled or delivered.")

    @post_load
    def to_change(self, data: dict[str, Any], **_options: Any) -> ShipmentChange:
        return ShipmentChange(is_cancelled=data.pop("cancelled"), **data)


class ReturnLineBody(RequestSchema):
    """Units of one product that came back in one condition."""

    product_id = Line(required=True, max_length=PRODUCT_ID_LENGTH, min_length=1)
    quantity = StrictInteger(
        required=True, validate=validate.Range(min=1, max=MOST_UNITS), metadata={"code": "INVALID_QUANTITY"}
    )
    condition = fields.String(
        load_default="restockable",
        validate=validate.OneOf(CONDITIONS),
        metadata={"description": "Whether the units can be sold again."},
    )

    @post_load
    def to_line(self, data: dict[str, Any], **_options: Any) -> ReturnLine:
        return ReturnLine(**data)


class ReturnBody(RequestSchema):
    """Record goods that came back."""

    lines = fields.List(
        fields.Nested(ReturnLineBody), required=True, validate=validate.Length(min=1, max=_MOST_LINES)
    )
    received_at = Timestamp(load_default=absent, metadata={"description": "Without it, now."})
    buyer_reason = Line(
        load_default=absent,
        max_length=_LONGEST_REASON,
        min_length=1,
        metadata={"description": "Why the buyer sent them back, in the buyer's or the shop's words."},
    )
    refund = fields.Boolean(
        load_default=True,
        truthy={True},
        falsy={False},
        metadata={
            "description": "Whether the price of these units is refunded. Units that the buyer has withdrawn from are "
            "refunded by the withdrawal, whatever this says."
        },
    )

    @post_load
    def to_command(self, data: dict[str, Any], **_options: Any) -> ReturnCommand:
        return ReturnCommand(
            lines=tuple(data.pop("lines")),
            is_refunded=data.pop("refund"),
            reason=data.pop("buyer_reason"),
            **data,
        )


class UnitsResponse(ResponseSchema):
    """Units of one product."""

    product_id = fields.String(required=True)
    quantity = fields.Integer(required=True)


class ReturnLineResponse(UnitsResponse):
    """Units of one product that came back in one condition."""

    condition = fields.String(required=True, validate=validate.OneOf(CONDITIONS))


def _time(*, nullable: bool = False) -> fields.String:
    return fields.String(required=True, allow_none=nullable, metadata={"format": "date-time"})


class _Shipment(ResponseSchema):
    """The fields that all replies about a shipment share."""

    id = fields.UUID(required=True)
    carrier = fields.String(required=True, allow_none=True)
    tracking_number = fields.String(required=True, allow_none=True)
    tracking_url = fields.String(required=True, allow_none=True)
    lines = fields.List(fields.Nested(UnitsResponse), required=True)


class OrderShipmentResponse(_Shipment):
    """One parcel of an order."""

    shipped_at = Timestamp(required=True)
    delivered_at = Timestamp(required=True, allow_none=True)
    cancelled_at = Timestamp(required=True, allow_none=True)


class ShipmentResponse(_Shipment):
    """One parcel after the call, and what became of the order's goods."""

    order_number = fields.String(required=True)
    shipped_at = _time()
    delivered_at = _time(nullable=True)
    cancelled_at = _time(nullable=True)
    fulfilment = fields.String(required=True, validate=validate.OneOf(FULFILMENTS))


class OrderReturnResponse(ResponseSchema):
    """Goods of an order that came back."""

    id = fields.UUID(required=True)
    received_at = Timestamp(required=True)
    buyer_reason = fields.String(required=True, allow_none=True, attribute="reason")
    lines = fields.List(fields.Nested(ReturnLineResponse), required=True)


class ReturnResponse(ResponseSchema):
    """A return after the call, and what became of the order's goods; amounts in minor units."""

    id = fields.UUID(required=True)
    order_number = fields.String(required=True)
    received_at = _time()
    lines = fields.List(fields.Nested(ReturnLineResponse), required=True)
    refund_amount = fields.Integer(
        required=True, metadata={"description": "What a worker refunds because of the return."}
    )
    currency = fields.String(required=True)
    fulfilment = fields.String(required=True, validate=validate.OneOf(FULFILMENTS))
