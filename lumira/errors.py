"""Every refusal that the API knows: one tree, each with its status and the contract's stable code."""

from collections.abc import Mapping
from http import HTTPStatus


class LumiraError(Exception):
    """A refusal that the caller may read: a sentence, a stable code and an HTTP status.

    `details` are safe to log; `fields` maps a wire field to what is wrong with it.
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


class InvalidRequest(LumiraError):
    status = HTTPStatus.BAD_REQUEST
    code = "INVALID_REQUEST"

    def __init__(self, message: str, *, code: str | None = None, **options: object) -> None:
        super().__init__(message, **options)  # type: ignore[arg-type]
        if code is not None:
            self.code = code


class InvalidQuantity(InvalidRequest):
    code = "INVALID_QUANTITY"


class InvalidCart(InvalidRequest):
    code = "INVALID_CART"


class InvalidIdempotencyKey(InvalidRequest):
    code = "INVALID_IDEMPOTENCY_KEY"


class Unauthorized(LumiraError):
    status = HTTPStatus.UNAUTHORIZED
    code = "UNAUTHORIZED"


class Forbidden(LumiraError):
    status = HTTPStatus.FORBIDDEN
    code = "FORBIDDEN"


class NotFound(LumiraError):
    """Nothing there for this caller; what belongs to another tenant looks exactly the same."""

    status = HTTPStatus.NOT_FOUND
    code = "NOT_FOUND"


class ProductNotFound(NotFound):
    code = "PRODUCT_NOT_FOUND"


class LevelNotFound(NotFound):
    code = "LEVEL_NOT_FOUND"


class OrderNotFound(NotFound):
    code = "ORDER_NOT_FOUND"


class ReceiptNotFound(NotFound):
    """No receipt or credit note of this tenant is meant."""


class CustomerNotFound(NotFound):
    code = "CUSTOMER_NOT_FOUND"


class GrantNotFound(NotFound):
    """There is no access of this kind that could be taken away or restored."""

    code = "GRANT_NOT_FOUND"


class TenantNotFound(NotFound):
    pass


class Conflict(LumiraError):
    status = HTTPStatus.CONFLICT
    code = "CONFLICT"


class NotErasable(Conflict):
    """Something of the customer's is still open; says what. Nothing was changed."""

    code = "NOT_ERASABLE"


class OutOfStock(Conflict):
    code = "OUT_OF_STOCK"


class NotRefundable(Conflict):
    """There is nothing to send back, not that much, or Stripe refuses to."""

    code = "NOT_REFUNDABLE"


class NotMergeable(Conflict):
    """Two customers cannot become one: they are the same, or one of them was merged or erased before."""

    code = "NOT_MERGEABLE"


class NothingToOpen(Conflict):
    """Access is given to digital products and levels, and this is neither."""

    code = "NOTHING_TO_OPEN"


class IdempotencyInProgress(Conflict):
    code = "IDEMPOTENCY_IN_PROGRESS"


class IdempotencyMismatch(LumiraError):
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code = "IDEMPOTENCY_MISMATCH"


class PaymentFailed(LumiraError):
    """Stripe refused for good; the order is kept, failed, with the reason."""

    status = HTTPStatus.INTERNAL_SERVER_ERROR
    code = "PAYMENT_FAILED"


class StripeConfigError(LumiraError):
    """The tenant has no Stripe key that works."""

    status = HTTPStatus.BAD_GATEWAY
    code = "STRIPE_CONFIG_ERROR"


class StripeUnavailable(LumiraError):
    """Stripe did not answer, or not usefully; nothing is known of the outcome. Safe to repeat."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "STRIPE_UNAVAILABLE"


class ServiceUnavailable(LumiraError):
    """The database cannot be reached at the moment; nothing was decided. Safe to repeat."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "SERVICE_UNAVAILABLE"


class CatalogError(LumiraError):
    """A catalog file cannot be applied; the message names the line or the key."""

    status = HTTPStatus.BAD_REQUEST
    code = "INVALID_CATALOG"


class TenantNameTaken(Conflict):
    """The slug or the order prefix of a tenant to be created is another's."""


class NotUnderReview(Conflict):
    """Nothing about this order waits for a person's decision."""


class WebhookRejected(LumiraError):
    """What came to a webhook address is not an event signed by Stripe for this tenant."""

    status = HTTPStatus.BAD_REQUEST
    code = "WEBHOOK_REJECTED"


class UnsupportedMediaType(LumiraError):
    """The body is of a kind that is not read here."""

    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    code = "UNSUPPORTED_MEDIA_TYPE"


class InvalidFile(InvalidRequest):
    """The file is of a kind that is not taken here, or not what its name says."""

    code = "INVALID_FILE"


class FileTooLarge(LumiraError):
    """The file is longer than is taken here; nothing of it is kept."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    code = "PAYLOAD_TOO_LARGE"


class FileMissing(NotFound):
    """There is no such file, or no longer."""


class StorageUnavailable(LumiraError):
    """Files can neither be kept nor fetched at the moment; nothing was changed. Safe to repeat."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "STORAGE_UNAVAILABLE"


class RenderingUnavailable(LumiraError):
    """Documents cannot be drawn in this installation: a library of the system is missing. Nothing was changed."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "RENDERING_UNAVAILABLE"


class AccessEnded(LumiraError):
    """The file was open to this buyer once, and is no longer."""

    status = HTTPStatus.FORBIDDEN
    code = "ACCESS_ENDED"


class NoPublicUrl(Conflict):
    """Nobody said under which address buyers reach this installation."""

    code = "NO_PUBLIC_URL"
