"""`[tenant]` of a catalog file: the brand, and its legal seller."""

from typing import Any

from marshmallow import ValidationError, fields, post_load, validate, validates_schema

from lumira.field_messages import message
from lumira.formats import ORDER_PREFIX, SLUG_PATTERN
from lumira.schemas.catalog_accounting import AccountingTable
from lumira.schemas.catalog_fields import (
    Color,
    Currency,
    Line,
    Table,
    VatRate,
    check_host_name,
    check_is_read,
    check_suffix,
    check_time_zone,
)
from lumira.schemas.fields import EmailAddress

RELEASE_POLICIES = ("at_once", "at_deadline")
PAYMENT_PAGES = ("element", "hosted")
WITHDRAWAL_POLICIES = ("refund", "review")
FRAUD_WARNING_POLICIES = ("alert", "revoke", "refund")
LOST_DISPUTE_POLICIES = ("credit_note", "review")
#: Days: the legal period, and a year for what is customary as a longer one.
_WITHDRAWAL_DAYS = (14, 365)
_MOST_DELIVERY_DAYS = 180
_MOST_SHIP_WITHIN_DAYS = 365
#: Far more than a brand has; each is listed on a page, and its certificate is looked at.
_MOST_DOMAINS = 50


def _id_in_dolibarr(**options: Any) -> fields.Integer:
    """Return the field of an id of Dolibarr's, whose ids are 32-bit numbers in its database."""
    return fields.Integer(
        strict=True,
        validate=validate.Range(1, 2**31 - 1, error=message("range")),
        **options,
    )


class SellerTable(Table):
    """`[tenant.seller]`: the legal lines of receipts. Receipts omit the lines that are not set."""

    legal_name = Line(required=True, max_length=200)
    address = fields.List(
        Line(max_length=100),
        required=True,
        validate=validate.Length(min=1, max=6, error=message("line_count")),
    )
    #: The register and the registration number, such as a SIRET.
    registration = Line(max_length=100)
    vat_number = fields.String(
        validate=validate.Regexp(
            r"[A-Z]{2}[0-9A-Z]{2,13}\Z",
            error=message("vat_number"),
        )
    )
    #: The legal mention of why no VAT is charged, or another legal mention.
    vat_note = Line(max_length=300)
    #: The percentage of VAT that is included in every price.
    vat_rate = VatRate()
    email = EmailAddress()

    @validates_schema
    def check_vat(self, seller: dict[str, Any], **_: Any) -> None:
        if "vat_rate" not in seller and "vat_note" not in seller:
            raise ValidationError(message("vat_missing"), "vat_note")


class CrmTable(Table):
    """`[tenant.crm]`: the connection to the shop's Dolibarr. Its key never stands in a file.

    What it omits stays as it is: `flask crm setup` chooses bank account and means of payment.
    """

    url = Line(required=True, max_length=500)
    entity = _id_in_dolibarr()
    bank_account_id = _id_in_dolibarr(data_key="bank_account")
    payment_type_id = _id_in_dolibarr(data_key="payment_type")
    category_id = _id_in_dolibarr(data_key="category")
    #: In percent, by product.
    vat_rates = fields.Dict(keys=fields.String(), values=VatRate(may_be_zero=True))
    lost_disputes = fields.String(
        validate=validate.OneOf(LOST_DISPUTE_POLICIES, error=message("unknown_choice")),
    )


class TenantTable(Table):
    """`[tenant]`: the brand."""

    slug = fields.String(
        required=True,
        validate=validate.Regexp(
            rf"{SLUG_PATTERN.pattern}\Z",
            error="Must be lower-case letters, digits and dashes, 63 at most.",
        ),
    )
    name = Line(required=True, max_length=200)
    currency = Currency(required=True)
    order_prefix = fields.String(
        load_default=None,
        validate=validate.Regexp(rf"{ORDER_PREFIX}\Z", error="Must be 2 to 8 capital letters or digits."),
    )
    time_zone = fields.String(load_default="Europe/Paris", validate=check_time_zone)
    #: `None` if the file omits them: domains that the command line set then stay.
    domains = fields.List(
        fields.String(validate=check_host_name),
        load_default=None,
        validate=validate.Length(max=_MOST_DOMAINS, error=message("too_many_domains")),
    )
    statement_descriptor_suffix = fields.String(load_default=None, validate=check_suffix)
    release_on_failure = fields.String(
        load_default="at_deadline",
        validate=validate.OneOf(RELEASE_POLICIES, error=message("unknown_choice")),
    )
    email_required = fields.Boolean(
        truthy={True}, falsy={False}, load_default=False, error_messages={"invalid": "Must be true or false."}
    )
    #: The version of the terms that every buyer must accept, and the page that shows them.
    terms_version = Line(load_default=None, max_length=64)
    terms_url = fields.Url(
        load_default=None,
        schemes=("https",),
        error_messages={"invalid": message("terms_address")},
    )
    #: Where buyers of the checkout page pay: on Lumira's page with Stripe's Payment Element, or on Stripe's page.
    payment_page = fields.String(
        load_default="hosted",
        validate=validate.OneOf(PAYMENT_PAGES, error=message("unknown_choice")),
    )
    #: What follows from a buyer's withdrawal, in which days they may withdraw, and after how many days goods count as
    #: delivered.
    withdrawal_policy = fields.String(
        load_default="review",
        validate=validate.OneOf(WITHDRAWAL_POLICIES, error=message("unknown_choice")),
    )
    withdrawal_days = fields.Integer(
        strict=True,
        load_default=14,
        error_messages={"invalid": message("whole_days")},
        validate=validate.Range(*_WITHDRAWAL_DAYS, error=message("range")),
    )
    delivery_days = fields.Integer(
        strict=True,
        load_default=30,
        error_messages={"invalid": message("whole_days")},
        validate=validate.Range(0, _MOST_DELIVERY_DAYS, error=message("range")),
    )
    #: Whether the refund of a withdrawal waits until shipped goods are returned.
    refund_on_return = fields.Boolean(
        truthy={True}, falsy={False}, load_default=False, error_messages={"invalid": "Must be true or false."}
    )
    #: Days after which the team is alerted about paid orders that are not shipped; 0 for no alert.
    ship_within_days = fields.Integer(
        strict=True,
        load_default=7,
        error_messages={"invalid": message("whole_days")},
        validate=validate.Range(0, _MOST_SHIP_WITHIN_DAYS, error=message("range")),
    )
    #: What follows from an early fraud warning, beside the alert.
    on_fraud_warning = fields.String(
        load_default="alert",
        validate=validate.OneOf(FRAUD_WARNING_POLICIES, error=message("unknown_choice")),
    )
    #: The team's address for alerts; required in production.
    alert_email = EmailAddress(load_default=None, validate=check_is_read)
    #: Where buyers reach the shop: the reply address of messages to buyers, and shown in them.
    support_email = EmailAddress(load_default=None, validate=check_is_read)
    #: The page on which buyers can order; without it the first of `domains`.
    shop_url = fields.Url(
        load_default=None,
        schemes=("https",),
        error_messages={"invalid": message("page_address")},
    )
    #: The brand's colours, and its corner radius in pixels, on pages and e-mails.
    brand_color = Color(load_default=None)
    brand_background = Color(load_default=None)
    brand_radius = fields.Integer(
        strict=True,
        load_default=None,
        error_messages={"invalid": message("pixels")},
        validate=validate.Range(0, 32, error=message("range")),
    )
    #: Without a seller no receipts are issued.
    seller = fields.Nested(SellerTable, load_default=None)
    #: The accounts of the accounting export; without it, its defaults.
    accounting = fields.Nested(AccountingTable, load_default=None)
    #: `None` if the file omits it: a connection that was set elsewhere then stays.
    crm = fields.Nested(CrmTable, load_default=None)

    @validates_schema
    def check_terms(self, tenant: dict[str, Any], **_: Any) -> None:
        if (tenant.get("terms_version") is None) != (tenant.get("terms_url") is None):
            raise ValidationError(message("required_together"), "terms_version")

    @post_load
    def lower_domains(self, tenant: dict[str, Any], **_: Any) -> dict[str, Any]:
        if tenant.get("domains") is not None:
            tenant["domains"] = tuple(sorted({domain.lower() for domain in tenant["domains"]}))
        return tenant
