"""Why a record is not written to the CRM: the causes that Dolibarr names, and Lumira's own."""

from enum import StrEnum


class CrmReason(StrEnum):
    """The stable codes; the first ones are those of the client (`RefusalReason`)."""

    WRONG_KEY = "wrong_key"
    MISSING_RIGHT = "missing_right"
    MODULE_OFF = "module_off"
    NOT_DOLIBARR = "not_dolibarr"
    REDIRECTED = "redirected"
    BAD_URL = "bad_url"
    PRIVATE_ADDRESS = "private_address"
    UNKNOWN_EXTRA_FIELD = "unknown_extra_field"
    MISSING_FIELD = "missing_field"
    BAD_FIELD = "bad_field"
    TOO_LONG = "too_long"
    EMAIL_TAKEN = "email_taken"
    OVERPAID = "overpaid"
    NOT_FOUND = "not_found"
    IN_USE = "in_use"
    NOT_UNIQUE = "not_unique"
    BLOCKED = "blocked"
    OTHER = "other"

    #: Dolibarr cannot be reached, or does not answer.
    UNAVAILABLE = "unavailable"
    #: The connection lacks a key, a bank account, a payment type, or a check.
    NOT_SET_UP = "not_set_up"
    #: Lumira's own encryption key is not the one that the stored key was encrypted with.
    KEY_UNREADABLE = "key_unreadable"

    #: Several third parties have the customer's address: an operator chooses one.
    SEVERAL_THIRD_PARTIES = "several_third_parties"
    #: Dolibarr has a record with our id and does not show it.
    DUPLICATE = "duplicate"
    #: The sale is in another currency than Dolibarr.
    CURRENCY_DIFFERS = "currency_differs"
    #: A document in Dolibarr has another total than what was charged or refunded.
    TOTAL_DIFFERS = "total_differs"
    #: The order was cancelled in Dolibarr.
    ORDER_CANCELED = "order_canceled"
    #: The invoice that a credit note is about is not in Dolibarr.
    INVOICE_MISSING = "invoice_missing"
    #: The invoice was abandoned in Dolibarr.
    INVOICE_ABANDONED = "invoice_abandoned"
    #: The invoice was paid in Dolibarr by another payment.
    PAID_ELSEWHERE = "paid_elsewhere"
    #: The payment is entered twice in Dolibarr.
    PAID_TWICE = "paid_twice"
    #: Dolibarr does not accept the payout of a credit note: versions before July 2025 do not.
    PAYOUT_REFUSED = "payout_refused"
    #: More was refunded than what remains of the invoice.
    EXCEEDS_INVOICE = "exceeds_invoice"
    #: The program failed while it wrote the record.
    PROGRAM_ERROR = "program_error"
    #: The attempts failed for causes that usually pass, too often.
    GAVE_UP = "gave_up"

    @property
    def stops_all(self) -> bool:
        """Whether it is about the connection and not about one record: nothing is written until it has ended."""
        return self in _OF_CONNECTION


_OF_CONNECTION = frozenset(
    (
        CrmReason.WRONG_KEY,
        CrmReason.MISSING_RIGHT,
        CrmReason.MODULE_OFF,
        CrmReason.REDIRECTED,
        CrmReason.BAD_URL,
        CrmReason.PRIVATE_ADDRESS,
        CrmReason.UNKNOWN_EXTRA_FIELD,
        CrmReason.UNAVAILABLE,
        CrmReason.NOT_SET_UP,
        CrmReason.KEY_UNREADABLE,
    )
)
