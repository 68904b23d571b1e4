"""`[[products]]` of a catalog file: one thing on sale, what it contains and what is made for its buyers."""

import re
from typing import Any

from marshmallow import ValidationError, fields, post_load, validate, validates_schema

from lumira.domain import charge_limits
from lumira.schemas.catalog_fields import Currency, Line, Table, checked_switch

KINDS = ("level", "digital", "physical")
PARTIAL_REFUND_POLICIES = ("keep", "revoke")
#: The most pieces that are counted of one product.
LARGEST_STOCK = 100_000_000
#: A hundred years of days: more is access without an end.
LONGEST_ACCESS = 36_500
CONTENT_KINDS = ("card", "pdf", "audio", "mandala", "file")
#: Contents, or deliverables, of one product: a list for a page, not a library.
MOST_PARTS = 50
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


def _checked_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise ValidationError("Must be lower-case letters, digits, - and _, 64 at most; no - or _ first.")


def _without_doubles(named: list[dict[str, str]]) -> None:
    keys = [each["key"] for each in named]
    double = next((key for key in keys if keys.count(key) > 1), None)
    if double is not None:
        raise ValidationError(f"Two of them have the key {double}.")


class ContentTable(Table):
    """One of a product's `contents`: what every buyer of it gets."""

    key = fields.String(required=True, validate=_checked_name)
    title = Line(required=True, longest=200)
    kind = fields.String(
        required=True, validate=validate.OneOf(CONTENT_KINDS, error="Must be one of: {choices}.")
    )


class DeliverableTable(Table):
    """One of a product's `deliverables`: what is made for each buyer of it."""

    key = fields.String(required=True, validate=_checked_name)
    title = Line(required=True, longest=200)


class ProductTable(Table):
    """`[[products]]`: one thing on sale. Its stock is that of its first day: later counts are in no file."""

    id = fields.String(
        required=True,
        validate=_checked_name,
    )
    kind = fields.String(required=True, validate=validate.OneOf(KINDS, error="Must be one of: {choices}."))
    level_number = fields.Integer(
        strict=True,
        data_key="level",
        load_default=None,
        validate=validate.Range(1, 999, error="Must be between {min} and {max}."),
    )
    name = Line(required=True, longest=200)
    description = Line(longest=500, may_be_empty=True, load_default="")
    #: Minor units, as Stripe counts them: cents of a euro, but whole yen (see `charge_limits`).
    amount = fields.Integer(
        required=True,
        strict=True,
        error_messages={"invalid": "Must be a whole number of minor units, such as 4700 for 47.00 EUR."},
        validate=validate.Range(0, charge_limits.LARGEST_AMOUNT, error="Must be between {min} and {max}."),
    )
    currency = Currency(load_default=None)
    on_partial_refund = fields.String(
        load_default="keep",
        validate=validate.OneOf(PARTIAL_REFUND_POLICIES, error="Must be one of: {choices}."),
    )
    #: Pieces on hand when the product is new.
    stock = fields.Integer(
        strict=True,
        error_messages={"invalid": "Must be a whole number of pieces, such as 20."},
        validate=validate.Range(0, LARGEST_STOCK, error="Must be between {min} and {max}."),
    )
    #: Whether pieces are back on the shelf once all of their order's money went back.
    restock_on_refund = fields.Raw(validate=checked_switch)
    #: For how many days from being served it stays open; without it, for good.
    access_days = fields.Integer(
        strict=True,
        load_default=None,
        error_messages={"invalid": "Must be a whole number of days, such as 365."},
        validate=validate.Range(1, LONGEST_ACCESS, error="Must be between {min} and {max}."),
    )
    #: Whether a level opens those below it too.
    includes_lower_levels = fields.Raw(load_default=False, validate=checked_switch)
    #: What every buyer of it gets, in the order in which it is shown.
    contents = fields.List(
        fields.Nested(ContentTable),
        load_default=list,
        validate=[validate.Length(max=MOST_PARTS, error="Must be {max} at most."), _without_doubles],
    )
    #: What is made for each buyer of it, in the order in which it is shown.
    deliverables = fields.List(
        fields.Nested(DeliverableTable),
        load_default=list,
        validate=[validate.Length(max=MOST_PARTS, error="Must be {max} at most."), _without_doubles],
    )

    @post_load
    def goods_have_defaults(self, product: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {"stock": 0, "restock_on_refund": True} | product

    @validates_schema
    def only_goods_are_counted(self, product: dict[str, Any], **_: Any) -> None:
        told = 'Only a product of kind "physical" is counted.'
        counted = [name for name in ("stock", "restock_on_refund") if name in product]
        if counted and product["kind"] != "physical":
            raise ValidationError({name: [told] for name in counted})

    @validates_schema
    def access_fits_the_kind(self, product: dict[str, Any], **_: Any) -> None:
        if product["access_days"] is not None and product["kind"] == "physical":
            raise ValidationError("Goods are not opened, so that they cannot end.", "access_days")
        if product["includes_lower_levels"] and product["kind"] != "level":
            raise ValidationError(
                'Only a product of kind "level" has levels below it.', "includes_lower_levels"
            )

    @validates_schema
    def goods_hold_no_files(self, product: dict[str, Any], **_: Any) -> None:
        told = "Goods are sent, not opened: only digital products and levels have any."
        given = [name for name in ("contents", "deliverables") if product[name]]
        if given and product["kind"] == "physical":
            raise ValidationError({name: [told] for name in given})

    @validates_schema
    def levels_are_numbered(self, product: dict[str, Any], **_: Any) -> None:
        is_level = product["kind"] == "level"
        if is_level and product["level_number"] is None:
            raise ValidationError("A level needs its number.", "level")
        if not is_level and product["level_number"] is not None:
            raise ValidationError('Only a product of kind "level" has a number.', "level")
