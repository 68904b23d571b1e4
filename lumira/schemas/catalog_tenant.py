"""`[tenant]` of a catalog file: the brand, and the seller behind it."""

from typing import Any

from marshmallow import ValidationError, fields, post_load, validate, validates_schema

from lumira.formats import ORDER_PREFIX
from lumira.schemas.catalog_fields import (
    Color,
    Currency,
    Line,
    Table,
    VatRate,
    checked_host_name,
    checked_suffix,
    checked_time_zone,
)
from lumira.schemas.fields import EmailAddress

RELEASE_POLICIES = ("at_once", "at_deadline")


class SellerTable(Table):
    """`[tenant.seller]`: the legal lines of receipts. What is not given stands on none."""

    legal_name = Line(required=True, longest=200)
    address = fields.List(
        Line(longest=100),
        required=True,
        validate=validate.Length(min=1, max=6, error="Must have {min} to {max} lines."),
    )
    #: Where the seller is registered and under which number, such as a SIRET.
    registration = Line(longest=100)
    vat_number = fields.String(
        validate=validate.Regexp(
            r"[A-Z]{2}[0-9A-Z]{2,13}\Z",
            error="Must be two letters of a country, then digits or letters; no spaces.",
        )
    )
    #: Why no VAT is charged, or whatever else has to be said of it.
    vat_note = Line(longest=300)
    #: Percent that is in every price.
    vat_rate = VatRate()
    email = EmailAddress()

    @validates_schema
    def vat_is_explained(self, seller: dict[str, Any], **_: Any) -> None:
        if "vat_rate" not in seller and "vat_note" not in seller:
            raise ValidationError("Say vat_rate, or in vat_note why no VAT is charged.", "vat_note")


class TenantTable(Table):
    """`[tenant]`: the brand."""

    slug = fields.String(
        required=True,
        validate=validate.Regexp(
            r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\Z",
            error="Must be lower-case letters, digits and dashes, 63 at most.",
        ),
    )
    name = Line(required=True, longest=200)
    currency = Currency(required=True)
    order_prefix = fields.String(
        load_default=None,
        validate=validate.Regexp(rf"{ORDER_PREFIX}\Z", error="Must be 2 to 8 capital letters or digits."),
    )
    time_zone = fields.String(load_default="Europe/Paris", validate=checked_time_zone)
    #: `None` where the file is silent: the command line may have set some.
    domains = fields.List(fields.String(validate=checked_host_name), load_default=None)
    statement_descriptor_suffix = fields.String(load_default=None, validate=checked_suffix)
    release_on_failure = fields.String(
        load_default="at_deadline",
        validate=validate.OneOf(RELEASE_POLICIES, error="Must be one of: {choices}."),
    )
    #: Who of the team is told of disputes; without it, the address that messages come from.
    alert_email = EmailAddress(load_default=None)
    #: The brand's colours, and its corners in pixels, on what a buyer sees.
    brand_color = Color(load_default=None)
    brand_background = Color(load_default=None)
    brand_radius = fields.Integer(
        strict=True,
        load_default=None,
        error_messages={"invalid": "Must be a whole number of pixels, such as 12."},
        validate=validate.Range(0, 32, error="Must be between {min} and {max}."),
    )
    #: Without it no receipt is issued.
    seller = fields.Nested(SellerTable, load_default=None)

    @post_load
    def lower_domains(self, tenant: dict[str, Any], **_: Any) -> dict[str, Any]:
        if tenant["domains"] is not None:
            tenant["domains"] = tuple(sorted({domain.lower() for domain in tenant["domains"]}))
        return tenant
