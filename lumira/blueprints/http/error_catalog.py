"""The error replies of the API: for each status its description and codes, for the OpenAPI document."""

from dataclasses import dataclass

from lumira.errors.catalog import OutOfStock
from lumira.errors.orders import (
    CountryNotServed,
    InvalidAddress,
    InvalidPromotionCode,
    MissingAddress,
    MissingConsent,
)
from lumira.errors.stripe import PaymentFailed, StripeConfigError, StripeUnavailable

#: What every route that opens a payment may raise.
ERRORS_OF_SALES = (
    InvalidPromotionCode,
    MissingConsent,
    OutOfStock,
    PaymentFailed,
    StripeConfigError,
    StripeUnavailable,
)
#: What a route that sells goods may raise besides.
ERRORS_OF_GOODS = (*ERRORS_OF_SALES, MissingAddress, InvalidAddress, CountryNotServed)


@dataclass(frozen=True, slots=True)
class ErrorReply:
    """One error status of the API."""

    description: str
    codes: tuple[str, ...]
    #: Whether the reply has `Retry-After`: the same request may be repeated after these seconds.
    is_retryable: bool = False


#: By status.
ERROR_REPLIES = {
    "400": ErrorReply(
        "The request is invalid; `fields` names the invalid fields.",
        (
            "MISSING_PRODUCT_ID",
            "INVALID_EMAIL",
            "INVALID_METADATA",
            "INVALID_QUANTITY",
            "INVALID_LEVEL",
            "INVALID_CART",
            "INVALID_PROMOTION_CODE",
            "INVALID_URL",
            "INVALID_IDEMPOTENCY_KEY",
            "INVALID_FILE",
            "INVALID_TRACKING",
            "MISSING_CONSENT",
            "MISSING_ADDRESS",
            "INVALID_ADDRESS",
            "COUNTRY_NOT_SERVED",
            "INVALID_REQUEST",
        ),
    ),
    "401": ErrorReply("The API key is missing, unknown or revoked.", ("UNAUTHORIZED",)),
    "403": ErrorReply("The route requires a secret key.", ("FORBIDDEN",)),
    "404": ErrorReply(
        "The object does not exist, or belongs to another tenant.",
        ("PRODUCT_NOT_FOUND", "LEVEL_NOT_FOUND", "ORDER_NOT_FOUND", "NOT_FOUND"),
    ),
    "408": ErrorReply("The request did not arrive in time.", ("REQUEST_TIMEOUT",)),
    "409": ErrorReply(
        "The current state does not allow the request.",
        (
            "IDEMPOTENCY_IN_PROGRESS",
            "OUT_OF_STOCK",
            "NOT_REFUNDABLE",
            "NOT_SHIPPABLE",
            "NOT_RETURNABLE",
            "CONFLICT",
        ),
        is_retryable=True,
    ),
    "413": ErrorReply("The body exceeds the size limit.", ("PAYLOAD_TOO_LARGE",)),
    "415": ErrorReply("The route does not accept this content type.", ("UNSUPPORTED_MEDIA_TYPE",)),
    "422": ErrorReply("The idempotency key belongs to another request.", ("IDEMPOTENCY_MISMATCH",)),
    "429": ErrorReply("The rate limit is exceeded.", ("RATE_LIMITED",), is_retryable=True),
    "500": ErrorReply(
        "Stripe refused to open the payment, or an internal error occurred.",
        ("PAYMENT_FAILED", "INTERNAL_ERROR"),
    ),
    "502": ErrorReply("The tenant has no valid Stripe key.", ("STRIPE_CONFIG_ERROR",)),
    "503": ErrorReply(
        "A required service is not reachable; repeat the request with the same idempotency key.",
        ("STRIPE_UNAVAILABLE", "STORAGE_UNAVAILABLE", "SERVICE_UNAVAILABLE"),
        is_retryable=True,
    ),
}
