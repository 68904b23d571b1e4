"""What the entries of a period must equal: the documents, the balance at Stripe, and the payouts.

Makes no query and changes nothing. Amounts are minor units of the books' currency.
"""

from dataclasses import dataclass
from enum import StrEnum


class Compared(StrEnum):
    """What is compared, or counted because it is not booked."""

    #: Receipts less credit notes.
    SALES = "sales"
    #: The VAT of one rate.
    VAT = "vat"
    #: What moved on the balance at Stripe.
    STRIPE = "stripe"
    #: What arrived in the bank account.
    BANK = "bank"
    #: Documents that are not booked: in another currency, and Stripe has reported no amount in euros.
    UNBOOKED_DOCUMENTS = "unbooked_documents"
    #: Movements of the balance in another currency.
    OTHER_CURRENCY = "other_currency"
    #: Movements that Stripe has announced and whose figures are not known.
    UNREAD = "unread"
    #: What is of no order and no fee, and waits for the accountant.
    SUSPENSE = "suspense"


@dataclass(frozen=True, slots=True)
class Comparison:
    """One line of the check: what the facts say and what is booked; for what is only counted, a number and 0."""

    what: Compared
    expected: int
    booked: int
    #: The VAT rate in percent.
    detail: str = ""

    @property
    def is_remark(self) -> bool:
        """Whether it is no difference, but something that the accountant has to know."""
        return self.what in (Compared.OTHER_CURRENCY, Compared.UNREAD, Compared.SUSPENSE)

    @property
    def matches(self) -> bool:
        return self.is_remark or self.expected == self.booked

    @property
    def is_count(self) -> bool:
        """Whether `expected` is a number of rows and no amount."""
        return self.what in (Compared.UNBOOKED_DOCUMENTS, Compared.OTHER_CURRENCY, Compared.UNREAD)
