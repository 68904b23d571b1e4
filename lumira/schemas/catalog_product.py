"""`[[products]]` of a catalog file: a product, its contents and its deliverables."""

from typing import Any

from marshmallow import ValidationError, fields, post_load, validate, validates_schema

from lumira.card_numbers import contains_card_number
from lumira.domain import charge_limits
from lumira.domain.commands import MAX_UNITS
from lumira.domain.product_groups import NAME_LENGTH
from lumira.field_messages import message
from lumira.formats import CATALOG_NAME_PATTERN
from lumira.schemas.catalog_fields import Currency, Line, Table, check_boolean

KINDS = ("level", "digital", "physical")
PARTIAL_REFUND_POLICIES = ("keep", "revoke")
#: A hundred years; longer access has no end.
MAX_ACCESS_DAYS = 36_500
#: Grams: a ton.
MAX_WEIGHT = 1_000_000
CONTENT_KINDS = ("card", "pdf", "audio", "mandala", "file")
#: Contents, and deliverables, of one product: the portal shows them as one list.
MAX_ENTRIES = 50


def check_catalog_name(name: str) -> None:
    """Accept the ids and keys of a catalog only."""
    if contains_card_number(name):
        # A sale that names it would be refused.
        raise ValidationError(message("card_number"))
    if not CATALOG_NAME_PATTERN.fullmatch(name):
        raise ValidationError(
            "Must be lower-case letters, digits, - and _, 64 at most, and begin with a letter or digit."
        )


def _check_unique_keys(entries: list[dict[str, str]]) -> None:
    keys = [entry["key"] for entry in entries]
    duplicate = next((key for key in keys if keys.count(key) > 1), None)
    if duplicate is not None:
        raise ValidationError(f"Two of them have the key {duplicate}.")


class ContentTable(Table):
    """One of a product's `contents`: the same for every buyer."""

    key = fields.String(required=True, validate=check_catalog_name)
    title = Line(required=True, max_length=200)
    kind = fields.String(
        required=True, validate=validate.OneOf(CONTENT_KINDS, error="Must be one of: {choices}.")
    )


class DeliverableTable(Table):
    """One of a product's `deliverables`: made for each buyer."""

    key = fields.String(required=True, validate=check_catalog_name)
    title = Line(required=True, max_length=200)


class EntriesTable(Table):
    """What a product of a kind contains: its `contents` and `deliverables`."""

    kind = fields.String(required=True, validate=validate.OneOf(KINDS, error="Must be one of: {choices}."))
    #: The same for every buyer, in the order in which the portal shows them.
    contents = fields.List(
        fields.Nested(ContentTable),
        load_default=list,
        validate=[validate.Length(max=MAX_ENTRIES, error="Must be {max} at most."), _check_unique_keys],
    )
    #: Made for each buyer, in the order in which the portal shows them.
    deliverables = fields.List(
        fields.Nested(DeliverableTable),
        load_default=list,
        validate=[validate.Length(max=MAX_ENTRIES, error="Must be {max} at most."), _check_unique_keys],
    )

    @validates_schema
    def check_files(self, product: dict[str, Any], **_: Any) -> None:
        file_fields = [name for name in ("contents", "deliverables") if product[name]]
        if file_fields and product["kind"] == "physical":
            message = "A physical product has no files: only digital products and levels have them."
            raise ValidationError({name: [message] for name in file_fields})


class ProductTable(EntriesTable):
    """`[[products]]`: one product on sale. `stock` counts only when the product is new."""

    id = fields.String(
        required=True,
        validate=check_catalog_name,
    )
    level_number = fields.Integer(
        strict=True,
        data_key="level",
        load_default=None,
        validate=validate.Range(1, 999, error="Must be between {min} and {max}."),
    )
    name = Line(required=True, max_length=NAME_LENGTH)
    description = Line(max_length=500, may_be_empty=True, load_default="")
    #: Minor units, as Stripe counts them: cents of a euro, but whole yen (see `charge_limits`). The file
    #: checks the limits of its currency.
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
    #: Units on hand when the product is new.
    stock = fields.Integer(
        strict=True,
        error_messages={"invalid": "Must be a whole number of units, such as 20."},
        validate=validate.Range(0, MAX_UNITS, error="Must be between {min} and {max}."),
    )
    #: Whether a full refund of the order returns its units to stock.
    restock_on_refund = fields.Raw(validate=check_boolean)
    #: Whether it can be paid by methods that confirm days later, and reserve its units meanwhile.
    delayed_methods = fields.Raw(load_default=True, validate=check_boolean)
    #: Grams of one unit as it is sent.
    weight = fields.Integer(
        strict=True,
        load_default=None,
        error_messages={"invalid": "Must be a whole number of grams, such as 450."},
        validate=validate.Range(1, MAX_WEIGHT, error="Must be between {min} and {max}."),
    )
    #: Days of access from fulfillment; without it, access has no end.
    access_days = fields.Integer(
        strict=True,
        load_default=None,
        error_messages={"invalid": "Must be a whole number of days, such as 365."},
        validate=validate.Range(1, MAX_ACCESS_DAYS, error="Must be between {min} and {max}."),
    )
    #: Whether access to a level includes the lower levels.
    includes_lower_levels = fields.Raw(load_default=False, validate=check_boolean)

    @post_load
    def set_stock_defaults(self, product: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {"stock": 0, "restock_on_refund": True} | product

    @validates_schema
    def check_stock_fields(self, product: dict[str, Any], **_: Any) -> None:
        stock_fields = [
            name for name in ("stock", "restock_on_refund", "weight") if product.get(name) is not None
        ]
        if stock_fields and product["kind"] != "physical":
            message = 'Only a product of kind "physical" has stock, and is sent.'
            raise ValidationError({name: [message] for name in stock_fields})

    @validates_schema
    def check_access_fields(self, product: dict[str, Any], **_: Any) -> None:
        if product["access_days"] is not None and product["kind"] == "physical":
            raise ValidationError("A physical product has no access: remove access_days.", "access_days")
        if product["includes_lower_levels"] and product["kind"] != "level":
            raise ValidationError(
                'Only a product of kind "level" includes lower levels.', "includes_lower_levels"
            )

    @validates_schema
    def check_level_number(self, product: dict[str, Any], **_: Any) -> None:
        is_level = product["kind"] == "level"
        if is_level and product["level_number"] is None:
            raise ValidationError('A product of kind "level" needs a level number.', "level")
        if not is_level and product["level_number"] is not None:
            raise ValidationError('Only a product of kind "level" has a level number.', "level")
