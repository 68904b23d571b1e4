"""What buyers, banks and the shop do with a purchase, and how often each."""

from enum import StrEnum


class Story(StrEnum):
    """The behaviour of a buyer until the payment is made."""

    PAYS = "pays"
    CLICKS_TWICE = "clicks twice"
    DECLINED_THEN_PAYS = "declined, then pays"
    DECLINED = "declined for good"
    AUTHENTICATES = "authenticates and pays"
    REFUSED_THEN_PAYS = "fails to authenticate, then pays"
    REFUSED = "fails to authenticate"
    LEAVES_AUTHENTICATION = "leaves the authentication open"
    DEBIT = "debit that succeeds"
    DEBIT_FAILS = "debit that fails"
    DEBIT_FAILS_THEN_PAYS = "debit that fails, then pays by card"
    DEBIT_DISPUTED = "debit that is disputed"
    ABANDONS = "never pays"
    LETS_SESSION_EXPIRE = "lets the Checkout Session expire"
    DECLINED_LETS_SESSION_EXPIRE = "declined, then lets the Checkout Session expire"
    RETURNS_AFTER_EXPIRY = "returns after the Checkout Session expired and pays in the next one"
    FREE = "requests a free level several times at once"


class AfterPayment(StrEnum):
    """What happens to a payment after it succeeded."""

    NOTHING = "nothing"
    REFUNDED = "refunded"
    REFUNDED_IN_PARTS = "partially refunded twice"
    REFUNDED_WHOLLY_IN_PARTS = "fully refunded in three refunds"
    REFUND_PENDING = "a refund that is pending for seconds"
    REFUND_FAILS = "a refund that fails after it succeeded"
    REFUND_FAILS_THEN_AGAIN = "a refund that fails while pending, then another"
    INQUIRY = "an inquiry that is closed"
    INQUIRY_ESCALATES = "an inquiry that becomes a dispute"
    DISPUTED = "a dispute that stays open"
    DISPUTE_WON = "a dispute that is won"
    DISPUTE_LOST = "a dispute that is lost"
    DISPUTE_PARTLY_LOST = "a partial dispute that is lost"
    REFUNDED_THEN_DISPUTED = "partially refunded, then a dispute that is lost"


class Parcels(StrEnum):
    """What the shop does with the goods of a paid order."""

    NOTHING = "not shipped"
    SHIPPED = "shipped"
    IN_PARTS = "shipped in two parcels"
    CANCELLED = "a parcel that is cancelled, then another"
    DELIVERED = "shipped and delivered"
    RETURNED = "a unit comes back"
    RETURNED_DAMAGED = "a damaged unit comes back"
    RETURNED_REFUNDED = "a unit comes back and is refunded"


#: Stories that end with an immediate card payment, after which refunds and disputes may follow.
PAID_BY_CARD = (Story.PAYS, Story.CLICKS_TWICE, Story.DECLINED_THEN_PAYS, Story.AUTHENTICATES)

#: Stories with a second attempt, which finds the product sold out if the first one released its units.
RETRIES = (Story.DECLINED_THEN_PAYS, Story.REFUSED_THEN_PAYS, Story.DEBIT_FAILS_THEN_PAYS)

STORIES = {
    Story.PAYS: 44, Story.CLICKS_TWICE: 5, Story.DECLINED_THEN_PAYS: 8, Story.DECLINED: 5,
    Story.AUTHENTICATES: 8, Story.REFUSED_THEN_PAYS: 2, Story.REFUSED: 2, Story.LEAVES_AUTHENTICATION: 2,
    Story.DEBIT: 6, Story.DEBIT_FAILS: 3, Story.DEBIT_FAILS_THEN_PAYS: 2, Story.DEBIT_DISPUTED: 1,
    Story.ABANDONS: 5, Story.FREE: 7,
}  # fmt: skip
#: The same for Checkout Sessions, which end with a failed debit.
CHECKOUT_STORIES = {
    Story.PAYS: 46, Story.CLICKS_TWICE: 6, Story.DECLINED_THEN_PAYS: 8, Story.DECLINED: 3,
    Story.AUTHENTICATES: 8, Story.REFUSED_THEN_PAYS: 2, Story.LEAVES_AUTHENTICATION: 2, Story.DEBIT: 6,
    Story.DEBIT_FAILS: 4, Story.ABANDONS: 3, Story.LETS_SESSION_EXPIRE: 5, Story.DECLINED_LETS_SESSION_EXPIRE: 3,
    Story.RETURNS_AFTER_EXPIRY: 4,
}  # fmt: skip
AFTER_PAYMENT = {
    AfterPayment.NOTHING: 66, AfterPayment.REFUNDED: 7, AfterPayment.REFUNDED_IN_PARTS: 5,
    AfterPayment.REFUNDED_WHOLLY_IN_PARTS: 3, AfterPayment.REFUND_PENDING: 3, AfterPayment.REFUND_FAILS: 3,
    AfterPayment.REFUND_FAILS_THEN_AGAIN: 2, AfterPayment.INQUIRY: 2, AfterPayment.INQUIRY_ESCALATES: 1,
    AfterPayment.DISPUTED: 2, AfterPayment.DISPUTE_WON: 2, AfterPayment.DISPUTE_LOST: 2,
    AfterPayment.DISPUTE_PARTLY_LOST: 1, AfterPayment.REFUNDED_THEN_DISPUTED: 1,
}  # fmt: skip
PARCELS = {
    Parcels.NOTHING: 3, Parcels.SHIPPED: 3, Parcels.IN_PARTS: 2, Parcels.CANCELLED: 1, Parcels.DELIVERED: 2,
    Parcels.RETURNED: 2, Parcels.RETURNED_DAMAGED: 1, Parcels.RETURNED_REFUNDED: 2,
}  # fmt: skip
#: Refunds that can be requested from Lumira as well as made in Stripe's Dashboard.
REFUNDS = (
    AfterPayment.REFUNDED,
    AfterPayment.REFUNDED_IN_PARTS,
    AfterPayment.REFUNDED_WHOLLY_IN_PARTS,
    AfterPayment.REFUND_PENDING,
    AfterPayment.REFUND_FAILS,
)
