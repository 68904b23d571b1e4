"""All errors that callers see: one class tree, each class with its HTTP status and stable code."""

from collections.abc import Mapping
from http import HTTPStatus

#: Seconds: longer than most calls to Stripe take, so that a slot is free by then.
_BUSY_RETRY_AFTER = 5


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


class InvalidQuantity(InvalidRequest):
    code = "INVALID_QUANTITY"


class UnitsOutOfRange(InvalidQuantity):
    """Fewer than no units, or more than `largest`, would be on hand."""


class InvalidCart(InvalidRequest):
    code = "INVALID_CART"


class InvalidNote(InvalidRequest):
    """The note on an order is empty or too long."""


class MissingConsent(InvalidRequest):
    """The shop requires a consent of the buyer that the sale lacks; `fields` names it."""

    code = "MISSING_CONSENT"


class EditedInDashboard(InvalidRequest):
    """A catalog file would overwrite what an operator has changed in the dashboard; nothing was changed."""

    code = "INVALID_CATALOG"


class InvalidIdempotencyKey(InvalidRequest):
    code = "INVALID_IDEMPOTENCY_KEY"


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


class ProductNotFound(NotFound):
    code = "PRODUCT_NOT_FOUND"


class LevelNotFound(NotFound):
    code = "LEVEL_NOT_FOUND"


class OrderNotFound(NotFound):
    code = "ORDER_NOT_FOUND"


class ReceiptNotFound(NotFound):
    """The tenant has no such receipt or credit note."""


class CustomerNotFound(NotFound):
    code = "CUSTOMER_NOT_FOUND"


class GrantNotFound(NotFound):
    """There is no access grant that could be revoked or restored."""

    code = "GRANT_NOT_FOUND"


class TenantNotFound(NotFound):
    pass


class Conflict(LumiraError):
    status = HTTPStatus.CONFLICT
    code = "CONFLICT"


class NotErasable(Conflict):
    """The customer has an open order, refund or dispute; the message names it. Nothing was changed."""

    code = "NOT_ERASABLE"


class PriceChanged(Conflict):
    """The catalog has another price than the buyer has seen; nothing was opened."""


class OutOfStock(Conflict):
    code = "OUT_OF_STOCK"


class NotRefundable(Conflict):
    """Nothing is refundable, less than requested is refundable, or Stripe refuses the refund."""

    code = "NOT_REFUNDABLE"


class RefundRepeated(Conflict):
    """An equal refund is under way or was just made, and the command does not say that it is another one."""


class KeyCreatedBefore(Conflict):
    """A call that creates an API key was repeated; `digits` identify the key, which was shown once."""


class NotWithdrawable(Conflict):
    """The buyer cannot withdraw from these units, or no withdrawal waits for a decision."""


class WithdrawalsChanged(NotWithdrawable):
    """Other withdrawals wait than those that the operator has seen."""


class NotMergeable(Conflict):
    """Two customers cannot be merged: they are the same, or one of them was merged or erased before."""

    code = "NOT_MERGEABLE"


class NotGrantable(Conflict):
    """The product is a physical product: access exists for digital products and levels only."""

    code = "NOT_GRANTABLE"


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


class PaymentFailed(LumiraError):
    """Stripe refused to open the payment; the order stays, failed, with the reason."""

    status = HTTPStatus.INTERNAL_SERVER_ERROR
    code = "PAYMENT_FAILED"


class StripeConfigError(LumiraError):
    """The tenant has no Stripe key that works; `stripe_message` is Stripe's own sentence, if Stripe refused the key."""

    status = HTTPStatus.BAD_GATEWAY
    code = "STRIPE_CONFIG_ERROR"
    stripe_message: str | None = None


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


class ServiceUnavailable(LumiraError):
    """The database is not reachable; nothing was changed. The call is safe to repeat."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "SERVICE_UNAVAILABLE"


class SignInRefused(Unauthorized):
    """The e-mail address, the password or the code of an operator is wrong; nothing says which."""


class OperatorNotFound(NotFound):
    """There is no such operator, or not at this tenant."""


class InvitationNotFound(NotFound):
    """There is no such open invitation."""


class LinkEnded(NotFound):
    """The link to set up an account is unknown, was used, or has ended."""


class RefusedPassword(InvalidRequest):
    """The new password is too short or easy to guess; `reason` says which."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"This password cannot be used: {reason.replace('_', ' ')}.")
        self.reason = reason


class WrongCode(InvalidRequest):
    """The one-time code is not that of the shown secret, or too old."""


class LastOwner(Conflict):
    """The tenant would be left without an owner; nothing was changed."""


class CatalogError(LumiraError):
    """A catalog file cannot be applied; the message names the line or the key."""

    status = HTTPStatus.BAD_REQUEST
    code = "INVALID_CATALOG"


class ProductIdTaken(Conflict):
    """The tenant has another product with this id."""


class LevelNumberTaken(Conflict):
    """Another product of the tenant has this level number."""


class ChangedMeanwhile(Conflict):
    """Another operator changed what a form shows, after the form was opened. Nothing was changed."""


class TenantNameTaken(Conflict):
    """Another tenant has the slug or the order prefix of the new tenant."""


class NotCancelable(Conflict):
    """The order does not wait for a payment: it is paid, cancelled, or under review."""


class UnitsReserved(Conflict):
    """Fewer units would be on hand than are reserved; `reserved` is their number."""


class NotUnderReview(Conflict):
    """The order is not under review."""


class BuyerUnknown(Conflict):
    """The order has no e-mail address of its buyer."""


class BuyerErased(Conflict):
    """The personal data of the order's buyer was erased, and none are recorded again."""


class AddressUnchanged(Conflict):
    """The order has this e-mail address already."""


class MessageBeingSent(Conflict):
    """A message of the order is being sent at this moment."""


class MessageOutdated(Conflict):
    """The message is no longer true of its order, or its mailbox got one of its kind today."""


class NoWorkDue(Conflict):
    """No work on a deliverable is due: the order is unpaid, refunded, disputed or erased."""


class AlreadyClaimed(Conflict):
    """Another operator works on the deliverable."""


class AlreadyDelivered(Conflict):
    """The deliverable is delivered, and its buyer notified."""


class NoFileYet(Conflict):
    """The deliverable has no file that could be delivered."""


class PayloadRemoved(Conflict):
    """The event was handled long ago: its payload was removed, and it cannot be processed again."""


class WebhookRejected(LumiraError):
    """The delivery is not an event that Stripe signed for this tenant."""

    status = HTTPStatus.BAD_REQUEST
    code = "WEBHOOK_REJECTED"


class RequestTimedOut(LumiraError):
    """The body did not arrive in time; nothing was changed."""

    status = HTTPStatus.REQUEST_TIMEOUT
    code = "REQUEST_TIMEOUT"


class UnsupportedMediaType(LumiraError):
    """The body has a content type that the route does not accept."""

    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    code = "UNSUPPORTED_MEDIA_TYPE"


class InvalidFile(InvalidRequest):
    """The file has a type that is not accepted, or its content does not match its name."""

    code = "INVALID_FILE"


class FileTooLarge(LumiraError):
    """The file exceeds the size limit; nothing was stored."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    code = "PAYLOAD_TOO_LARGE"


class FileMissing(NotFound):
    """The file does not exist, or was deleted."""


class StorageUnavailable(LumiraError):
    """The file storage is not reachable; nothing was changed. The call is safe to repeat."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "STORAGE_UNAVAILABLE"


class RenderingUnavailable(LumiraError):
    """The document cannot be rendered. Nothing was changed."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "RENDERING_UNAVAILABLE"


class RenderingBusy(LumiraError):
    """All rendering processes are in use. Nothing was changed; the call is safe to repeat."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "RENDERING_BUSY"


class AccessEnded(LumiraError):
    """The buyer's access to the file has ended."""

    status = HTTPStatus.FORBIDDEN
    code = "ACCESS_ENDED"


class MailRefused(Conflict):
    """An operator's test e-mail was not accepted by the mail server; `why` is its reply."""

    code = "MAIL_REFUSED"


class LastWebhookSecret(Conflict):
    """Without a webhook secret every delivery of Stripe's would be refused."""


class NoPublicUrl(Conflict):
    """`PUBLIC_URL` is not set, so no link to this installation can be built."""

    code = "NO_PUBLIC_URL"
