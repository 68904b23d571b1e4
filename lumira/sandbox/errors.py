"""Stripe's errors: message, HTTP status, and whether an idempotency key stores the response."""

from typing import Any

DASHBOARD = "https://dashboard.stripe.com"


class StripeError(Exception):
    """An error response in Stripe's format.

    ``stored``: execution had begun, so the idempotency key replays this response.
    ``commits``: changes made before the error are committed (a declined charge stays recorded).
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
        """The JSON body of the response."""
        error: dict[str, Any] = {"message": self.message, "type": self.type}
        if self.code is not None:
            error["code"] = self.code
            error["doc_url"] = f"https://docs.stripe.com/error-codes/{self.code.replace('_', '-')}"
        if self.param is not None:
            error["param"] = self.param
        error.update(self.more)
        return {"error": dict(sorted(error.items()))}


class InvalidRequestError(StripeError):
    """Invalid parameters, rejected before execution; the idempotency key is not used up."""


class InvalidStateError(StripeError):
    """A valid request that the object's state does not allow; the idempotency key stores the response."""

    stored = True


class UnauthorizedError(StripeError):
    """No API key, or an unknown one."""

    status = 401


class ForbiddenError(StripeError):
    """An API key without the permission for this request."""

    status = 403


class NotFoundError(StripeError):
    """No such object or URL in this account."""

    status = 404


class MethodNotAllowedError(StripeError):
    """The URL exists, but not with this HTTP method."""

    status = 405


class TooLargeError(StripeError):
    """A request body above the size limit."""

    status = 413


class KeyInUseError(StripeError):
    """Another request with the same idempotency key is still running."""

    status = 409
    type = "idempotency_error"


class KeyMismatchError(StripeError):
    """The idempotency key belongs to another request."""

    type = "idempotency_error"


class RateLimitedError(StripeError):
    """Too many requests, or an object that another request has locked."""

    status = 429


class CardDeclinedError(StripeError):
    """A declined card: the attempt is recorded, and the idempotency key stores the response."""

    status = 402
    type = "card_error"
    stored = True
    commits = True


class ServerError(StripeError):
    """An internal error of Stripe's, injected on demand."""

    status = 500
    type = "api_error"


class ConnectionDroppedError(ConnectionAbortedError):
    """The connection must be closed without a response."""


_NAMES = {"customer": "customer", "payment_intent": "payment_intent", "payment_method": "PaymentMethod"}


def no_such_object(kind: str, identifier: str, *, param: str = "id", in_url: bool = True) -> StripeError:
    """Return the error for an unknown id: 404 where the URL names it, 400 where a parameter does."""
    error = NotFoundError if in_url else InvalidRequestError
    name = _NAMES.get(kind, kind)
    return error(f"No such {name}: '{identifier}'", code="resource_missing", param=param)


def missing_parameter(param: str) -> InvalidRequestError:
    """Return the error for a missing required parameter."""
    return InvalidRequestError(f"Missing required param: {param}.", code="parameter_missing", param=param)


def unknown_parameter(param: str) -> InvalidRequestError:
    """Return the error for a parameter that Stripe does not have."""
    return InvalidRequestError(f"Received unknown parameter: {param}", code="parameter_unknown", param=param)
