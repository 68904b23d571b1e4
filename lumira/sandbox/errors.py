"""Stripe's errors: what it says, with which status, and whether an idempotency key keeps it."""

from typing import Any

DASHBOARD = "https://dashboard.stripe.com"


class StripeError(Exception):
    """A refusal in Stripe's own shape.

    ``stored`` tells whether execution had begun, so that the idempotency key replays this refusal;
    ``commits`` tells whether what was done before the refusal stays (a declined charge does).
    """

    status = 400
    type = "invalid_request_error"
    stored = False
    commits = False

    def __init__(
        self, message: str, *, code: str | None = None, param: str | None = None, **more: Any
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.param = param
        self.more = more
        self.headers: dict[str, str] = {}

    def body(self) -> dict[str, Any]:
        """The JSON that Stripe would send."""
        error: dict[str, Any] = {"message": self.message, "type": self.type}
        if self.code is not None:
            error["code"] = self.code
            error["doc_url"] = f"https://docs.stripe.com/error-codes/{self.code.replace('_', '-')}"
        if self.param is not None:
            error["param"] = self.param
        error.update(self.more)
        return {"error": dict(sorted(error.items()))}


class InvalidRequestError(StripeError):
    """Parameters that Stripe refuses before it does anything; the key stays free."""


class InvalidStateError(StripeError):
    """A sound request that the state of things forbids; the key keeps this answer."""

    stored = True


class UnauthorizedError(StripeError):
    """No key, or a key that opens nothing."""

    status = 401


class ForbiddenError(StripeError):
    """A key that does not reach this far."""

    status = 403


class NotFoundError(StripeError):
    """No such object or address in this account."""

    status = 404


class MethodNotAllowedError(StripeError):
    """An address that exists, asked in a way that it does not answer to."""

    status = 405


class TooLargeError(StripeError):
    """A body above what Stripe reads."""

    status = 413


class KeyInUseError(StripeError):
    """Another request with the same idempotency key is still running."""

    status = 409
    type = "idempotency_error"


class KeyMismatchError(StripeError):
    """The idempotency key belongs to another request."""

    type = "idempotency_error"


class RateLimitedError(StripeError):
    """Too many requests, or an object that is locked by another."""

    status = 429


class CardDeclinedError(StripeError):
    """The bank said no: the attempt is recorded and the refusal is the stored answer."""

    status = 402
    type = "card_error"
    stored = True
    commits = True


class ServerError(StripeError):
    """Stripe's own failure, as injected on demand."""

    status = 500
    type = "api_error"


class ConnectionDroppedError(ConnectionAbortedError):
    """The connection is to be closed without a reply."""


_NAMES = {"customer": "customer", "payment_intent": "payment_intent", "payment_method": "PaymentMethod"}


def no_such(kind: str, identifier: str, *, param: str = "id", in_url: bool = True) -> StripeError:
    """The error for an unknown id: 404 where the address names it, 400 where a parameter does."""
    error = NotFoundError if in_url else InvalidRequestError
    name = _NAMES.get(kind, kind)
    return error(f"No such {name}: '{identifier}'", code="resource_missing", param=param)


def missing(param: str) -> InvalidRequestError:
    """The error for a required parameter that was not sent."""
    return InvalidRequestError(f"Missing required param: {param}.", code="parameter_missing", param=param)


def unknown(param: str) -> InvalidRequestError:
    """The error for a parameter that Stripe does not have."""
    return InvalidRequestError(f"Received unknown parameter: {param}", code="parameter_unknown", param=param)
