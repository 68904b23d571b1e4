"""Errors about Stripe's events."""

from http import HTTPStatus

from lumira.errors import Conflict, LumiraError


class PayloadRemoved(Conflict):
    """The event was handled long ago: its payload was removed, and it cannot be processed again."""


class WebhookRejected(LumiraError):
    """The delivery is not an event that Stripe signed for this tenant."""

    status = HTTPStatus.BAD_REQUEST
    code = "WEBHOOK_REJECTED"
