"""`[tenant.accounting]` of a catalog file: the accounts of the accounting export."""

from marshmallow import ValidationError, fields, validate

from lumira.countries import COUNTRIES
from lumira.formats import is_siren
from lumira.schemas.catalog_fields import Table, VatRate, check_boolean

#: The roles of `domain.accounts` that have an account.
ROLES = (
    *(
        "customer",
        "goods",
        "services",
        "postage",
        "stripe",
        "fees",
        "fees_vat",
        "disputes",
        "transit",
        "bank",
    ),
    "suspense",
)


_ACCOUNT = (
    "Must be an account such as 707000: three digits or more, then digits or capital letters, 20 at most."
)
_ONE_OF = "Must be one of: {choices}."


def check_siren(text: str) -> None:
    """Accept a SIREN only."""
    if not is_siren(text):
        raise ValidationError("Must be a SIREN: nine digits, without spaces, whose check digit is right.")


class Account(fields.String):
    """The number of an account: three digits of the French chart of accounts, and what the shop adds."""

    def __init__(self) -> None:
        super().__init__(validate=validate.Regexp(r"[0-9]{3}[0-9A-Z]{0,17}\Z", error=_ACCOUNT))


class AccountingTable(Table):
    """`[tenant.accounting]`: what it omits has the default of the documentation."""

    #: Of the company that sells; without it, the one in the seller's VAT number.
    siren = fields.String(validate=check_siren)
    #: Where the seller is established.
    country = fields.String(
        validate=validate.OneOf(
            sorted(COUNTRIES), error="Must be an ISO 3166-1 code of two letters, such as FR."
        )
    )
    #: Whether other shops sell with the same Stripe account.
    shared_stripe_account = fields.Raw(validate=check_boolean)
    #: The account of each role.
    accounts = fields.Dict(
        keys=fields.String(validate=validate.OneOf(ROLES, error=_ONE_OF)), values=Account()
    )
    #: The account of the VAT collected at each rate in percent.
    vat_accounts = fields.Dict(keys=VatRate(), values=Account())
