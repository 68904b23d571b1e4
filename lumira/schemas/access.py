"""Access of customers to products and levels."""

from typing import Any

from marshmallow import fields, post_dump, post_load, validate

from lumira.domain.commands import AccessFilter
from lumira.schemas.base import RequestSchema, ResponseSchema
from lumira.schemas.fields import PRODUCT_ID_LENGTH, EmailAddress, Line, QueryInteger, Timestamp, absent
from lumira.schemas.payment_intents import MAX_LEVEL

GRANT_REASONS = (
    "paid",
    "free",
    "refunded",
    "disputed",
    "dispute_lost",
    "withdrawn",
    "fraud_warning",
    "operator",
    "expired",
)


class AccessQuery(RequestSchema):
    """The query string of `GET /access`."""

    customer_email = EmailAddress(required=True)
    product_id = Line(min_length=1, max_length=PRODUCT_ID_LENGTH, load_default=absent)
    level = QueryInteger(
        load_default=absent, validate=validate.Range(min=1, max=MAX_LEVEL), metadata={"code": "INVALID_LEVEL"}
    )

    @post_load
    def to_filter(self, data: dict[str, Any], **_options: Any) -> AccessFilter:
        return AccessFilter(**data)


class GrantResponse(ResponseSchema):
    """Access to one product or level, with its current state."""

    product_id = fields.String(required=True)
    level = fields.Integer(required=True, allow_none=True, attribute="level_number")
    active = fields.Boolean(required=True, attribute="is_live")
    granted_at = Timestamp(required=True)
    revoked_at = Timestamp(required=True, allow_none=True)
    reason = fields.String(required=True, attribute="shown_reason", validate=validate.OneOf(GRANT_REASONS))


class LastingGrantResponse(GrantResponse):
    """A grant with its end."""

    expires_at = Timestamp(
        required=True, allow_none=True, metadata={"description": "Null for access without an end."}
    )


class AccessResponse(ResponseSchema):
    """Live and past grants, newest first."""

    grants = fields.List(fields.Nested(LastingGrantResponse), required=True)
    active = fields.Boolean(
        allow_none=True,
        metadata={
            "description": "Only in replies about one product or level; also true if a higher level includes it."
        },
    )

    @post_dump
    def omit_active_without_filter(self, data: dict[str, Any], **_options: Any) -> dict[str, Any]:
        return {name: value for name, value in data.items() if not (name == "active" and value is None)}
