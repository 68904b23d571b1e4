"""Errors of calls to Stripe: refused, not permitted, or without a known outcome."""

from http import HTTPStatus

from lumira.errors import LumiraError

#: Seconds: longer than most calls to Stripe take, so that a slot is free by then.
_BUSY_RETRY_AFTER = 5


class PaymentFailed(LumiraError):
    """Stripe refused to open the payment; the order stays, failed, with the reason."""

    status = HTTPStatus.INTERNAL_SERVER_ERROR
    code = "PAYMENT_FAILED"


class StripeConfigError(LumiraError):
    """The tenant has no Stripe key that works; `stripe_message` is Stripe's own sentence, if Stripe refused the key."""

    status = HTTPStatus.BAD_GATEWAY
    code = "STRIPE_CONFIG_ERROR"
    stripe_message: str | None = None


class StripeKeyUnreadable(StripeConfigError):
    """The tenant's stored credentials cannot be decrypted with the keys of the installation."""


class OtherStripeMode(StripeConfigError):
    """The payment is of another mode than the tenant's key: other payments may be of the key's mode."""


class StripePermissionMissing(StripeConfigError):
    """The tenant's key works, but lacks the permission for this call: other calls may succeed.

    `permission` is Stripe's name of it, such as `rak_customer_write`, `operation` the call that lacks it, and
    `stripe_message` Stripe's own sentence.
    """

    def __init__(self, *, permission: str, operation: str, stripe_message: str, tenant: str) -> None:
        super().__init__(f"This shop's Stripe key lacks the permission {permission}.", tenant=tenant)
        self.permission = permission
        self.operation = operation
        self.stripe_message = stripe_message


class StripeUnavailable(LumiraError):
    """Stripe did not respond, or with an error of its own; the outcome is unknown. The call is safe to repeat."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "STRIPE_UNAVAILABLE"


class StripeBusy(StripeUnavailable):
    """As many calls as this process permits wait for Stripe; this one was not made. The request is safe to repeat."""

    def __init__(self) -> None:
        super().__init__(
            "Too many calls are waiting for Stripe: repeat the request with the same idempotency key.",
            retry_after=_BUSY_RETRY_AFTER,
        )
