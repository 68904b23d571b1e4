"""Payouts of a tenant."""

from marshmallow import fields, validate

from lumira.schemas.base import RequestSchema, ResponseSchema
from lumira.schemas.fields import QueryInteger, Timestamp, absent

MAX_PAGE = 100
PAYOUT_STATUSES = ("pending", "in_transit", "paid", "canceled", "failed")
MISMATCH_REASONS = ("sum", "amount", "currency", "not_found")


class PayoutsQuery(RequestSchema):
    """The query string of `GET /payouts`."""

    cursor = fields.String(
        load_default=absent,
        validate=validate.Regexp(r"^po_\w{1,60}$", error="Send the `next` of the page before."),
    )
    limit = QueryInteger(load_default=50, validate=validate.Range(min=1, max=MAX_PAGE))


class MismatchResponse(ResponseSchema):
    """One thing that does not match; amounts in minor units."""

    reason = fields.String(
        required=True,
        validate=validate.OneOf(MISMATCH_REASONS),
        metadata={
            "description": "`sum`: the lines do not add up to the payout. `amount`: a line has another amount than its "
            "order. `currency`: a line has another currency than the payout. `not_found`: Stripe does not know the "
            "payout in this account."
        },
    )
    expected = fields.Integer(required=True, allow_none=True)
    found = fields.Integer(required=True, allow_none=True)
    transaction_id = fields.String(required=True, allow_none=True)
    order_number = fields.String(required=True, allow_none=True)

    def get_attribute(self, obj: dict[str, object], attr: str, default: object) -> object:  # noqa: ARG002 - marshmallow's
        """Return what is stored: a value that is not known has no key."""
        return obj.get(attr)


class PayoutResponse(ResponseSchema):
    """One payout; `amount` in minor units, negative if it was taken from the bank account."""

    payout_id = fields.String(required=True, attribute="stripe_payout_id")
    amount = fields.Integer(required=True)
    currency = fields.String(required=True)
    status = fields.String(required=True, validate=validate.OneOf(PAYOUT_STATUSES))
    automatic = fields.Boolean(required=True, attribute="is_automatic")
    arrival_at = Timestamp(required=True)
    created_at = Timestamp(required=True, attribute="stripe_created_at")
    failure_code = fields.String(required=True, allow_none=True)
    reconciled_at = Timestamp(
        required=True,
        allow_none=True,
        attribute="lines_read_at",
        metadata={
            "description": "When its lines were last compared with the orders; null before, or if it is manual."
        },
    )
    mismatches = fields.List(
        fields.Nested(MismatchResponse),
        required=True,
        allow_none=True,
        metadata={"description": "What does not match; null before it was compared."},
    )


class PayoutLineResponse(ResponseSchema):
    """One balance transaction of a payout; amounts in minor units."""

    transaction_id = fields.String(required=True, attribute="transaction.stripe_balance_transaction_id")
    type = fields.String(required=True, attribute="transaction.type")
    source_id = fields.String(required=True, allow_none=True, attribute="transaction.stripe_source_id")
    order_number = fields.String(
        required=True, allow_none=True, metadata={"description": "Null if it is of no order of this tenant."}
    )
    amount = fields.Integer(required=True, attribute="transaction.amount")
    fee = fields.Integer(required=True, attribute="transaction.fee")
    net = fields.Integer(required=True, attribute="transaction.net")
    currency = fields.String(required=True, attribute="transaction.currency")


class WholePayoutResponse(ResponseSchema):
    """One payout with its lines."""

    payout = fields.Nested(PayoutResponse, required=True)
    own_net = fields.Integer(
        required=True, metadata={"description": "The net amount of the lines of this tenant's orders."}
    )
    other_net = fields.Integer(
        required=True,
        metadata={
            "description": "That of the others: other shops on the same Stripe account, fees of the account."
        },
    )
    lines = fields.List(fields.Nested(PayoutLineResponse), required=True)


class PayoutsResponse(ResponseSchema):
    """One page of payouts, the last arrival first."""

    payouts = fields.List(fields.Nested(PayoutResponse), required=True)
    next = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Send it as `cursor` for the next page; null on the last page."},
    )
