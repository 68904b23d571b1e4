"""Stripe's test cards and bank accounts, and the outcome when each is charged."""

from dataclasses import dataclass, replace

_DECLINED = "Your card was declined."


@dataclass(frozen=True)
class Decline:
    """A decline: Stripe's error code, the bank's decline code, and the message for the buyer."""

    code: str
    decline_code: str | None
    message: str
    advice_code: str | None = None


@dataclass(frozen=True)
class TestDispute:
    """A dispute that follows a payment: Stripe's reason, and the dispute's first status."""

    reason: str
    status: str = "needs_response"


@dataclass(frozen=True)
class Instrument:
    """One test card or bank account."""

    type: str
    number: str
    brand: str = "visa"
    funding: str = "credit"
    country: str = "US"
    #: Declined when charged, or after the delay.
    decline: Decline | None = None
    #: The buyer must authenticate before the charge.
    requires_authentication: bool = False
    #: The outcome is delayed; if ``slow``, by minutes rather than seconds.
    delayed: bool = False
    slow: bool = False
    #: The disputes that follow the payment.
    disputes: tuple[TestDispute, ...] = ()
    #: The card's issuer reports the payment as fraud.
    is_reported_as_fraud: bool = False
    #: A refund is pending before it succeeds, or succeeds before it fails; otherwise it succeeds at once.
    refund_is_pending: bool = False
    refund_fails: bool = False

    @property
    def last4(self) -> str:
        """The last four digits."""
        return self.number[-4:]


GENERIC = Decline("card_declined", "generic_decline", _DECLINED, "try_again_later")
INSUFFICIENT = Decline(
    "card_declined", "insufficient_funds", "Your card has insufficient funds.", "try_again_later"
)
LOST = Decline("card_declined", "lost_card", _DECLINED, "do_not_try_again")
STOLEN = Decline("card_declined", "stolen_card", _DECLINED, "do_not_try_again")
VELOCITY = Decline(
    "card_declined", "card_velocity_exceeded", "Your card was declined for making repeated attempts too "
    "frequently or exceeding its amount limit.", "try_again_later",
)  # fmt: skip
EXPIRED = Decline("expired_card", None, "Your card has expired.", "confirm_card_data")
WRONG_CVC = Decline("incorrect_cvc", None, "Your card's security code is incorrect.", "confirm_card_data")
PROCESSING = Decline(
    "processing_error", None, "An error occurred while processing your card. Try again in a little bit.",
    "try_again_later",
)  # fmt: skip
AUTHENTICATION_REQUIRED = Decline(
    "authentication_required", "authentication_required",
    "Your card was declined. This transaction requires authentication.",
)  # fmt: skip
BANK_REFUSED = Decline(
    "generic_could_not_process", None, "The transaction can't be processed by the customer's bank."
)
NO_FUNDS = Decline(
    "insufficient_funds", None, "The customer's account has insufficient funds to cover this payment."
)
CLOSED = Decline("account_closed", None, "The customer's bank account has been closed.")
NO_ACCOUNT = Decline("no_account", None, "The customer's bank account could not be located.")
FRAUDULENT = TestDispute("fraudulent")
NOT_RECEIVED = TestDispute("product_not_received")
#: A bank returns a debit without an inquiry: the dispute is already lost when it is created.
DEBIT_RETURNED = TestDispute("debit_not_authorized", "lost")


def _card(number: str, **more: object) -> Instrument:
    return replace(Instrument("card", number), **more)  # type: ignore[arg-type]


_CARDS = (
    _card("4242424242424242"),
    _card("4000056655665556", funding="debit"),
    _card("5555555555554444", brand="mastercard"),
    _card("5200828282828210", brand="mastercard", funding="debit"),
    _card("5105105105105100", brand="mastercard", funding="prepaid"),
    _card("378282246310005", brand="amex"),
    _card("6011111111111117", brand="discover"),
    _card("3056930009020004", brand="diners"),
    _card("3566002020360505", brand="jcb"),
    _card("6200000000000005", brand="unionpay"),
    _card("4000002500001001", country="FR"),
    _card("4000000000000077"),
    _card("4000000000000002", decline=GENERIC),
    _card("4000000000009995", decline=INSUFFICIENT),
    _card("4000000000009987", decline=LOST),
    _card("4000000000009979", decline=STOLEN),
    _card("4000000000006975", decline=VELOCITY),
    _card("4000000000000069", decline=EXPIRED),
    _card("4000000000000127", decline=WRONG_CVC),
    _card("4000000000000119", decline=PROCESSING),
    _card("4000000000000341", decline=GENERIC),
    _card("4000002500003155", requires_authentication=True),
    _card("4000002760003184", requires_authentication=True),
    _card("4000000000003220", requires_authentication=True),
    _card("4000000000003063", requires_authentication=True),
    _card("4000008260003178", requires_authentication=True, decline=INSUFFICIENT),
    _card("4000008400001629", requires_authentication=True, decline=GENERIC),
    _card("4000000000000259", disputes=(FRAUDULENT,)),
    _card("4000000000002685", disputes=(NOT_RECEIVED,)),
    _card("4000000000001976", disputes=(TestDispute("fraudulent", "warning_needs_response"),)),
    _card("4000000404000079", disputes=(FRAUDULENT, NOT_RECEIVED)),
    _card("4000000000005423", is_reported_as_fraud=True),
    _card("4000000000007726", refund_is_pending=True),
    _card("4000000000005126", refund_fails=True),
)
CARDS = {card.number: card for card in _CARDS}

_CARD_NAMES = {
    "visa": "4242424242424242",
    "visa_debit": "4000056655665556",
    "mastercard": "5555555555554444",
    "mastercard_debit": "5200828282828210",
    "mastercard_prepaid": "5105105105105100",
    "amex": "378282246310005",
    "discover": "6011111111111117",
    "diners": "3056930009020004",
    "jcb": "3566002020360505",
    "unionpay": "6200000000000005",
    "fr": "4000002500001001",
    "bypassPending": "4000000000000077",
    "visa_chargeDeclined": "4000000000000002",
    "chargeDeclined": "4000000000000002",
    "visa_chargeDeclinedInsufficientFunds": "4000000000009995",
    "chargeDeclinedInsufficientFunds": "4000000000009995",
    "visa_chargeDeclinedLostCard": "4000000000009987",
    "visa_chargeDeclinedStolenCard": "4000000000009979",
    "visa_chargeDeclinedVelocityLimitExceeded": "4000000000006975",
    "chargeDeclinedExpiredCard": "4000000000000069",
    "chargeDeclinedIncorrectCvc": "4000000000000127",
    "chargeDeclinedProcessingError": "4000000000000119",
    "chargeCustomerFail": "4000000000000341",
    "authenticationRequiredOnSetup": "4000002500003155",
    "authenticationRequired": "4000002760003184",
    "authenticationRequiredChargeDeclinedInsufficientFunds": "4000008260003178",
    "threeDSecure2Required": "4000000000003220",
    "threeDSecureRequired": "4000000000003063",
    "threeDSecureRequiredChargeDeclined": "4000008400001629",
    "createDispute": "4000000000000259",
    "createDisputeProductNotReceived": "4000000000002685",
    "createDisputeInquiry": "4000000000001976",
    "createMultipleDisputes": "4000000404000079",
    "createIssuerFraudRecord": "4000000000005423",
    "pendingRefund": "4000000000007726",
    "refundFail": "4000000000005126",
}

#: The outcomes of Stripe's test IBANs, in the order of the IBANs of each country below.
_SEPA_OUTCOMES: dict[str, dict[str, object]] = {
    "success": {},
    "successDelayed": {"slow": True},
    "failed": {"decline": BANK_REFUSED},
    "failedDelayed": {"decline": BANK_REFUSED, "slow": True},
    "disputed": {"disputes": (DEBIT_RETURNED,)},
}
_IBANS = {
    "de": ("DE89370400440532013000", "DE08370400440532013003", "DE62370400440532013001",
           "DE78370400440532013004", "DE35370400440532013002"),
    "at": ("AT611904300234573201", "AT321904300235473204", "AT861904300235473202",
           "AT051904300235473205", "AT591904300235473203"),
    "fr": ("FR1420041010050500013M02606", "FR3020041010050500013M02609", "FR8420041010050500013M02607",
           "FR7920041010050500013M02600", "FR5720041010050500013M02608"),
    "es": ("ES0700120345030000067890", "ES1700120345030000067892", "ES9121000418450200051332",
           "ES1700120345030000067893", "ES9100120345030000067894"),
    "nl": ("NL39RABO0300065264", "NL55RABO0300065268", "NL91ABNA0417164300", "NL28RABO0300065269",
           "NL82RABO0300065267"),
}  # fmt: skip


def _sepa(iban: str, **more: object) -> Instrument:
    debit = Instrument("sepa_debit", iban, country=iban[:2], delayed=True, refund_is_pending=True)
    return replace(debit, **more)  # type: ignore[arg-type]


IBANS = {
    iban: _sepa(iban, **outcome)
    for ibans in _IBANS.values()
    for iban, outcome in zip(ibans, _SEPA_OUTCOMES.values(), strict=True)
}

_US_BANK = Instrument("us_bank_account", "000123456789", delayed=True, refund_is_pending=True)
US_BANK_ACCOUNTS = {
    "000123456789": _US_BANK,
    "000111111113": replace(_US_BANK, number="000111111113", decline=CLOSED),
    "000111111116": replace(_US_BANK, number="000111111116", decline=NO_ACCOUNT),
    "000222222227": replace(_US_BANK, number="000222222227", decline=NO_FUNDS),
    "000555555559": replace(_US_BANK, number="000555555559", disputes=(DEBIT_RETURNED,)),
    "000000000009": replace(_US_BANK, number="000000000009", slow=True),
}

#: A bank transfer has no test number: the buyer's bank sends the money, or never does.
BANK_TRANSFER = Instrument("customer_balance", "bank_transfer", refund_is_pending=True)

#: Stripe's own names for test payment methods.
NAMED = {
    **{f"pm_card_{name}": CARDS[number] for name, number in _CARD_NAMES.items()},
    **{
        f"pm_{outcome}_{country}": IBANS[iban]
        for country, ibans in _IBANS.items()
        for outcome, iban in zip(_SEPA_OUTCOMES, ibans, strict=True)
    },
    "pm_usBankAccount_success": _US_BANK,
    "pm_usBankAccount": _US_BANK,
    "pm_usBankAccount_accountClosed": US_BANK_ACCOUNTS["000111111113"],
    "pm_usBankAccount_noAccount": US_BANK_ACCOUNTS["000111111116"],
    "pm_usBankAccount_insufficientFunds": US_BANK_ACCOUNTS["000222222227"],
    "pm_usBankAccount_dispute": US_BANK_ACCOUNTS["000555555559"],
    "pm_usBankAccount_processing": US_BANK_ACCOUNTS["000000000009"],
}

#: What a buyer can choose on a Checkout Session's page; Stripe has no test name for a bank transfer.
SELECTABLE = {**NAMED, "customer_balance": BANK_TRANSFER}


def get_instrument(kind: str, number: str) -> Instrument:
    """Return the test instrument of a payment method's type and number."""
    if kind == BANK_TRANSFER.type:
        return BANK_TRANSFER
    instruments = {"card": CARDS, "sepa_debit": IBANS, "us_bank_account": US_BANK_ACCOUNTS}
    return instruments[kind][number]
