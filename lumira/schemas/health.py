"""Replies to machines: Stripe's webhook deliveries and the probes of whoever runs the service."""

from marshmallow import fields, validate

from lumira.schemas.base import ResponseSchema


class WebhookReceivedResponse(ResponseSchema):
    """The event is stored; what it means is worked out afterwards."""

    received = fields.Boolean(required=True, metadata={"example": True})


class WebhookRejectedResponse(ResponseSchema):
    """The event is not stored, and Stripe tries again."""

    error = fields.String(required=True, metadata={"example": "Webhook signature verification failed"})


class HealthResponse(ResponseSchema):
    """The process answers."""

    status = fields.String(required=True, validate=validate.OneOf(("ok",)))


class ReadinessResponse(ResponseSchema):
    """Whether requests can be served, and what is missing where not."""

    status = fields.String(required=True, validate=validate.OneOf(("ready", "not_ready")))
    missing = fields.List(fields.String(), required=True)
