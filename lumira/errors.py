"""Errors that callers see: one class tree, each with its HTTP status and stable code. Some have files of their own."""

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


class InvalidPromotionTerms(InvalidRequest):
    """The terms of a promotion code are refused; `problems` has a key of `domain.promotion_terms.PROBLEMS` by field."""


class InvalidQuantity(InvalidRequest):
    code = "INVALID_QUANTITY"


class UnitsOutOfRange(InvalidQuantity):
    """Fewer than no units, or more than `largest`, would be on hand."""


class InvalidCart(InvalidRequest):
    code = "INVALID_CART"


class InvalidNote(InvalidRequest):
    """The note on an order is empty or too long."""


class InvalidPromotionCode(InvalidRequest):
    """The promotion code does not count for this order; `why` is a `domain.promotions.WhyNot`. Nothing was opened."""

    code = "INVALID_PROMOTION_CODE"


class MissingConsent(InvalidRequest):
    """The shop requires a consent of the buyer that the sale lacks; `fields` names it."""

    code = "MISSING_CONSENT"


class MissingAddress(InvalidRequest):
    """Goods are sent, and the address, or the country that decides the postage, is missing."""

    code = "MISSING_ADDRESS"


class InvalidAddress(InvalidRequest):
    """A parcel cannot be sent to the address; `fields` names what it lacks."""

    code = "INVALID_ADDRESS"


class CountryNotServed(InvalidRequest):
    """The shop does not send goods to the country."""

    code = "COUNTRY_NOT_SERVED"


class DomainTaken(InvalidRequest):
    """A domain belongs to another tenant; nothing was changed."""


class ReservedDomain(InvalidRequest):
    """A domain is the installation's own, which all tenants share, or above or below it; nothing was changed."""


class RelatedDomain(InvalidRequest):
    """A domain is above or below one of another tenant, as `www.` is; nothing was changed."""


class NoPublicDomain(InvalidRequest):
    """A domain is an IP address, or a name that no public DNS has; nothing was changed."""


class OwnHostUnknown(InvalidRequest):
    """Without PUBLIC_URL it is unknown which domain is the installation's own; nothing was changed."""


class ConnectHasNoEndpoint(InvalidRequest):
    """The tenant is a Connect account: the platform's endpoint receives its events; nothing was changed."""


class AddressUnknown(InvalidRequest):
    """Stripe has no address to deliver events to: PUBLIC_URL is not set and the tenant has no domain."""


class EditedInDashboard(InvalidRequest):
    """A catalog file would overwrite what an operator has changed in the dashboard; nothing was changed."""

    code = "INVALID_CATALOG"


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


class ProductNotFound(NotFound):
    code = "PRODUCT_NOT_FOUND"


class LevelNotFound(NotFound):
    code = "LEVEL_NOT_FOUND"


class ProductGroupNotFound(NotFound):
    """No product of the group is on sale, or there is no such group."""


class PromotionNotFound(NotFound):
    """The tenant has no such promotion code."""


class OrderNotFound(NotFound):
    code = "ORDER_NOT_FOUND"


class DisputeNotFound(NotFound):
    """The tenant has no such dispute."""


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


class BooksBusy(Conflict):
    """Another export of the tenant is being booked, and has not ended for minutes."""


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


class KeyReplacedBefore(Conflict):
    """The API key was replaced already; `digits` identify the key that replaces it."""


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


class CatalogError(LumiraError):
    """A catalog file cannot be applied; the message names the line or the key."""

    status = HTTPStatus.BAD_REQUEST
    code = "INVALID_CATALOG"


class ProductIdTaken(Conflict):
    """The tenant has another product with this id."""


class GroupIdTaken(Conflict):
    """The tenant has another group of products with this id."""


class OptionsInUse(Conflict):
    """A variant on sale has an option or a value that its group would lack."""


class CombinationTaken(Conflict):
    """Another product of the group has these options."""


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


class EvidenceRefused(Conflict):
    """No response to the dispute can be sent, or Stripe refuses it; `reason` is a `NoResponse`, or `stripe`."""


class NoOpenWarning(Conflict):
    """The order has no open fraud warning."""


class NotUnderReview(Conflict):
    """The order is not under review."""


class BuyerUnknown(Conflict):
    """The order has no e-mail address of its buyer."""


class BuyerErased(Conflict):
    """The personal data of the order's buyer was erased, and none are recorded again."""


class NothingSent(Conflict):
    """Nothing of the order is sent by post: it has no delivery address."""


class AlreadyShipped(Conflict):
    """A parcel of the order is on its way: its address cannot be changed any more."""


class AddressUnchanged(Conflict):
    """The order has this e-mail address already."""


class MessageBeingSent(Conflict):
    """A message of the order is being sent at this moment."""


class MessageOutdated(Conflict):
    """The message is no longer true of its order, or its mailbox got one of its kind today."""


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


class MailRefused(Conflict):
    """An operator's test e-mail was not accepted by the mail server; `why` is its reply."""

    code = "MAIL_REFUSED"


class LastWebhookSecret(Conflict):
    """Without a webhook secret every delivery of Stripe's would be refused."""


class NoPublicUrl(Conflict):
    """`PUBLIC_URL` is not set, so no link to this installation can be built."""

    code = "NO_PUBLIC_URL"
