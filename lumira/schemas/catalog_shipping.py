"""`[[shipping_zones]]` of a catalog file: where goods are sent, and the postage."""

from typing import Any

from marshmallow import ValidationError, fields, post_load, validate, validates_schema

from lumira.countries import COUNTRIES
from lumira.domain import charge_limits
from lumira.schemas.catalog_fields import Line, Table, check_boolean
from lumira.schemas.catalog_product import MAX_WEIGHT

#: Each is shown on a page, and named in the error for a country that is not served.
MAX_ZONES = 50
_MAX_STEPS = 30
_AMOUNT = "Must be a whole number of minor units, such as 490 for 4.90 EUR."


class Country(fields.String):
    """An ISO 3166-1 code, stored in capitals."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        code: str = super()._deserialize(value, attr, data, **options).upper()
        if code not in COUNTRIES:
            raise ValidationError(
                "Must be an ISO 3166-1 code of a country that Stripe's page offers, such as FR."
            )
        return code


def _amount(**options: Any) -> fields.Integer:
    return fields.Integer(
        strict=True,
        error_messages={"invalid": _AMOUNT},
        validate=validate.Range(0, charge_limits.LARGEST_AMOUNT, error="Must be between {min} and {max}."),
        **options,
    )


class StepTable(Table):
    """`[[shipping_zones.steps]]`: the postage of what is heavier than this many grams."""

    heavier_than = fields.Integer(
        required=True,
        strict=True,
        error_messages={"invalid": "Must be a whole number of grams, such as 1000."},
        validate=validate.Range(0, MAX_WEIGHT, error="Must be between {min} and {max}."),
    )
    amount = _amount(required=True)


class ZoneTable(Table):
    """`[[shipping_zones]]`: countries with one postage."""

    name = Line(required=True, max_length=60)
    countries = fields.List(
        Country(), required=True, validate=validate.Length(min=1, error="Must name at least one country.")
    )
    #: Minor units, VAT included.
    amount = _amount(required=True)
    #: The price of the goods from which nothing is charged.
    free_from = _amount(load_default=None)
    #: Whether the carrier needs the buyer's telephone number.
    phone = fields.Raw(load_default=False, validate=check_boolean)
    steps = fields.List(
        fields.Nested(StepTable),
        load_default=list,
        validate=validate.Length(max=_MAX_STEPS, error="Must be {max} at most."),
    )

    @validates_schema
    def check_steps(self, zone: dict[str, Any], **_: Any) -> None:
        weights = [step["heavier_than"] for step in zone["steps"]]
        if weights != sorted(set(weights)):
            raise ValidationError("Must be ordered by heavier_than, the lightest first, each once.", "steps")

    @post_load
    def drop_repeated(self, zone: dict[str, Any], **_: Any) -> dict[str, Any]:
        zone["countries"] = list(dict.fromkeys(zone["countries"]))
        return zone


def zone_errors(zones: list[dict[str, Any]], amount_errors: Any) -> dict[int, dict[str, list[str]]]:
    """The errors of the zones together: names and countries are unique, and Stripe can charge the amounts.

    `amount_errors` returns the messages about an amount in the tenant's currency.
    """
    errors: dict[int, dict[str, list[str]]] = {}
    names: dict[str, int] = {}
    countries: dict[str, int] = {}
    for index, zone in enumerate(zones):
        messages: dict[str, list[str]] = {}
        for amount in (zone["amount"], *(step["amount"] for step in zone["steps"])):
            messages |= amount_errors(amount)
        if names.setdefault(zone["name"], index) != index:
            messages["name"] = [f"shipping_zones[{names[zone['name']]}] has the same one."]
        taken = [country for country in zone["countries"] if countries.setdefault(country, index) != index]
        if taken:
            first = countries[taken[0]]
            messages["countries"] = [
                f"shipping_zones[{first}] has {', '.join(taken)}: a country has one zone."
            ]
        if messages:
            errors[index] = messages
    return errors
