"""One customer, as `flask customers show --json` prints it."""

from marshmallow import fields

from lumira.schemas.access import LastingGrantResponse
from lumira.schemas.base import ResponseSchema
from lumira.schemas.fields import Timestamp


class CustomerResponse(ResponseSchema):
    """One customer with figures and access; amounts in minor units, times in UTC."""

    id = fields.UUID(attribute="customer.id")
    email = fields.String(attribute="customer.email")
    name = fields.String(attribute="customer.name", allow_none=True)
    locale = fields.String(attribute="customer.locale", allow_none=True)
    stripe_customer_id = fields.String(attribute="customer.stripe_customer_id", allow_none=True)
    created_at = Timestamp(attribute="customer.created_at")
    #: Fulfilled orders.
    total_orders = fields.Integer(attribute="figures.total_orders")
    #: By currency.
    total_spent = fields.Dict(keys=fields.String(), values=fields.Integer(), attribute="figures.total_spent")
    last_order_at = Timestamp(attribute="figures.last_order_at", allow_none=True)
    subscription_status = fields.String(attribute="figures.subscription_status")
    #: E-mail addresses of the customers that were merged into this one.
    merged = fields.Pluck("MergedAddress", "email", many=True)
    grants = fields.List(fields.Nested(LastingGrantResponse))


class MergedAddress(ResponseSchema):
    """The e-mail address of a merged customer."""

    email = fields.String()
