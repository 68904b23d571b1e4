"""What Dolibarr stores, as Lumira reads and writes it: ids are numbers, amounts minor units, times aware and in UTC."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import IntEnum

#: The extra field with Lumira's id of a record. It is unique in Dolibarr's database.
EXTRA_FIELD = "lumira_id"


@dataclass(frozen=True, slots=True)
class DolibarrAccount:
    """Where a tenant's Dolibarr is, and the key of the user that Lumira is there."""

    #: Without `/api/index.php`.
    url: str
    key: str = field(repr=False)
    #: Of a Dolibarr with several companies.
    entity: int | None = None
    #: The company's currency, ISO 4217 in lower case: all amounts are in it.
    currency: str = "eur"


class OrderStatus(IntEnum):
    """The states of an order."""

    CANCELED = -1
    DRAFT = 0
    VALIDATED = 1
    SHIPPED = 2
    CLOSED = 3


class InvoiceStatus(IntEnum):
    """The states of an invoice or credit note."""

    DRAFT = 0
    UNPAID = 1
    PAID = 2
    ABANDONED = 3


@dataclass(frozen=True, slots=True)
class ThirdPartyFields:
    """What both sides know of a customer."""

    name: str
    email: str | None = None
    phone: str | None = None
    #: The street's lines.
    address: str | None = None
    zip: str | None = None
    town: str | None = None
    #: ISO 3166, two capital letters.
    country_code: str | None = None


@dataclass(frozen=True, slots=True)
class ThirdParty:
    """A third party: a customer, in Lumira."""

    id: int
    fields: ThirdPartyFields
    lumira_id: str | None
    ref_ext: str | None
    #: The customer's number in Dolibarr.
    code: str | None
    is_customer: bool
    is_open: bool
    #: `None` if the third party has no row of extra fields: Dolibarr then does not say.
    modified_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewLine:
    """A line of an order, invoice or credit note."""

    description: str
    #: Negative on a credit note.
    quantity: int
    #: For one unit, without VAT; Dolibarr keeps five decimals. Negative for a discount.
    unit_price: Decimal
    #: Per cent, such as `Decimal("5.5")`.
    vat_rate: Decimal
    is_service: bool = True
    product_id: int | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A stored line."""

    id: int
    description: str
    quantity: Decimal
    unit_price: Decimal
    vat_rate: Decimal
    #: With VAT.
    total: int


@dataclass(frozen=True, slots=True)
class Order:
    """An order."""

    id: int
    #: `(PROV4)` while it is a draft.
    ref: str
    status: OrderStatus
    third_party_id: int
    lumira_id: str | None
    ref_ext: str | None
    #: With VAT.
    total: int
    #: The VAT in it.
    total_vat: int
    is_invoiced: bool
    day: date | None
    modified_at: datetime | None
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Invoice:
    """An invoice or, with negative amounts, a credit note."""

    id: int
    #: `(PROV4)` while it is a draft, or was paid as one.
    ref: str
    status: InvoiceStatus
    is_credit_note: bool
    third_party_id: int
    #: Of a credit note.
    source_invoice_id: int | None
    lumira_id: str | None
    ref_ext: str | None
    #: With VAT.
    total: int
    #: The VAT in it.
    total_vat: int
    paid: int
    remaining: int
    day: date | None
    modified_at: datetime | None
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment of an invoice; negative for the payout of a credit note."""

    amount: int
    ref: str
    #: Lumira's id, of payments that Lumira entered.
    ref_ext: str | None
    number: str | None
    #: The payment type's code, such as `CB`.
    type: str
    bank_line_id: int | None


@dataclass(frozen=True, slots=True)
class PaymentType:
    """How a payment was made, from Dolibarr's dictionary."""

    id: int
    code: str
    label: str


@dataclass(frozen=True, slots=True)
class BankAccount:
    """A bank account of the company."""

    id: int
    ref: str
    label: str
    #: ISO 4217 in lower case.
    currency: str
    is_open: bool


@dataclass(frozen=True, slots=True)
class Category:
    """A category of customers."""

    id: int
    label: str


@dataclass(frozen=True, slots=True)
class ExtraField:
    """The definition of an extra field."""

    name: str
    label: str
    type: str
    is_unique: bool
