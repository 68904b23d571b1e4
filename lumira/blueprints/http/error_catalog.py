"""The error replies of the API: for each status its description and codes, for the OpenAPI document."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ErrorReply:
    """One error status of the API."""

    status: str
    description: str
    codes: tuple[str, ...]
    #: Whether the reply has `Retry-After`: the same request may be repeated after these seconds.
    is_retryable: bool = False


#: By the name of the response component in the OpenAPI document.
ERROR_REPLIES = {
    "BAD_REQUEST": ErrorReply(
        "400",
        "The request is invalid; `fields` names the invalid fields.",
        (
            "MISSING_PRODUCT_ID",
            "INVALID_EMAIL",
            "INVALID_METADATA",
            "INVALID_QUANTITY",
            "INVALID_LEVEL",
            "INVALID_CART",
            "INVALID_URL",
            "INVALID_IDEMPOTENCY_KEY",
            "INVALID_FILE",
            "INVALID_REQUEST",
        ),
    ),
    "UNAUTHORIZED": ErrorReply("401", "The API key is missing, unknown or revoked.", ("UNAUTHORIZED",)),
    "FORBIDDEN": ErrorReply("403", "The route requires a secret key.", ("FORBIDDEN",)),
    "NOT_FOUND": ErrorReply(
        "404",
        "The object does not exist, or belongs to another tenant.",
        ("PRODUCT_NOT_FOUND", "LEVEL_NOT_FOUND", "ORDER_NOT_FOUND", "NOT_FOUND"),
    ),
    "CONFLICT": ErrorReply(
        "409",
        "The current state does not allow the request. After `IDEMPOTENCY_IN_PROGRESS` the request may be repeated.",
        ("IDEMPOTENCY_IN_PROGRESS", "OUT_OF_STOCK", "NOT_REFUNDABLE", "CONFLICT"),
        is_retryable=True,
    ),
    "REQUEST_ENTITY_TOO_LARGE": ErrorReply("413", "The body exceeds the size limit.", ("PAYLOAD_TOO_LARGE",)),
    "UNSUPPORTED_MEDIA_TYPE": ErrorReply(
        "415", "The route does not accept this content type.", ("UNSUPPORTED_MEDIA_TYPE",)
    ),
    "UNPROCESSABLE_ENTITY": ErrorReply(
        "422", "The idempotency key belongs to another request.", ("IDEMPOTENCY_MISMATCH",)
    ),
    "TOO_MANY_REQUESTS": ErrorReply(
        "429", "The rate limit is exceeded.", ("RATE_LIMITED",), is_retryable=True
    ),
    "INTERNAL_SERVER_ERROR": ErrorReply(
        "500",
        "Stripe refused to open the payment (`PAYMENT_FAILED`), or an internal error.",
        ("PAYMENT_FAILED", "INTERNAL_ERROR"),
    ),
    "BAD_GATEWAY": ErrorReply("502", "The tenant has no valid Stripe key.", ("STRIPE_CONFIG_ERROR",)),
    "SERVICE_UNAVAILABLE": ErrorReply(
        "503",
        "A required service is not reachable; repeat the request with the same idempotency key.",
        ("STRIPE_UNAVAILABLE", "STORAGE_UNAVAILABLE", "SERVICE_UNAVAILABLE"),
        is_retryable=True,
    ),
}
