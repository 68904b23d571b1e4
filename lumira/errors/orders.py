"""Errors about orders: what cannot be bought, refunded, withdrawn from, sent or changed."""

from lumira.errors import Conflict, InvalidRequest, NotFound


class InvalidQuantity(InvalidRequest):
    code = "INVALID_QUANTITY"


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


class OrderNotFound(NotFound):
    code = "ORDER_NOT_FOUND"


class ReceiptNotFound(NotFound):
    """The tenant has no such receipt or credit note."""


class GrantNotFound(NotFound):
    """There is no access grant that could be revoked or restored."""

    code = "GRANT_NOT_FOUND"


class NotRefundable(Conflict):
    """Nothing is refundable, less than requested is refundable, or Stripe refuses the refund."""

    code = "NOT_REFUNDABLE"


class RefundRepeated(Conflict):
    """An equal refund is under way or was just made, and the command does not say that it is another one."""


class NotWithdrawable(Conflict):
    """The buyer cannot withdraw from these units, or no withdrawal waits for a decision."""


class WithdrawalsChanged(NotWithdrawable):
    """Other withdrawals wait than those that the operator has seen."""


class NotGrantable(Conflict):
    """The product is a physical product: access exists for digital products and levels only."""

    code = "NOT_GRANTABLE"


class NotCancelable(Conflict):
    """The order does not wait for a payment: it is paid, cancelled, or under review."""


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
