"""What the API refuses, by status: in words, and with the codes that programs go by."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refusal:
    """One status that a call may end in."""

    status: str
    description: str
    codes: tuple[str, ...]
    #: Whether the same call may be repeated, after the seconds that `Retry-After` says.
    is_for_later: bool = False


#: By the name that they have in the document.
REFUSALS = {
    "BAD_REQUEST": Refusal(
        "400",
        "Something about the call is wrong; `fields` says what.",
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
    "UNAUTHORIZED": Refusal("401", "No key, or none that is known.", ("UNAUTHORIZED",)),
    "FORBIDDEN": Refusal("403", "A publishable key where a secret one is needed.", ("FORBIDDEN",)),
    "NOT_FOUND": Refusal(
        "404",
        "Not there, or another tenant's.",
        ("PRODUCT_NOT_FOUND", "LEVEL_NOT_FOUND", "ORDER_NOT_FOUND", "NOT_FOUND"),
    ),
    "CONFLICT": Refusal(
        "409",
        "It cannot be done as things stand. After `IDEMPOTENCY_IN_PROGRESS` the same call may be repeated.",
        ("IDEMPOTENCY_IN_PROGRESS", "OUT_OF_STOCK", "NOT_REFUNDABLE", "CONFLICT"),
        is_for_later=True,
    ),
    "REQUEST_ENTITY_TOO_LARGE": Refusal("413", "The body is too large.", ("PAYLOAD_TOO_LARGE",)),
    "UNSUPPORTED_MEDIA_TYPE": Refusal(
        "415", "The body is of a kind that is not read here.", ("UNSUPPORTED_MEDIA_TYPE",)
    ),
    "UNPROCESSABLE_ENTITY": Refusal("422", "The key was used for another call.", ("IDEMPOTENCY_MISMATCH",)),
    "TOO_MANY_REQUESTS": Refusal("429", "Too many calls.", ("RATE_LIMITED",), is_for_later=True),
    "INTERNAL_SERVER_ERROR": Refusal(
        "500",
        "Stripe refused to open the payment (`PAYMENT_FAILED`), or an error of ours.",
        ("PAYMENT_FAILED", "INTERNAL_ERROR"),
    ),
    "BAD_GATEWAY": Refusal("502", "The tenant has no Stripe key that works.", ("STRIPE_CONFIG_ERROR",)),
    "SERVICE_UNAVAILABLE": Refusal(
        "503",
        "Something that is needed is out of reach; the same call may be repeated with the same key.",
        ("STRIPE_UNAVAILABLE", "STORAGE_UNAVAILABLE", "SERVICE_UNAVAILABLE"),
        is_for_later=True,
    ),
}
