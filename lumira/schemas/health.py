"""Replies to Stripe's webhook deliveries and to probes."""

from marshmallow import fields, validate

from lumira.schemas.base import ResponseSchema


class WebhookReceivedResponse(ResponseSchema):
    """The event is stored; a worker processes it."""

    received = fields.Boolean(required=True, metadata={"example": True})


class WebhookRejectedResponse(ResponseSchema):
    """The event is not stored; Stripe delivers it again."""

    error = fields.String(required=True, metadata={"example": "Webhook signature verification failed"})


class HealthResponse(ResponseSchema):
    """The process responds."""

    status = fields.String(required=True, validate=validate.OneOf(("ok",)))


class ReadinessResponse(ResponseSchema):
    """Whether the instance can serve requests, and which conditions are missing."""

    status = fields.String(required=True, validate=validate.OneOf(("ready", "not_ready")))
    missing = fields.List(fields.String(), required=True)
    warnings = fields.List(
        fields.String(),
        required=True,
        metadata={
            "description": "What is wrong although requests are served: `worker` if no worker runs, "
            "`database_servers` if a server of the database's cluster does not respond."
        },
    )
