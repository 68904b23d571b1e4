"""Errors that callers see: one class tree, with HTTP status and stable code; those of one subject have a module."""

from collections.abc import Mapping
from http import HTTPStatus


class LumiraError(Exception):
    """An error that the caller may read: a message, a stable code and an HTTP status.

    `details` are safe to log. `fields` maps the name of a wire field to its messages. `retry_after` is in seconds.
    """

    status = HTTPStatus.INTERNAL_SERVER_ERROR
    code = "INTERNAL_ERROR"

    def __init__(
        self,
        message: str,
        *,
        fields: Mapping[str, list[str]] | None = None,
        retry_after: int | None = None,
        **details: object,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.fields = dict(fields) if fields else None
        self.retry_after = retry_after
        self.details = details

    def add_sentence(self, sentence: str) -> None:
        """Add to the message what the caller of the failed call also has to know."""
        self.message = f"{self.message} {sentence}"
        self.args = (self.message,)


class InvalidRequest(LumiraError):
    status = HTTPStatus.BAD_REQUEST
    code = "INVALID_REQUEST"

    def __init__(self, message: str, *, code: str | None = None, **options: object) -> None:
        super().__init__(message, **options)  # type: ignore[arg-type]
        if code is not None:
            self.code = code


class InvalidIdempotencyKey(InvalidRequest):
    code = "INVALID_IDEMPOTENCY_KEY"


class InvalidPeriod(InvalidRequest):
    """The days of a period are in the wrong order, or too many."""


class PeriodNotEnded(InvalidRequest):
    """A day of the period is not complete yet; `last_day` is the last one that is."""


class SirenMissing(InvalidRequest):
    """A file for the tax administration is named by the seller's SIREN, which is not set."""


class BooksNotInEuros(InvalidRequest):
    """Entries are in euros, and the tenant sells in another currency."""


class Unauthorized(LumiraError):
    status = HTTPStatus.UNAUTHORIZED
    code = "UNAUTHORIZED"


class Forbidden(LumiraError):
    status = HTTPStatus.FORBIDDEN
    code = "FORBIDDEN"


class NotFound(LumiraError):
    """The object does not exist, or it belongs to another tenant: both look the same."""

    status = HTTPStatus.NOT_FOUND
    code = "NOT_FOUND"


class ProductGroupNotFound(NotFound):
    """No product of the group is on sale, or there is no such group."""


class DisputeNotFound(NotFound):
    """The tenant has no such dispute."""


class Conflict(LumiraError):
    status = HTTPStatus.CONFLICT
    code = "CONFLICT"


class BooksBusy(Conflict):
    """Another export of the tenant is being booked, and has not ended for minutes."""


class IdempotencyInProgress(Conflict):
    code = "IDEMPOTENCY_IN_PROGRESS"


class IdempotencyMismatch(LumiraError):
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code = "IDEMPOTENCY_MISMATCH"


class RateLimited(LumiraError):
    """The caller's network has opened as much as it may; `retry_after` is in seconds."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    code = "RATE_LIMITED"

    def __init__(
        self, retry_after: int, message: str = "Too many requests: try again after Retry-After seconds."
    ) -> None:
        super().__init__(message, retry_after=retry_after)


class ServiceUnavailable(LumiraError):
    """The database is not reachable; nothing was changed. The call is safe to repeat."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "SERVICE_UNAVAILABLE"


class TenantFrozen(ServiceUnavailable):
    """The tenant is being moved to another installation, and nothing of it can be changed; nothing was changed."""

    def __init__(self) -> None:
        super().__init__(
            "This shop is being moved and accepts no changes at the moment: repeat the request later.",
            retry_after=60,
        )


class TenantExported(LumiraError):
    """The tenant was exported to another installation, and nothing was changed."""


class GroupIdTaken(Conflict):
    """The tenant has another group of products with this id."""


class OptionsInUse(Conflict):
    """A variant on sale has an option or a value that its group would lack."""


class CombinationTaken(Conflict):
    """Another product of the group has these options."""


class ChangedMeanwhile(Conflict):
    """Another operator changed what a form shows, after the form was opened. Nothing was changed."""


class EvidenceRefused(Conflict):
    """No response to the dispute can be sent, or Stripe refuses it; `reason` is a `NoResponse`, or `stripe`."""


class NoOpenWarning(Conflict):
    """The order has no open fraud warning."""


class RequestTimedOut(LumiraError):
    """The body did not arrive in time; nothing was changed."""

    status = HTTPStatus.REQUEST_TIMEOUT
    code = "REQUEST_TIMEOUT"


class UnsupportedMediaType(LumiraError):
    """The body has a content type that the route does not accept."""

    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    code = "UNSUPPORTED_MEDIA_TYPE"
